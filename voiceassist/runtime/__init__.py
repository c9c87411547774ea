"""Embedded PostgreSQL and Valkey, and the supervisor behind `manage.py up`.

Stands apart from the rest: imports no app and no Django, so that it can run before settings load.
"""

from voiceassist.runtime.environment import Environment
from voiceassist.runtime.errors import RuntimeProblem
from voiceassist.runtime.servers import Addresses, servers

__all__ = ["Addresses", "Environment", "RuntimeProblem", "servers"]
