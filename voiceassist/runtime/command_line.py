"""`manage.py`: the supervisor's commands, and Django's with the embedded servers around them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from voiceassist.runtime import up_commands
from voiceassist.runtime.configuration import explained_settings
from voiceassist.runtime.environment import Environment
from voiceassist.runtime.errors import RuntimeProblem
from voiceassist.runtime.model_endpoint import check_model_endpoint
from voiceassist.runtime.servers import servers

SUPERVISOR_COMMANDS = {"up": up_commands.up, "stop": up_commands.stop, "status": up_commands.status}
WITHOUT_SERVERS = frozenset(
    {
        *("", "help", "version", "check", "diffsettings", "spectacular", "generateschema", "check_openai"),
        *("collectstatic", "findstatic", "makemessages", "compilemessages", "startapp", "startproject"),
    }
)
WITHOUT_SERVERS_FLAGS = frozenset({"-h", "--help", "--version"})


def run(argv: Sequence[str]) -> int:
    """Run one `manage.py` command; return its exit code."""
    try:
        command = argv[1] if len(argv) > 1 else ""
        if command in SUPERVISOR_COMMANDS:
            return SUPERVISOR_COMMANDS[command](list(argv[2:]))
        return _run_django(argv)
    except RuntimeProblem as problem:
        print(problem, file=sys.stderr)
        return 1


def needs_servers(argv: Sequence[str]) -> bool:
    """Tell whether a Django command line may use the database."""
    command = argv[1] if len(argv) > 1 else ""
    if command.startswith("-") or WITHOUT_SERVERS_FLAGS & set(argv[1:]):
        return False
    return command not in WITHOUT_SERVERS or "--database" in argv


def _run_django(argv: Sequence[str]) -> int:
    environment = Environment.load()
    check_model_endpoint(environment.model_url, has_key=environment.has_model_key)
    os.environ.update(DATA_DIR=str(environment.data_dir), HOST=environment.host)
    needs = environment.needs if needs_servers(argv) else frozenset()
    with servers(environment.data_dir, needs) as addresses:
        os.environ.update(addresses.as_environment())
        _execute(argv)
    return 0


def _execute(argv: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
    management = __import__("django.core.management", fromlist=["execute_from_command_line"])
    with explained_settings():
        management.execute_from_command_line(list(argv))
