from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from voiceassist.core.encryption import KeyRing, key_ring
from voiceassist.core.rotation import NO_KEY, Tally, rotate


class Command(BaseCommand):
    help = (
        "Encrypt every value anew under the first of FIELD_ENCRYPTION_KEYS, and say which keys are still needed. "
        "It may run while the application does, and be started again after it was interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count what would be renewed, and change nothing")

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        ring = key_ring()
        tally = rotate(ring=ring, report=self._progress, dry_run=dry_run)
        self.stdout.write(f"{'To be renewed' if dry_run else 'Renewed'}: {tally.renewed} rows.")
        self._show_keys(tally, ring)
        self._show_problems(tally)

    def _progress(self, line: str) -> None:
        self.stderr.write(line, self.style.HTTP_INFO)
        self.stderr.flush()

    def _show_keys(self, tally: Tally, ring: KeyRing) -> None:
        for key in ring.keys:
            count = tally.keys.pop(key.id, 0)
            note = "the newest" if key == ring.newest else "still needed" if count else "no longer needed"
            self.stdout.write(f"Key {key.id} ({note}): {count} values.")
        for key_id in sorted(tally.keys.keys() - {NO_KEY}):
            self.stdout.write(f"Key {key_id} (not in FIELD_ENCRYPTION_KEYS): {tally.keys[key_id]} values.")
        if tally.keys[NO_KEY]:
            self.stdout.write(f"No key: {tally.keys[NO_KEY]} values, altered or out of date.")

    def _show_problems(self, tally: Tally) -> None:
        """Name what could not be done. Raises CommandError."""
        for name in tally.unreadable:
            self.stderr.write(f"Unreadable: {name}")
        for name in tally.clashing:
            self.stderr.write(f"Not renewed, for another row has the same value: {name}")
        if tally.unreadable or tally.clashing:
            raise CommandError(f"{len(tally.unreadable)} values cannot be read, {len(tally.clashing)} rows clash.")
