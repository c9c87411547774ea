"""What a user is told while it happens, on `/ws/events/`, from whichever process it happens in.

An event is a courtesy: the rows hold the truth. When Redis is down, events are lost, logged and counted, and nothing
else; clients read the rows again when they reconnect.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from prometheus_client import Counter

from voiceassist.core.groups import tell
from voiceassist.core.models import Job, Notification

MESSAGE = "event.frame"  # the channel layer's name for a frame that is to be passed on
EVENTS_LOST = Counter("voiceassist_events_lost_total", "Events that Redis did not take.", ["type"])

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job waits, or has done `done` of `total` steps of a stage. Told at most about four times a second."""

    type: ClassVar[str] = "job.progress"
    job: uuid.UUID
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class JobDone:
    """`result` holds ids and counts, as the kind of job says."""

    type: ClassVar[str] = "job.done"
    job: uuid.UUID
    result: Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    """`error` is a sentence for the job's owner."""

    type: ClassVar[str] = "job.failed"
    job: uuid.UUID
    error: str


@dataclass(frozen=True, slots=True)
class JobCancelled:
    type: ClassVar[str] = "job.cancelled"
    job: uuid.UUID


@dataclass(frozen=True, slots=True)
class Notified:
    """A new line under the user's bell, with the fields of the API."""

    type: ClassVar[str] = "notification"
    id: uuid.UUID
    kind: str
    title: str
    text: str
    url: str
    job: uuid.UUID | None
    created_at: Any
    read_at: Any = None

    @classmethod
    def of(cls, row: Notification) -> Notified:
        """Return the event of a row."""
        return cls(row.pk, row.kind, row.title, row.text, row.url, row.job_id, row.created_at, row.read_at)


Event = JobProgress | JobDone | JobFailed | JobCancelled | Notified


def group_of(user_id: uuid.UUID) -> str:
    """Name the channel-layer group that the user's sockets belong to."""
    return f"user.{user_id}"


def as_frame(event: Event) -> dict[str, Any]:
    """Return the event as a frame of plain JSON values."""
    frame: dict[str, Any] = json.loads(json.dumps({"type": event.type, **asdict(event)}, cls=DjangoJSONEncoder))
    return frame


def publish(event: Event, *, user_id: uuid.UUID | None) -> None:
    """Tell a user's open sockets once the transaction is committed. Nobody is told of what belongs to nobody."""
    if user_id is not None:
        transaction.on_commit(partial(_send, event, group_of(user_id)))


def publish_progress(job: Job) -> None:
    """Tell where a job stands."""
    publish(JobProgress(job.pk, job.stage, job.done, job.total), user_id=job.owner_id)


def _send(event: Event, group: str) -> None:
    try:
        tell(group, {"type": MESSAGE, "frame": as_frame(event)})
    except Exception as error:  # noqa: BLE001 (redis, time-outs, sockets: whatever it is, the work goes on)
        EVENTS_LOST.labels(event.type).inc()
        logger.warning("event_lost", error=type(error).__name__, event_type=event.type)
