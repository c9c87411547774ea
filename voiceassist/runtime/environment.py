"""Where things are and what is already provided: the process environment first, then `.env`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voiceassist.runtime.errors import InvalidSetting
from voiceassist.runtime.ports import HIGHEST_PORT

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8000
_ASSIGNMENT = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$")


@dataclass(frozen=True)
class Environment:
    """The few settings the runtime acts on. `port` is None when nobody chose one."""

    data_dir: Path
    host: str
    port: int | None
    database_url: str
    redis_url: str
    model_url: str = ""
    has_model_key: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """Names of the embedded servers that no URL variable replaces."""
        urls = {"postgres": self.database_url, "valkey": self.redis_url}
        return frozenset(name for name, url in urls.items() if not url)

    @classmethod
    def load(cls, root: Path = PROJECT_ROOT, environ: Mapping[str, str] = os.environ) -> Environment:
        """Read the settings of the checkout at `root`. Raises InvalidSetting."""
        values = {**read_env_file(root / ".env"), **environ}
        return cls(
            data_dir=(root / Path(setting(values, "DATA_DIR") or "var").expanduser()).resolve(),
            host=setting(values, "HOST") or "127.0.0.1",
            port=parse_port(setting(values, "PORT")),
            database_url=setting(values, "DATABASE_URL"),
            redis_url=setting(values, "REDIS_URL"),
            model_url=setting(values, "OPENAI_BASE_URL"),
            has_model_key=bool(setting(values, "OPENAI_API_KEY")),
        )


def read_env_file(path: Path) -> dict[str, str]:
    """Return the assignments in a `.env` file, without expansion; empty when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    found = (_ASSIGNMENT.match(line.strip()) for line in lines)
    return {match[1]: _unquoted(match[2]) for match in found if match}


def _unquoted(value: str) -> str:
    for quote in "'\"":
        if value.startswith(quote) and value.count(quote) > 1:
            return value[1:].split(quote, 1)[0]
    return re.split(r"\s+#", value, maxsplit=1)[0].strip()


def setting(values: Mapping[str, str], name: str) -> str:
    """Return a setting, or the content of the file that NAME_FILE points at, or ""."""
    if value := values.get(name, "").strip():
        return value
    if not (file := values.get(f"{name}_FILE", "").strip()):
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        sentence = f"{name}_FILE names {file}, which cannot be read: {error.strerror}."
        raise InvalidSetting(sentence, f"Correct the path, or set {name} instead.") from error


def parse_port(text: str) -> int | None:
    """Return the port in `text`, None when empty. Raises InvalidSetting."""
    if not text:
        return None
    if text.isdecimal() and 0 < int(text) <= HIGHEST_PORT:
        return int(text)
    raise InvalidSetting(f"PORT is {text!r}, which is not a port.", "Use a number from 1 to 65535.")
