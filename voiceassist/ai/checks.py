"""Until a privacy gate masks what is sent, a model may only run on this machine."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from voiceassist.runtime.errors import InvalidSetting
from voiceassist.runtime.model_endpoint import check_model_endpoint


def check_model_settings() -> None:
    """Refuse settings under which a question could leave this machine. Raises ImproperlyConfigured."""
    _check(settings.OPENAI_BASE_URL, has_key=bool(settings.OPENAI_API_KEY))


def check_endpoint(url: str) -> None:
    """Refuse a model endpoint that is not on loopback. Raises ImproperlyConfigured, not naming the URL."""
    _check(url or "nowhere", has_key=False)


def _check(url: str, *, has_key: bool) -> None:
    try:
        check_model_endpoint(url, has_key=has_key)
    except InvalidSetting as problem:
        raise ImproperlyConfigured(f"{problem.sentence} {problem.remedy}") from None
