"""The settings, for a server that knows the quickly hashed passwords of tests."""

from voiceassist.settings import *  # noqa: F403
from voiceassist.settings import PASSWORD_HASHERS

PASSWORD_HASHERS = ["voiceassist.accounts.tests.hashers.QuickBCrypt", *PASSWORD_HASHERS]
