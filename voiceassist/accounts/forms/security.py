"""The second factor, and proving once more who one is."""

from __future__ import annotations

from django import forms

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.passwords import current_password_field

CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code-input", "spellcheck": "false"}


class SecondFactorSetupForm(AccountForm):
    """The code that shows that the app has the secret."""

    code = forms.CharField(
        label="Code that the app shows now",
        max_length=20,
        help_text="Six digits. It changes every 30 seconds.",
        error_messages={"required": "Enter the code that the app shows now."},
        widget=forms.TextInput(attrs=CODE),
    )


class SecondFactorSetupByPasswordForm(SecondFactorSetupForm):
    """The same from people with a password: whoever finds a browser open must not add an app of their own."""

    current_password = current_password_field("Your password")
    field_order = ("current_password", "code")


class PasswordAgainForm(AccountForm):
    """The password, before something that cannot be taken back."""

    current_password = current_password_field("Your password", is_first=True)


class CodeAgainForm(AccountForm):
    """A code, from people who have no password here."""

    code = forms.CharField(
        label="Code of your authenticator app",
        max_length=20,
        error_messages={"required": "Enter the code that your authenticator app shows now."},
        widget=forms.TextInput(attrs={**CODE, "autofocus": True}),
    )
