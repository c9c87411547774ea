"""The same settings, for a server that a test asks more than a person would."""

from tests.quick_settings import *  # noqa: F403
from tests.quick_settings import RATE_LIMITS  # type: ignore[attr-defined]

RATE_LIMITS = dict.fromkeys(RATE_LIMITS, "100000/s")
