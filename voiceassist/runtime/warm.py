"""Import what a program needs, wait for a line on standard input, then run it as `python -m` would.

So the worker and the web server load while the database is still being prepared, and touch it only after.
Arguments: modules to import first, joined by commas; the module to run; its arguments.
"""

from __future__ import annotations

import importlib
import runpy
import sys

from voiceassist.runtime.configuration import explained_settings
from voiceassist.runtime.errors import RuntimeProblem


def main(arguments: list[str]) -> int:
    """Warm up, wait, run; return 1 when the word never came. Settings that are refused end it with what is wrong."""
    first, module, *rest = arguments
    try:
        with explained_settings():
            for name in first.split(","):
                importlib.import_module(name)
    except RuntimeProblem as problem:
        sys.exit(str(problem))
    if not sys.stdin.buffer.readline():
        return 1
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
