"""Choosing a password, and giving it once more."""

from __future__ import annotations

from typing import Any

from django import forms

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.passwords import LONGEST, SHORTEST

NEW_PASSWORD_HELP = f"At least {SHORTEST} characters. Four unrelated words are strong and easy to remember."


def new_password_field(label: str = "Password") -> forms.CharField:
    """Return a field for a password that is being chosen; how strong it must be is for the service to say."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "maxlength": LONGEST})
    return forms.CharField(
        label=label,
        strip=False,
        max_length=LONGEST,
        help_text=NEW_PASSWORD_HELP,
        error_messages={"required": "Choose a password."},
        widget=widget,
    )


def current_password_field(label: str = "Password", *, is_first: bool = False) -> forms.CharField:
    """Return a field for the password that the account has."""
    attributes: dict[str, Any] = {"autocomplete": "current-password"}
    if is_first:
        attributes["autofocus"] = True
    return forms.CharField(
        label=label,
        strip=False,
        max_length=1_000,  # those of earlier rules were not bounded
        error_messages={"required": "Enter your password."},
        widget=forms.PasswordInput(attrs=attributes),
    )


class ResetForm(AccountForm):
    """A new password, by the link of a message."""

    password = new_password_field("New password")


class ChangePasswordForm(AccountForm):
    """A new password, by the one that there is."""

    current_password = current_password_field("Current password", is_first=True)
    password = new_password_field("New password")


class UnlockForm(AccountForm):
    """The password of whoever is signed in."""

    current_password = current_password_field(is_first=True)
