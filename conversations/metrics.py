"""What is counted of answers."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Histogram

from voiceassist.core.metrics import SECONDS

ANSWERS = Counter("voiceassist_answers_total", "Answers that ended.", ["outcome"])
STAGE_SECONDS = Histogram(
    "voiceassist_answer_stage_duration_seconds",
    "Time until the passages were found (`searching`), the first words were shown (`first_token`), all was (`total`).",
    ["stage"],
    buckets=(*SECONDS, 60.0, 120.0, 300.0, 600.0),
)


def count_answer(*, outcome: str, timing: Mapping[str, int]) -> None:
    """Count an answer that ended; `timing` is in milliseconds, `search` and `total` in it where they were reached."""
    ANSWERS.labels(outcome).inc()
    if "search" in timing:
        STAGE_SECONDS.labels("searching").observe((timing.get("embed", 0) + timing["search"]) / 1000)
    STAGE_SECONDS.labels("total").observe(timing["total"] / 1000)
