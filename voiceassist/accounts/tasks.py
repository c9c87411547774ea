from __future__ import annotations

from smtplib import SMTPException

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from voiceassist.accounts.jobs import MAIL_NOTIFICATION, SEND_MAIL, SWEEP
from voiceassist.accounts.services import lockout, sign_ins
from voiceassist.accounts.services.mailing import Mail, deliver
from voiceassist.core import notifications


@shared_task(name=SEND_MAIL, autoretry_for=(SMTPException, OSError), retry_backoff=30, max_retries=6)
def send_mail(*, mail: str, about: str) -> None:
    """Send an e-mail; try again for half an hour while the mail server cannot be reached."""
    deliver(Mail(mail), about=about)


@shared_task(name=MAIL_NOTIFICATION, autoretry_for=(SMTPException, OSError), retry_backoff=30, max_retries=6)
def mail_notification(*, notification_id: str) -> None:
    """Send a line of the bell by e-mail, to a user who asked for that."""
    deliver(Mail.NOTIFIED, about=notification_id)


@shared_task(name=SWEEP)
def sweep() -> None:
    """Delete what nobody needs any more: old failures, sign-ins, browser sessions and notifications."""
    now = timezone.now()
    lockout.sweep(now=now)
    sign_ins.sweep(now=now)
    notifications.sweep(now=now)
    Session.objects.filter(expire_date__lt=now).delete()
