"""Tasks that meet a patient's name."""

from celery import shared_task
from django.db import IntegrityError

PATIENT = "Jane Roe"


@shared_task(name="tests.succeed")
def succeed(name):
    return name


@shared_task(name="tests.fail")
def fail(name):
    raise ValueError(name)


@shared_task(name="tests.break_a_constraint")
def break_a_constraint(name):
    raise IntegrityError(f"Key (name)=({name}) already exists.")


@shared_task(name="tests.try_again", bind=True, max_retries=1)
def try_again(self, name):
    raise self.retry(exc=ValueError(name), countdown=0)
