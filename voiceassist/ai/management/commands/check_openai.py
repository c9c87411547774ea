from __future__ import annotations

import asyncio
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from voiceassist.ai import gateway
from voiceassist.ai.diagnosis import Outcome, Step, diagnose


class Command(BaseCommand):
    """Say step by step whether the configured model can be used; the exit code is 0 when it can, else 1."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form of the report."""
        parser.add_argument("--verbose", action="store_true", help="add how long each step took")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *_: Any, **options: Any) -> None:
        """Try everything and report it."""
        steps = asyncio.run(self._try(quiet=options["json"], verbose=options["verbose"]))
        works = all(step.outcome is not Outcome.FAILED for step in steps)
        if options["json"]:
            report = {"ok": works, "model": gateway.model_name(), "steps": [asdict(step) for step in steps]}
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("The model can be used." if works else "The model cannot be used.")
        if not works:
            sys.exit(1)

    async def _try(self, *, quiet: bool, verbose: bool) -> list[Step]:
        steps = []
        async for step in diagnose():
            steps.append(step)
            if not quiet:
                self._show(step, verbose=verbose)
        return steps

    def _show(self, step: Step, *, verbose: bool) -> None:
        took = f" ({step.milliseconds} ms)" if verbose else ""
        self.stdout.write(f"{step.outcome:<8} {step.name:<15} {step.cause or step.detail}{took}")
        if step.cure:
            self.stdout.write(f"{'':<8} {'what to do:':<15} {step.cure}")
