"""The Celery application. Tasks are queued by name, after commit (`core.jobs.queue`)."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init

from voiceassist.core import task_log  # noqa: F401 (listens to every task)
from voiceassist.core.periodic import HourlyStep
from voiceassist.core.worker_heartbeat import HeartbeatStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")

app = Celery("voiceassist")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].update([HeartbeatStep, HourlyStep])


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Leave logging as settings.LOGGING configured it."""


@worker_init.connect
def _take_over_from_a_killed_worker(**_: object) -> None:
    """Run again at once what a killed worker had begun; the embedded broker has one worker, so no other has it."""
    if "valkey" in os.environ.get("EMBEDDED_SERVERS", ""):
        from voiceassist.core.jobs import redeliver_unfinished

        redeliver_unfinished()
