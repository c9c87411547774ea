"""What a question asks about, and the words that answers to such questions use.

A small fixed table for query expansion: "How is X treated?" is answered in terms of therapy, drugs and surgery.
Stems are those of PostgreSQL's `english` dictionary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aspect:
    """A kind of question, and the stems of its answers."""

    asked_by: re.Pattern[str]
    stems: tuple[str, ...]


def _aspect(asked_by: str, stems: str) -> Aspect:
    return Aspect(re.compile(rf"\b(?:{asked_by})\b", re.IGNORECASE), tuple(stems.split()))


ASPECTS = (
    _aspect(
        r"treat\w*|therap\w*|manage\w*|medicat\w*|cure[ds]?|surger\w*|remed\w*",
        "treat treatment therapi medic manag drug surgeri cure",
    ),
    _aspect(
        r"symptoms?|signs?|manifest\w*|present with|feel like|clinical features?", "symptom sign caus includ featur"
    ),
    _aspect(r"caus\w*|why|aetiolog\w*|etiolog\w*|reasons?|due to|lead to", "caus result due etiolog"),
    _aspect(r"inherit\w*|hereditar\w*|runs? in famil\w*", "inherit autosom recess domin pattern hereditari copi"),
    _aspect(
        r"how (?:many|common|often|frequent)|prevalen\w*|inciden\w*|frequency|epidemiolog\w*",
        "preval incid affect estim peopl worldwid rare occur",
    ),
    _aspect(r"genes?|genetic\w*|mutations?|chromosom\w*", "gene mutat genet chromosom protein"),
    _aspect(
        r"prognos\w*|outlook|surviv\w*|life expectancy|mortality|outcomes?", "prognosi outlook surviv recov progress"
    ),
    _aspect(r"prevent\w*|avoid\w*|prophyla\w*|lower the risk|reduce the risk", "prevent avoid risk reduc prophylaxi"),
    _aspect(r"risk|susceptib\w*|who gets|more likely|predispos\w*", "risk factor likeli common increas"),
    _aspect(
        r"diagnos\w*|tests?|exam\w*|detect\w*|screen\w*|identif\w*|workup",
        "diagnos diagnosi test exam blood histori imag",
    ),
    _aspect(r"complicat\w*|side effects?|adverse|long[- ]term effects?", "complic advers effect"),
    _aspect(r"research|clinical trials?|being done", "research trial studi institut conduct"),
    _aspect(r"stag(?:e|es|ing)", "stage spread"),
    _aspect(r"dos(?:e|es|age|ing)|how much|mg", "dose mg daili"),
)

_ASKS_WHAT_IT_IS = re.compile(
    r"^\s*(?:what|who)\s*(?:'s|’s|\s+is|\s+are|\s+was)\b|^\s*(?:define|definition of|tell me about|describe|explain)\b"
    r"|\bwant to know (?:more )?about\b|\binformation (?:about|on)\b",
    re.IGNORECASE,
)


def expansion(question: str) -> list[str]:
    """Return the stems that answers to such a question use, without repeats."""
    stems = [stem for aspect in ASPECTS if aspect.asked_by.search(question) for stem in aspect.stems]
    return list(dict.fromkeys(stems))


def asks_for_definition(question: str) -> bool:
    """Tell whether the question asks what something is, and for nothing more special."""
    return bool(_ASKS_WHAT_IT_IS.search(question)) and not expansion(question)
