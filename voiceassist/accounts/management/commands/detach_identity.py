from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from voiceassist.accounts.services.single_sign_on import detach
from voiceassist.core.errors import DomainError


class Command(BaseCommand):
    help = "Detach a user from their identity at the single sign-on provider, so that another may take its place."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)

    def handle(self, *_: Any, email: str, **__: Any) -> None:
        try:
            count = detach(email=email)
        except DomainError as error:
            raise CommandError(error.user_message) from error
        self.stdout.write(f"Detached {count}." if count else "No identity was attached.")
