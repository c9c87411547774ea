"""The configured model, for real. Asks it for one word; costs next to nothing."""

import os

import pytest

from voiceassist.ai.diagnosis import Outcome, diagnose

pytestmark = [
    pytest.mark.live_openai,
    pytest.mark.enable_socket,
    pytest.mark.skipif(os.environ.get("LIVE_OPENAI_TESTS") != "1", reason="LIVE_OPENAI_TESTS=1 asks the real model"),
]


async def test_the_configured_model_can_be_used():
    failed = [step async for step in diagnose() if step.outcome is Outcome.FAILED]

    assert not failed, f"{failed[0].name}: {failed[0].cause} {failed[0].cure}"
