"""Names of the tasks of this app, for those who queue them."""

SEND_MAIL = "accounts.send_mail"
MAIL_NOTIFICATION = "accounts.mail_notification"
SWEEP = "accounts.sweep"
