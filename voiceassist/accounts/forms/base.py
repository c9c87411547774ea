"""What the forms of accounts share: errors beside the field and in a summary, also those that a service raises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.forms.utils import ErrorDict

from voiceassist.core.errors import DomainError, NotValid


@dataclass(frozen=True, slots=True)
class FormError:
    """One line of an error summary, and the field it leads to ("" for the whole form)."""

    text: str
    field_id: str


class AccountForm(forms.Form):
    """A form that can take in what a service refused."""

    def refuse(self, error: DomainError) -> None:
        """Show a domain error: beside its fields where this form has them, else for the whole form."""
        for name, text in _messages(error):
            self.add_error(name if name in self.fields else None, text)

    def summary(self) -> list[FormError]:
        """Return every error in reading order: first the form's own, then field by field."""
        whole = [FormError(str(text), "") for text in self.non_field_errors()]
        fields = [FormError(str(text), field.id_for_label) for field in self for text in field.errors]
        return whole + fields

    def messages_by_field(self) -> dict[str, list[str]]:
        """Return the errors as plain text, for a script."""
        errors: ErrorDict = self.errors
        return {name: [str(text) for text in texts] for name, texts in errors.items()}


def _messages(error: DomainError) -> Iterator[tuple[str | None, str]]:
    """Split an error into messages by field."""
    if isinstance(error, NotValid) and isinstance(error.details, dict):
        for name, texts in error.details.items():
            yield from ((name, text) for text in texts)
    elif isinstance(error.details, dict) and error.details.get("problems"):
        yield from ((error.field, text) for text in error.details["problems"])
    else:
        yield error.field, error.user_message
