"""What people say of themselves."""

from __future__ import annotations

from django import forms

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.services.profiles import LONGEST


class ProfileForm(AccountForm):
    """The parts of a profile that their owner may change."""

    name = forms.CharField(
        label="Name",
        max_length=150,
        required=False,
        help_text="As colleagues know you.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    professional_role = forms.CharField(
        label="Professional role",
        max_length=80,
        required=False,
        help_text="Such as nurse or cardiologist.",
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    department = forms.CharField(label="Department", max_length=80, required=False, help_text="Ward or unit.")
    employee_id = forms.CharField(
        label="Employee number",
        max_length=LONGEST["employee_id"],
        required=False,
        help_text="Kept encrypted.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    phone_number = forms.CharField(
        label="Telephone",
        max_length=LONGEST["phone_number"],
        required=False,
        help_text="Kept encrypted. Such as +49 30 1234567.",
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )
