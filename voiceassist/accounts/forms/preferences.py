"""What people choose for themselves."""

from __future__ import annotations

from typing import Any

from django import forms

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.models import CitationStyle, Theme, UserSettings
from voiceassist.accounts.services.preferences import VOICES
from voiceassist.core import system_settings

THEMES = [(Theme.SYSTEM, "As the system"), (Theme.LIGHT, "Light"), (Theme.DARK, "Dark")]
STYLES = [
    (CitationStyle.VANCOUVER, "Vancouver, numbered in order"),
    (CitationStyle.APA, "APA, author and year"),
    (CitationStyle.MLA, "MLA, author and page"),
    (CitationStyle.CHICAGO, "Chicago, notes"),
]
LANGUAGES = [
    ("ar", "Arabic"),
    ("zh-Hans", "Chinese, simplified"),
    ("zh-Hant", "Chinese, traditional"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("nl", "Dutch"),
    ("en", "English"),
    ("en-AU", "English (Australia)"),
    ("en-IN", "English (India)"),
    ("en-GB", "English (United Kingdom)"),
    ("en-US", "English (United States)"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("fr-CA", "French (Canada)"),
    ("de", "German"),
    ("de-AT", "German (Austria)"),
    ("de-CH", "German (Switzerland)"),
    ("el", "Greek"),
    ("hi", "Hindi"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("nb", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("pt-BR", "Portuguese (Brazil)"),
    ("es", "Spanish"),
    ("es-MX", "Spanish (Mexico)"),
    ("sv", "Swedish"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
]


class PreferencesForm(AccountForm):
    """Every preference; saved together by the button, or one by one by the script."""

    theme = forms.ChoiceField(label="Appearance", choices=THEMES, widget=forms.RadioSelect)
    time_zone = forms.CharField(
        label="Time zone",
        max_length=60,
        help_text="All times are shown in it. Type the name of a large city nearby.",
        error_messages={"required": "Choose a time zone, such as Europe/Berlin."},
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    citation_style = forms.ChoiceField(label="Citation style", choices=STYLES)
    language = forms.ChoiceField(label="Language you speak", help_text="For dictation and the voice assistant.")
    voice = forms.ChoiceField(label="Voice", choices=[(voice, voice.capitalize()) for voice in VOICES])
    speech_rate = forms.FloatField(
        label="Speed",
        min_value=0.5,
        max_value=2.0,
        help_text="From 0.5 to 2; 1 is the voice’s own.",
        error_messages={"required": "Enter a speed from 0.5 to 2.", "invalid": "Enter a number from 0.5 to 2."},
        widget=forms.NumberInput(attrs={"step": "0.05", "class": "number-input", "data-unit": "×"}),
    )
    idle_lock_minutes = forms.IntegerField(
        label="Lock this browser after",
        required=False,
        min_value=1,
        error_messages={"invalid": "Enter whole minutes."},
        widget=forms.NumberInput(attrs={"class": "number-input", "data-unit": "minutes"}),
    )
    email_notifications = forms.BooleanField(
        label="Tell me by e-mail",
        required=False,
        help_text="When long work that you started is finished or has failed. Messages hold no patient data.",
    )

    def __init__(self, *args: Any, chosen: UserSettings, only: str = "", **kwargs: Any) -> None:
        """Show what is chosen; `only` names the field that is sent alone."""
        kwargs["initial"] = {name: getattr(chosen, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = _with(LANGUAGES, chosen.language)  # type: ignore[attr-defined]
        limit = system_settings.get("idle_lock_minutes")
        self.fields[
            "idle_lock_minutes"
        ].help_text = f"When nobody touches it: 1 to {limit}. Empty means {limit}, the limit of this server."
        self.fields["idle_lock_minutes"].widget.attrs["max"] = limit
        if only in self.fields:
            self.fields = {only: self.fields[only]}


def _with(choices: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """Add a value that was set elsewhere, so that saving the page does not change it."""
    return choices if value in dict(choices) else [*choices, (value, value)]
