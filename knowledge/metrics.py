"""What is counted of searches."""

from prometheus_client import Histogram

from voiceassist.core.metrics import SECONDS

SEARCH_SECONDS = Histogram(
    "voiceassist_search_duration_seconds",
    "Time of the parts of a search: `embed` the question, `find` and rank passages.",
    ["part"],
    buckets=SECONDS,
)
