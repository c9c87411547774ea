"""What is counted of requests, sockets, tasks and limits. No label holds an id, a path or a word of a user's.

Every process loads this module before any other that counts. With PROMETHEUS_MULTIPROC_DIR, processes count into files
there, and `/metrics` adds them up.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

if directory := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(directory).mkdir(mode=0o700, parents=True, exist_ok=True)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG_SECONDS = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

REQUESTS = Counter("voiceassist_http_requests_total", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "voiceassist_http_request_duration_seconds",
    "Time from a request to the start of its answer.",
    ["method", "route"],
    buckets=SECONDS,
)
SOCKETS_OPEN = Gauge("voiceassist_sockets_open", "Sockets that are open.", ["route"], multiprocess_mode="livesum")
SOCKET_FRAMES = Counter("voiceassist_socket_frames_total", "Frames of sockets.", ["route", "direction"])
TASKS = Counter("voiceassist_tasks_total", "Background tasks that ended.", ["task", "outcome"])
TASK_SECONDS = Histogram(
    "voiceassist_task_duration_seconds", "Time that background tasks took.", ["task"], buckets=LONG_SECONDS
)
RATE_LIMITED = Counter("voiceassist_rate_limited_total", "Requests refused as too many.", ["scope"])
