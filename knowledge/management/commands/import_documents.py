from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from knowledge.services.importing import ImportFailed, ImportReport, get_collection, import_path, why_stopped
from knowledge.services.limits import library_limits


class Command(BaseCommand):
    help = (
        "Import documents into the library: PDF, DOCX, Markdown, text, JSONL (_id, title, text and metadata) "
        "and PubMed XML; a file, or a folder with everything below it. Files that are there already are recognised."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)

    def handle(self, *_: Any, path: Path, **__: Any) -> None:
        try:
            report = self._import(path)
        except ImportFailed as failure:
            self._summarise(failure.report)
            raise CommandError(str(failure)) from failure
        except (OSError, Error) as error:
            raise CommandError(why_stopped(path, error)) from error
        self._summarise(report)
        if report.problems:
            raise CommandError(f"{len(report.problems)} could not be imported, see above. Everything else is in place.")

    def _import(self, path: Path) -> ImportReport:
        if not path.exists():
            raise CommandError(f"There is no file or folder at {path}.")
        return import_path(
            path=path, collection=get_collection(), limits=library_limits(), on_progress=self._show_progress
        )

    def _show_progress(self, report: ImportReport) -> None:
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{report.documents} documents, {report.passages} passages", ending=end)

    def _summarise(self, report: ImportReport) -> None:
        for problem in report.problems:
            self.stderr.write(problem)
        self.stdout.write(
            f"Imported {report.documents} documents ({report.passages} passages); "
            f"{report.unchanged} were there already."
        )
