"""Getting in: address and password, the second factor, registering, confirming an address."""

from __future__ import annotations

from django import forms

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.passwords import current_password_field, new_password_field

ADDRESS_MISSING, ADDRESS_WRONG = "Enter your e-mail address.", "Enter a whole e-mail address."


class SignInForm(AccountForm):
    """E-mail address and password. A wrong address and a wrong password look the same."""

    username = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={"required": ADDRESS_MISSING, "invalid": ADDRESS_WRONG},
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )
    password = current_password_field()
    time_zone = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput(attrs={"data-time-zone": True}))


class AddressForm(AccountForm):
    """The address that a message goes to."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={"required": ADDRESS_MISSING, "invalid": ADDRESS_WRONG},
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username", "inputmode": "email"}),
    )


class SecondFactorForm(AccountForm):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text="Six digits of your authenticator app, or one of your recovery codes.",
        error_messages={"required": "Enter the code that your authenticator app shows now."},
        widget=forms.TextInput(
            attrs={
                "autofocus": True,
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "class": "code-input",
                "spellcheck": "false",
            }
        ),
    )


class RegisterForm(AccountForm):
    """Address, name and password. The address of an invited person is fixed."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={"required": ADDRESS_MISSING, "invalid": ADDRESS_WRONG},
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )
    name = forms.CharField(
        label="Name",
        max_length=150,
        help_text="As colleagues know you.",
        error_messages={"required": "Enter your name."},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = new_password_field()


class VerifyForm(AccountForm):
    """The password that was chosen when registering."""

    password = current_password_field(is_first=True)
