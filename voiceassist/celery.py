"""The Celery application. Tasks are queued by name, after commit (`core.jobs.queue`)."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")

app = Celery("voiceassist")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Leave logging as settings.LOGGING configured it."""
