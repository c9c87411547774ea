"""Making users."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from voiceassist.accounts.models import Role, User, normalize_email
from voiceassist.accounts.services.profiles import valid_name
from voiceassist.core.errors import DomainError, ErrorCode


class UserNotValid(DomainError):
    code = ErrorCode.VALIDATION_ERROR


class UserExists(DomainError):
    code = ErrorCode.CONFLICT
    http_status = 409
    user_message = "A user with this e-mail address exists already."


@transaction.atomic
def create_user(*, email: str, password: str, role: str, name: str = "") -> User:
    """Create a user who can sign in. Raises UserNotValid (address, password, role), NotValid (name), UserExists."""
    user = User(email=normalize_email(email), name=valid_name(name), role=role, email_verified_at=timezone.now())
    try:
        validate_email(user.email)
        user.clean_fields(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        raise UserNotValid(" ".join(error.messages)) from error
    if User.objects.filter(email=user.email).exists():
        raise UserExists
    user.set_password(password)
    user.save()
    return user


@transaction.atomic
def ensure_demo_user(*, new_password: bool = False) -> str | None:
    """Make the demonstration user on first use; return the password when a new one was set, else None."""
    user = User.objects.filter(is_demo=True).first()
    if user is not None and not new_password:
        return None
    password = secrets.token_urlsafe(12)
    user = user or User(email=settings.DEMO_USER_EMAIL, name="Demo clinician", role=Role.ADMINISTRATOR, is_demo=True)
    user.email_verified_at = user.email_verified_at or timezone.now()
    user.set_password(password)
    user.save()
    return password
