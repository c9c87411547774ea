from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from knowledge.services.demonstration import load_demonstration
from knowledge.services.importing import ImportReport
from voiceassist.accounts.backends import serves_loopback_only
from voiceassist.accounts.checks import check_mail
from voiceassist.accounts.services.users import ensure_demo_user


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Bring the database up to date and, on this machine only, set up the demonstration user and content."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new-demo-password", action="store_true", help="give the demonstration user a new one")

    def handle(self, *_: Any, new_demo_password: bool, **__: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        for message in check_mail():
            self.stdout.write(f"Warning: {message.msg} {message.hint}")
        if not serves_loopback_only():
            self.stdout.write("Reachable from other machines: no demonstration user. Use `manage.py create_user`.")
            return
        self._load_demonstration()
        self._show_sign_in(ensure_demo_user(new_password=new_demo_password))

    def _load_demonstration(self) -> None:
        report = load_demonstration(on_progress=self._show_progress)
        if report.documents:
            self.stdout.write(f"Loaded {report.documents} demonstration monographs ({report.passages} passages).")
        for problem in report.problems:
            self.stderr.write(problem)

    def _show_progress(self, report: ImportReport) -> None:
        if sys.stdout.isatty():
            self.stdout.write(f"  {report.documents} monographs, {report.passages} passages\r", ending="")

    def _show_sign_in(self, password: str | None) -> None:
        """Show the password this once; it is stored as a hash only."""
        if password:
            self.stdout.write(f"Sign in as   {settings.DEMO_USER_EMAIL}\nPassword     {password}   (shown only now)")
        else:
            self.stdout.write(
                f"Sign in as {settings.DEMO_USER_EMAIL} with the password shown at the first start "
                "(lost it? `make demo-password`)."
            )
