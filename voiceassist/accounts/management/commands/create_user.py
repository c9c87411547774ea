from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from voiceassist.accounts.models import Role
from voiceassist.accounts.services.users import create_user
from voiceassist.core.errors import DomainError


class Command(BaseCommand):
    help = "Create a user who can sign in. The password is asked for, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    def handle(self, *_: Any, email: str, role: str, name: str, password_stdin: bool, **__: Any) -> None:
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else getpass.getpass()
        try:
            user = create_user(email=email, password=password, role=role, name=name)
        except DomainError as error:
            raise CommandError(error.user_message) from error
        self.stdout.write(f"Created {user.email} as {user.role}.")
