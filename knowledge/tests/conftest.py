from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.models import Collection
from knowledge.services.importing import ImportReport, get_collection, import_path
from knowledge.services.limits import library_limits

METFORMIN = """---
title: Metformin
authors: [Rena L, Clear A]
year: 2024
doi: 10.1000/metformin
---
# Metformin

## Dosing

Metformin is started at 500 mg once daily with the evening meal.
The dose of metformin is raised by 500 mg each week, to at most 2000 mg a day.

## Renal impairment

Metformin is contraindicated when the eGFR is below 30 mL/min/1.73 m².

## References

1. Rena L, Clear A. Metformin. 2024.
"""
ASTHMA = """# Asthma

## Relievers

Low-dose budesonide-formoterol as needed is the preferred reliever for adults with asthma.

## Exacerbations

Prednisolone 40 mg daily for five to seven days treats an acute exacerbation of asthma.
"""


@pytest.fixture
def library(db) -> Collection:
    return get_collection()


@pytest.fixture
def take_in(library: Collection) -> Callable[[Path], ImportReport]:
    """Import a file or folder into the library."""
    return lambda path: import_path(path=path, collection=library, limits=library_limits())


@pytest.fixture
def monographs(tmp_path: Path) -> Path:
    """A folder with two short monographs."""
    folder = tmp_path / "monographs"
    folder.mkdir()
    (folder / "metformin.md").write_text(METFORMIN, encoding="utf-8")
    (folder / "asthma.md").write_text(ASTHMA, encoding="utf-8")
    return folder
