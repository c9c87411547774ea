"""The settings, for a server at which many tests sign in from one address."""

from voiceassist.settings import *  # noqa: F403
from voiceassist.settings import RATE_LIMITS

RATE_LIMITS = dict.fromkeys(RATE_LIMITS, "100000/s")
