from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib.auth.forms import AuthenticationForm


@dataclass(frozen=True, slots=True)
class FormError:
    """One line of an error summary, and the field it leads to ("" for the whole form)."""

    text: str
    field_id: str


class SignInForm(AuthenticationForm):
    """E-mail address and password. A wrong address and a wrong password look the same."""

    username = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={"required": "Enter your e-mail address.", "invalid": "Enter a whole e-mail address."},
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username", "inputmode": "email"}),
    )
    password = forms.CharField(
        strip=False,
        error_messages={"required": "Enter your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    error_messages = {
        "invalid_login": "This address and password do not belong together. Check both and try again.",
        "inactive": "This account is switched off. An administrator can switch it on.",
    }

    def summary(self) -> list[FormError]:
        """Return every error in reading order: first the form's own, then field by field."""
        whole = [FormError(str(text), "") for text in self.non_field_errors()]
        fields = [FormError(str(text), field.id_for_label) for field in self for text in field.errors]
        return whole + fields
