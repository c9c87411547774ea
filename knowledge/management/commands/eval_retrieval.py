from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from knowledge.services import evaluation
from knowledge.services.evaluation import BadEvaluationFile, Ranking
from knowledge.services.importing import ImportFailed, ImportReport, cause_of
from knowledge.services.scorecard import write_row


class Command(BaseCommand):
    help = "Index a corpus into a scratch collection, run its queries, and print retrieval measures as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--corpus", type=Path, required=True, help="JSONL of _id, title, text; may be gzipped")
        parser.add_argument("--queries", type=Path, required=True, help="JSONL of _id, text")
        parser.add_argument("--qrels", type=Path, required=True, help="tab-separated query-id, corpus-id, score")
        parser.add_argument("--out", type=Path, help="write the ranking as a TREC run file")
        parser.add_argument("--limit", type=int, default=0, help="use the first N queries only")
        parser.add_argument("--json", action="store_true", help="print one line of JSON instead of indented JSON")
        parser.add_argument("--scorecard", metavar="NAME", help="also write docs/scorecard.md, under NAME")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            figures = self._evaluate(**options)
        except (BadEvaluationFile, ImportFailed) as error:
            raise CommandError(str(error)) from error
        except (OSError, Error) as error:
            raise CommandError(f"The evaluation on “{options['corpus'].name}” stopped: {cause_of(error)}.") from error
        if options["scorecard"]:
            write_row(name=options["scorecard"], figures=figures)
        self.stdout.write(json.dumps(figures, indent=None if options["json"] else 2))

    def _evaluate(
        self, *, corpus: Path, queries: Path, qrels: Path, out: Path | None, limit: int, **_: Any
    ) -> dict[str, float]:
        asked = evaluation.read_queries(queries)[: limit or None]
        judgements = evaluation.read_judgements(qrels)
        with evaluation.scratch_collection() as collection:
            report, speed = evaluation.index_corpus(
                corpus=corpus, collection=collection, on_progress=self._show_progress
            )
            rankings = [evaluation.rank(query_id=key, text=text, collection=collection) for key, text in asked]
        if out:
            _write_run(out, rankings)
        return {
            **evaluation.measures(rankings, judgements),
            **evaluation.timings(rankings),
            "passages_per_s": round(speed, 1),
            "documents": report.documents,
            "passages": report.passages,
            "queries": len(rankings),
        }

    def _show_progress(self, report: ImportReport) -> None:
        self.stderr.write(f"indexed {report.documents} documents, {report.passages} passages")


def _write_run(path: Path, rankings: Sequence[Ranking]) -> None:
    """Write `query Q0 document rank score tag` lines (the TREC run format)."""
    with path.open("w", encoding="utf-8") as file:
        for ranking in rankings:
            for place, (document, score) in enumerate(ranking.documents, 1):
                file.write(f"{ranking.query_id}\tQ0\t{document}\t{place}\t{score:.6f}\tvoiceassist\n")
