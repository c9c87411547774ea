"""Until a privacy gate masks what is sent, a model may only run on this machine."""

from __future__ import annotations

from voiceassist.runtime.errors import InvalidSetting
from voiceassist.runtime.loopback import is_loopback_url

_HOW = (
    "Until the privacy gate is built, questions may only go to a model on this machine. "
    "Set OPENAI_BASE_URL to an address on localhost, 127.0.0.0/8 or [::1], such as http://127.0.0.1:8080/v1, "
    "or unset OPENAI_BASE_URL and OPENAI_API_KEY to answer with quotations only."
)


def check_model_endpoint(base_url: str, *, has_key: bool) -> None:
    """Refuse settings under which a question could leave this machine. Raises InvalidSetting, not naming the URL."""
    if base_url and not is_loopback_url(base_url):
        raise InvalidSetting("OPENAI_BASE_URL does not name an address of this machine.", _HOW)
    if has_key and not base_url:
        raise InvalidSetting("OPENAI_API_KEY is set without OPENAI_BASE_URL, which means the vendor's cloud.", _HOW)
