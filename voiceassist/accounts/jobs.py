"""Names of the tasks of this app, for those who queue them."""

SEND_MAIL = "accounts.send_mail"
SWEEP = "accounts.sweep"
