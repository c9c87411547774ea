"""E-mails about accounts. They are sent by a worker: how long sending takes must not tell who has an account."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlsafe_base64_encode

from voiceassist.accounts.jobs import SEND_MAIL
from voiceassist.accounts.links import invitation_token, verification_token
from voiceassist.accounts.models import Invitation, User
from voiceassist.core import rate_limits
from voiceassist.core.models import Notification

logger = structlog.get_logger(__name__)


class Mail(StrEnum):
    """The occasions for an e-mail; each is a template `accounts/mail/<name>.txt`, its first line the subject."""

    VERIFY = "verify_email"
    VERIFY_AGAIN = "verify_email_again"
    KNOWN = "already_registered"
    RESET = "password_reset"
    CHANGED = "password_changed"
    INVITED = "invitation"
    NOTIFIED = "notification"


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    body: str


def queue_mail(mail: Mail, *, about: uuid.UUID | str) -> None:
    """Send after commit, by a worker. `about` is an id, or an address of which nobody knows yet whether it is known."""
    transaction.on_commit(lambda: _queue(mail, str(about)), robust=True)


def queue_mail_to(mail: Mail, *, email: str) -> None:
    """Queue a mail to whoever has an address, if anybody has; an address that got many already gets no more."""
    if rate_limits.count("mail", email).is_within:
        queue_mail(mail, about=email)


def _queue(mail: Mail, about: str) -> None:
    arguments = {"mail": str(mail), "about": about}
    try:
        current_app.signature(SEND_MAIL, kwargs=arguments).apply_async(retry=False)
    except Exception as error:  # noqa: BLE001 (whatever the broker does, the mail must go)
        logger.warning("mail_not_queued", error=type(error).__name__, mail=str(mail))
        Thread(target=_deliver_apart, args=(mail, about), name="mail").start()


def _deliver_apart(mail: Mail, about: str) -> None:
    """Deliver beside the request, which would tell by its time whether there was anything to send."""
    try:
        deliver(mail, about=about)
    except OSError as error:
        logger.warning("mail_not_sent", error=type(error).__name__, mail=str(mail))
    finally:
        connection.close()


def deliver(mail: Mail, *, about: str) -> None:
    """Write a mail and hand it to the mail server. Raises what the mail server's library raises."""
    letter = _LETTERS[mail](mail, about)
    if letter is not None:
        send_mail(letter.subject, letter.body, settings.DEFAULT_FROM_EMAIL, [letter.to])


def invitation_link(invitation: Invitation) -> str:
    """Return the address that an invited person opens."""
    return f"{settings.PUBLIC_URL}{reverse('register')}?invitation={invitation_token(invitation.pk)}"


def _to_user(mail: Mail, user_id: str) -> Letter | None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return _letter(mail, user.email, {"link": _LINKS[mail](user), "name": user.name}) if user else None


def _for_reset(mail: Mail, email: str) -> Letter | None:
    user = User.objects.filter(email=email, is_active=True, is_demo=False).first()
    if user is None or not user.has_usable_password():
        return None
    return _letter(mail, user.email, {"link": _reset_link(user)})


def _for_verification(_mail: Mail, email: str) -> Letter | None:
    user = User.objects.filter(email=email, is_active=True, email_verified_at=None).first()
    return _letter(Mail.VERIFY, user.email, {"link": _verify_link(user)}) if user else None


def _to_invited(mail: Mail, invitation_id: str) -> Letter | None:
    invitation = Invitation.objects.select_related("invited_by").filter(pk=invitation_id, accepted_at=None).first()
    if invitation is None or invitation.revoked_at is not None:
        return None
    host = invitation.invited_by.get_full_name() if invitation.invited_by else ""
    return _letter(
        mail, invitation.email, {"link": invitation_link(invitation), "invitation": invitation, "host": host}
    )


def _to_notified(mail: Mail, notification_id: str) -> Letter | None:
    notification = Notification.objects.filter(pk=notification_id, read_at=None).first()
    if notification is None:
        return None
    user = User.objects.filter(pk=notification.user_id, is_active=True, preferences__email_notifications=True).first()
    link = settings.PUBLIC_URL + (notification.url or reverse("home"))
    return _letter(mail, user.email, {"notification": notification, "link": link}) if user else None


def _letter(mail: Mail, to: str, context: dict[str, Any]) -> Letter:
    text = render_to_string(f"accounts/mail/{mail}.txt", {**context, "site": settings.PUBLIC_URL})
    subject, _, body = text.partition("\n")
    return Letter(to, subject.strip(), body.strip() + "\n")


def _verify_link(user: User) -> str:
    token = verification_token(user_id=user.pk, email=user.email)
    return f"{settings.PUBLIC_URL}{reverse('verify-email')}?token={token}"


def _reset_link(user: User) -> str:
    number = urlsafe_base64_encode(str(user.pk).encode())
    token = default_token_generator.make_token(user)
    return f"{settings.PUBLIC_URL}{reverse('password-reset-confirm')}?token={number}.{token}"


def _sign_in_link(_user: User) -> str:
    return f"{settings.PUBLIC_URL}{reverse('login')}"


_LINKS: dict[Mail, Callable[[User], str]] = {
    Mail.VERIFY: _verify_link,
    Mail.KNOWN: _sign_in_link,
    Mail.CHANGED: _sign_in_link,
}
_LETTERS: dict[Mail, Callable[[Mail, str], Letter | None]] = {
    **dict.fromkeys(_LINKS, _to_user),
    Mail.RESET: _for_reset,
    Mail.VERIFY_AGAIN: _for_verification,
    Mail.INVITED: _to_invited,
    Mail.NOTIFIED: _to_notified,
}
