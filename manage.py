#!/usr/bin/env python
"""Run a command: `up`, `stop` and `status`, or any of Django's (`help` lists them)."""

import sys

from voiceassist.runtime.command_line import run

if __name__ == "__main__":
    sys.exit(run(sys.argv))
