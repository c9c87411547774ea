"""The console's forms about people and feature flags. They hand over to a service and show what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from voiceassist.accounts.models import FeatureFlag, Invitation, Role, User
from voiceassist.accounts.services import administration, flags, invitations
from voiceassist.core.errors import DomainError

EVERYONE = {"": "By role and percentage", "on": "On for everyone", "off": "Off for everyone"}
EVERYONE_VALUES = {"": None, "on": True, "off": False}


class HandingOver(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose service is called once the form itself finds nothing wrong; the admin has nothing left to save.

    Each field carries what it held when the page was made: what another administrator changes in the meantime is not
    set back by saving something else.
    """

    request: HttpRequest

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def changes(self) -> dict[str, Any]:
        """Return what was changed on the page."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def clean(self) -> dict[str, Any] | None:
        """Call the service; what it refuses is said beside the field."""
        values = super().clean()
        if not self.errors:
            self._hand_over(cast("User", self.request.user))
        return values

    def _hand_over(self, by: User) -> None:
        try:
            self.instance = self.service(by)
        except DomainError as error:
            details = error.details if isinstance(error.details, dict) else {error.field: [error.user_message]}
            for field, texts in details.items():
                self.add_error(field if field in self.fields else None, texts)

    def service(self, by: User) -> Any:
        """Do it, and return the row as it is now. Raises DomainError."""
        raise NotImplementedError


class UserForm(HandingOver):
    role = forms.ChoiceField(
        choices=[("", "No role: opens nothing"), *Role.choices],
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text="Another role than before ends every sign-in of this person; they sign in again with the new one.",
    )
    employee_id = forms.CharField(
        label="Employee number", required=False, max_length=64, widget=UnfoldAdminTextInputWidget()
    )
    phone_number = forms.CharField(required=False, max_length=40, widget=UnfoldAdminTextInputWidget())

    class Meta:
        model = User
        fields = ["name", "role", "is_active", "professional_role", "department", "employee_id", "phone_number"]
        help_texts = {"is_active": "Switched off, a person is signed out everywhere and cannot sign in."}

    def service(self, by: User) -> User:
        """Change the person."""
        return administration.change_user(user_id=self.instance.pk, by=by, now=timezone.now(), **self.changes())


class InvitationForm(HandingOver):
    email = forms.EmailField(label="E-mail address", max_length=254, widget=UnfoldAdminTextInputWidget())
    name = forms.CharField(
        required=False,
        max_length=150,
        widget=UnfoldAdminTextInputWidget(),
        help_text="They can change it when they register.",
    )
    role = forms.ChoiceField(
        choices=[("", "No role yet"), *Role.choices],
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text="What their account may do from its first day.",
    )

    class Meta:
        model = Invitation
        fields = ["email", "name", "role"]

    def service(self, by: User) -> Invitation:
        """Invite the address."""
        given = self.cleaned_data
        return invitations.invite(
            email=given["email"], name=given["name"], role=given["role"], by=by, now=timezone.now()
        )


class FlagForm(HandingOver):
    name = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Such as new-reader. It cannot be changed later: the program asks for it by this name.",
    )
    everyone = forms.TypedChoiceField(
        label="On for",
        choices=list(EVERYONE.items()),
        coerce=cast("Callable[[Any], Any]", EVERYONE_VALUES.get),
        empty_value=None,
        required=False,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    roles = forms.MultipleChoiceField(
        choices=Role.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="On for everybody who has one of these.",
    )
    percent = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=flags.MOST_PERCENT,
        decimal_places=1,
        widget=UnfoldAdminDecimalFieldWidget({"step": "0.1", "inputmode": "decimal"}),
        help_text="From 0 to 99.9 % of the users, beside the roles. Who has it keeps it when the number grows.",
    )
    note = forms.CharField(
        required=False,
        max_length=flags.LONGEST_NOTE,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="What it is for, and until when.",
    )

    class Meta:
        model = FeatureFlag
        fields = ["name", "everyone", "roles", "percent", "note"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["everyone"] = {True: "on", False: "off"}.get(self.instance.everyone, "")
        self.fields["name"].disabled = bool(self.instance.pk)

    def service(self, by: User) -> FeatureFlag:
        """Make the flag, or change it."""
        if self.instance.pk:
            return flags.change_flag(name=self.instance.name, values=self.changes(), by=by)
        values = {name: self.cleaned_data[name] for name in flags.FIELDS}
        return flags.create_flag(name=self.cleaned_data["name"], values=values, by=by)
