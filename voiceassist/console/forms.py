"""All system settings in one form."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from voiceassist.core import system_settings
from voiceassist.core.errors import NotValid
from voiceassist.core.models import SettingArea
from voiceassist.core.setting_kinds import Kind, Setting
from voiceassist.core.system_settings import SettingState


class Number(UnfoldAdminTextInputWidget):  # of the theme's widgets, the one that shows a unit inside
    input_type = "number"


class SystemSettingsForm(forms.Form):
    """Every setting as it stands, to change and save together; an empty number or text means the default.

    Each field carries what it held when the page was made: what another administrator changes in the meantime is not
    set back by saving something else.
    """

    def __init__(self, data: Any = None, *, states: list[SettingState], names: dict[uuid.UUID, str]) -> None:
        super().__init__(data, initial={state.setting.key: _shown(state.setting, state.value) for state in states})
        self.states = states
        for state in states:
            self.fields[state.setting.key] = _field(state, names)

    def fieldsets(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the fields by group, in the order of the registry."""
        groups: dict[str, list[str]] = {}
        for state in self.states:
            groups.setdefault(state.setting.group, []).append(state.setting.key)
        return [(group, {"fields": keys}) for group, keys in groups.items()]

    def save(self, *, by_id: uuid.UUID) -> list[str] | None:
        """Store what was changed on the page; return its titles, or None when the form has errors."""
        wanted = {key: self._value(system_settings.find(key)) for key in self.changed_data}
        try:
            changed = system_settings.set_values(wanted, by_id=by_id)
        except NotValid as error:
            for key, messages in error.details.items():
                self.add_error(key, messages)
            return None
        return [system_settings.find(key).title for key in changed]

    def _value(self, setting: Setting) -> Any:
        value = self.cleaned_data[setting.key]
        if setting.kind == Kind.TEXT_LIST and setting.choices is None:
            return [line for line in value.splitlines() if line.strip()]
        return None if setting.kind == Kind.WHOLE_NUMBER and value is None else value


def _shown(setting: Setting, value: Any) -> Any:
    return "\n".join(value) if setting.kind == Kind.TEXT_LIST and setting.choices is None else value


def _field(state: SettingState, names: dict[uuid.UUID, str]) -> forms.Field:
    setting = state.setting
    shared: dict[str, Any] = {
        "label": setting.title,
        "help_text": _help(state, names),
        "required": False,
        "show_hidden_initial": True,
    }
    choices = list((setting.choices or {}).items())
    match setting.kind:
        case Kind.WHOLE_NUMBER:
            number = Number({"placeholder": str(setting.default), "suffix": setting.unit, "class": "pr-28"})
            return forms.IntegerField(min_value=setting.least, max_value=setting.most, widget=number, **shared)
        case Kind.SWITCH:
            return forms.BooleanField(widget=UnfoldBooleanSwitchWidget(), **shared)
        case Kind.CHOICE:
            radio = UnfoldAdminRadioSelectWidget()
            return forms.ChoiceField(choices=choices, widget=radio, **(shared | {"required": True}))
        case Kind.TEXT_LIST if choices:
            boxes = UnfoldAdminCheckboxSelectMultipleWidget()
            return forms.MultipleChoiceField(choices=choices, widget=boxes, **shared)
        case Kind.TEXT_LIST:
            return forms.CharField(widget=UnfoldAdminTextareaWidget({"rows": 3}), **shared)
        case Kind.TEXT:
            return forms.CharField(widget=UnfoldAdminTextInputWidget(), **shared)


def _help(state: SettingState, names: dict[uuid.UUID, str]) -> SafeString:
    """Say what it is for, its bounds and default, and who set it; each on a line of its own."""
    setting = state.setting
    history = reverse("admin:core_settingchange_changelist")
    where = f"{history}?area__exact={SettingArea.SETTING}&key__exact={setting.key}"
    lines = [setting.help_text, _bounds(setting)]
    if state.changed_at is not None:
        who = names.get(state.changed_by_id) if state.changed_by_id else None
        said = f"Set {date_format(state.changed_at, 'j F Y, H:i')} UTC by {who or 'a user who is gone'}."
        lines.append(
            format_html(
                '{} <a class="text-primary-600 underline dark:text-primary-500" href="{}">{}</a>',
                said,
                where,
                "History",
            )
        )
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines if line))


def _bounds(setting: Setting) -> str:
    if setting.kind == Kind.WHOLE_NUMBER:
        unit = f" {setting.unit}" if setting.unit else ""
        return f"From {setting.least} to {setting.most:,}{unit}. Default: {setting.default}."
    default = setting.default if isinstance(setting.default, list) else [setting.default]
    shown = ", ".join((setting.choices or {}).get(item, str(item)) for item in default)
    return f"Default: {shown or 'none'}."
