"""A Celery application with tasks that meet a patient's name, for tests that start a worker."""

from django.db import IntegrityError

from voiceassist.celery import app

PATIENT = "Jane Roe"


@app.task(name="tests.succeed")
def succeed(name):
    return name


@app.task(name="tests.fail")
def fail(name):
    raise ValueError(name)


@app.task(name="tests.break_a_constraint")
def break_a_constraint(name):
    raise IntegrityError(f"Key (name)=({name}) already exists.")


@app.task(name="tests.try_again", bind=True, max_retries=1)
def try_again(self, name):
    raise self.retry(exc=ValueError(name), countdown=0)
