"""The settings for tools that only read them, such as mypy: on a loopback address, where no secret need be given."""

import os

os.environ.setdefault("HOST", "127.0.0.1")

from voiceassist.settings import *  # noqa: F403
