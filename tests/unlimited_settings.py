"""The settings, for a server that a test asks more than a person would, about users that tests made."""

from voiceassist.settings import *  # noqa: F403
from voiceassist.settings import PASSWORD_HASHERS, RATE_LIMITS

RATE_LIMITS = dict.fromkeys(RATE_LIMITS, "100000/s")
PASSWORD_HASHERS = ["voiceassist.accounts.tests.hashers.QuickBCrypt", *PASSWORD_HASHERS]
