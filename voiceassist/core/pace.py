"""How often progress is told: often enough to watch, whatever the number of steps."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

PER_SECOND = 4


class Pace:
    """Let through at most four reports a second, evenly within a stage; a new stage need not wait its turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: deque[float] = deque(maxlen=PER_SECOND)
        self._stage: str | None = None

    def allows(self, stage: str) -> bool:
        """Tell whether a report may be told now, and count it if so."""
        now = self._clock()
        if len(self._told) == PER_SECOND and now - self._told[0] < 1:
            return False
        if stage == self._stage and now - self._told[-1] < 1 / PER_SECOND:
            return False
        self._told.append(now)
        self._stage = stage
        return True
