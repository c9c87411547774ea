from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from voiceassist.core.fields import BlindIndexField, EncryptedTextField


class Role(models.TextChoices):
    CLINICIAN = "clinician"
    CURATOR = "curator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, email: str, password: str | None, **fields: Any) -> User:
        """Create a user whose address needs no check; without a password nobody can sign in as them by one."""
        fields.setdefault("email_verified_at", timezone.now())
        user = self.model(email=normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, *, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an administrator, for Django's `createsuperuser`; here the role is what counts."""
        return self.create_user(email=email, password=password, role=Role.ADMINISTRATOR, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a user by e-mail address, whatever its case."""
        return self.get(email=normalize_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. Without a role a user may do nothing but sign out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        "e-mail address",
        max_length=254,
        unique=True,
        error_messages={"unique": "A user with this e-mail address exists already."},
    )
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    is_active = models.BooleanField("active", default=True)
    is_demo = models.BooleanField("demonstration user", default=False, editable=False)
    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    valid_after = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Every token and browser session made before this moment is void.",
    )
    professional_role = models.CharField(max_length=80, blank=True, help_text="Such as nurse or cardiologist.")
    department = models.CharField(max_length=80, blank=True)
    employee_id = EncryptedTextField(blank=True)
    employee_id_index = BlindIndexField(of="employee_id", unique=True)
    phone_number = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
            models.UniqueConstraint(
                fields=["is_demo"], condition=models.Q(is_demo=True), name="one_demonstration_user"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_staff(self) -> bool:
        """Tell whether the user may open the console at all."""
        return self.role in {Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR}

    @property
    def is_curator(self) -> bool:
        """Tell whether the user may change the knowledge base."""
        return self.role in {Role.CURATOR, Role.ADMINISTRATOR}

    def get_session_auth_hash(self) -> str:
        """Bind browser sessions to `valid_after` as well as to the password: moving it ends them all."""
        moment = self.valid_after.isoformat() if self.valid_after else ""
        bound = f"{self.password}|{moment}"
        return salted_hmac("voiceassist.accounts.User.session", bound, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """Return the name shown on screen."""
        return self.name or self.email


def normalize_email(email: str) -> str:
    """Return the form in which addresses are stored and compared: trimmed, lower case."""
    return email.strip().lower()
