"""The retrieval table of docs/scorecard.md, written by the evaluation itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

COLUMNS = [
    "ndcg@10",
    "mrr@10",
    "recall@10",
    "recall@100",
    "hit@1",
    "embed_ms_p50",
    "search_ms_p50",
    "search_ms_p95",
    "passages_per_s",
    "documents",
    "queries",
]
START, END = "<!-- retrieval: written by eval_retrieval -->", "<!-- end of retrieval -->"


def write_row(*, name: str, figures: Mapping[str, float], path: Path | None = None) -> None:
    """Replace or add the row of one data set, leaving the rest of the page alone."""
    path = path or settings.BASE_DIR / "docs" / "scorecard.md"
    page = path.read_text(encoding="utf-8") if path.exists() else f"# Scorecard\n\n## Retrieval\n\n{START}\n{END}\n"
    before, _, rest = page.partition(START)
    table, _, after = rest.partition(END)
    rows = {**_rows(table), name: [str(figures.get(column, "")) for column in COLUMNS]}
    path.write_text(f"{before}{START}\n{_table(rows)}{END}{after}", encoding="utf-8")


def _rows(table: str) -> dict[str, list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def _table(rows: Mapping[str, list[str]]) -> str:
    head = ["set", *COLUMNS]
    lines = [head, ["---"] + ["--:"] * len(COLUMNS), *([name, *rows[name]] for name in sorted(rows))]
    return "".join("|" + "|".join(f" {cell} " if cell[:2] != "--" else cell for cell in line) + "|\n" for line in lines)
