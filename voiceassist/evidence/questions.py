"""A question as a set of content words, and whether a text holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from voiceassist.evidence.lexicon import (
    DRUG_CLASSES,
    POPULATIONS,
    SCAFFOLD,
    names_a_thing,
    normalise,
    stem,
    synonyms,
    weight,
)

_WORD = re.compile(r"[A-Za-zÀ-ÿα-ωΑ-Ω]+(?:['’][A-Za-z]+)?|\d+(?:[.,]\d+)*")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w]*[A-Za-z]\d)")
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_CHILD_AGE = re.compile(r"\b(?:1[0-7]|\d)[- ]?(?:years?|yrs?|months?|weeks?|days?)[- ]?old\b", re.IGNORECASE)
_EVERYDAY = 0.25  # a capitalised word above this weight is a name

DOSE = re.compile(r"\d\s*(?:mg|mcg|µg|μg|g|kg|units?|IU|mL|ml|mmol|mEq|puffs?|tablets?|doses?|litres?|liters?|L)\b")
DATE = re.compile(
    r"\b(?:1[89]|20)\d\d\b|\b\d{1,2}[-/. ](?:\d{1,2}|[A-Z][a-z]{2,8})[-/. ]\d{2,4}\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d"
)
QUANTITY = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|half|third|quarter|daily|weekly)\b",
    re.IGNORECASE,
)
SHARE = re.compile(r"\d\s?%|\b0?\.\d|\bper ?cent\b|\b(?:half|third|quarter|one in|\d+ in \d+)\b", re.IGNORECASE)
MOST = re.compile(
    r"\b(?:max(?:imum|imal)?|at most|up to|highest|ceiling|limit(?:ed)?|exceed(?:s|ing)?|no more than|not more than"
    r"|or less)\b",
    re.IGNORECASE,
)
_ASKS_DOSE = re.compile(
    r"\bdos(?:e|es|age|ing|ed)\b(?! interval)|\bhow (?:do|should) (?:I|we|you) (?:dose|titrate)\b"
    r"|(?<!\d)(?<!\d )\b(?:mg|mcg|micrograms?)(?:/kg)?\b",
    re.IGNORECASE,
)
_ASKS_SHARE = re.compile(r"\bpercent(?:age)?\b|%|\bproportion of\b", re.IGNORECASE)
_ASKS_MOST = re.compile(r"\b(?:max(?:imum|imal)?|top|highest|ceiling|upper limit)\b", re.IGNORECASE)
_ASKS_DATE = re.compile(
    r"\bwhen (?:was|were|did)|\b(?:what|which) (?:year|date)|\b(?:on|in) (?:what|which) (?:date|day|year)\b",
    re.IGNORECASE,
)
_ASKS_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|old|often|frequent\w*|high|low|large|big|far|soon|fast)\b"
    r"|\bat (?:what|which)\b"
    r"|\b(?:what|which)\b(?:\W+[\w'’-]+){0,5}?\W+(?:dos(?:e|es|age)|percent\w*|proportion|rate|score|level|number|index"
    r"|average|mean|median|prevalence|incidence|threshold|cut-?off|size|target|range|interval|duration|amount|ratio|value"
    r"|limit|age)\b",
    re.IGNORECASE,
)
_ASKS_ABOUT_ONE_PATIENT = re.compile(
    r"\b(?:did|was|were|had) (?:the|this|my) patient\b|\b(?:did|was|were|had)\b.*\b(?:the|this|my) patient['’]s\b"
    r"|\b(?:the|this|my) patient['’]?s?\b.*\b(?:on|at) (?:admission|discharge)\b",
    re.IGNORECASE,
)
_RECORD_LABELS = re.compile(
    r"\b(?:patient (?:id|name|no)|name of patient|date of birth|dob|mrn|medical record (?:no|number)|hospital course"
    r"|(?:date of )?(?:admission|discharge)(?: date)?(?=\s*[:\t]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A content word of a question; `names` says that no other word will do."""

    stem: str
    weight: float
    surface: str
    names: bool


@dataclass(frozen=True, slots=True)
class Text:
    """The words of a text, ready to be asked for terms. `initials` are those of up to five words in a row."""

    raw: str
    stems: frozenset[str]
    prefixes: frozenset[str]
    initials: frozenset[str]

    @classmethod
    def of(cls, raw: str) -> Text:
        words = _WORD.findall(normalise(raw))
        stems = frozenset(stem(word) for word in words)
        letters = "".join(word[0].lower() for word in words)
        initials = frozenset(letters[at : at + size] for size in range(2, 6) for at in range(len(letters) - size + 1))
        return cls(raw, stems, frozenset(word[:6] for word in stems if len(word) >= 6), initials)

    def __or__(self, other: Text) -> Text:
        return Text(
            f"{self.raw}\n{other.raw}",
            self.stems | other.stems,
            self.prefixes | other.prefixes,
            self.initials | other.initials,
        )

    @property
    def is_patient_record(self) -> bool:
        """Tell whether the text reads like the record of one patient: two different labels of such records."""
        return len({label.lower() for label in _RECORD_LABELS.findall(self.raw)}) >= 2

    def has(self, term: Term) -> bool:
        """Tell whether the text holds the word, a synonym, a near form or what it abbreviates."""
        return (
            term.stem in self.stems
            or not self.stems.isdisjoint(synonyms(term.stem))
            or (not term.names and len(term.stem) >= 7 and term.stem[:6] in self.prefixes)
            or _has_near_form(term.stem, self.stems)
            or (term.names and len(term.stem) >= 4 and any(word.startswith(term.stem) for word in self.stems))
            or any(term.stem in group and not self.stems.isdisjoint(group) for group in POPULATIONS)
            or (term.surface.isupper() and 2 <= len(term.surface) <= 5 and term.surface.lower() in self.initials)
        )


@dataclass(frozen=True)
class Question:
    """What is asked for. Words that carry no content are left out."""

    text: str
    terms: tuple[Term, ...]

    @classmethod
    def of(cls, text: str) -> Question:
        terms: dict[str, Term] = {}
        for place, word in enumerate(_WORD.findall(normalise(text))):
            plain = re.sub(r"['’]s$", "", word.lower())
            if plain not in SCAFFOLD and len(plain) > 1 and not word[0].isdigit():
                terms.setdefault(stem(plain), _term(word, stem(plain), starts=place == 0, shouts=text.isupper()))
        if _CHILD_AGE.search(text):
            terms.setdefault("child", Term("child", 0.5, "child", names=True))
        return cls(text, tuple(terms.values()))

    @cached_property
    def years(self) -> frozenset[str]:
        return frozenset(_YEAR.findall(self.text))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Numbers that are no years."""
        return frozenset(_NUMBER.findall(self.text)) - self.years

    @cached_property
    def wanted(self) -> re.Pattern[str] | None:
        """What an answer has to hold, if the question says so: a limit, a dose, a share, a date, a quantity."""
        if _ASKS_MOST.search(self.text):
            return MOST
        if _ASKS_DOSE.search(self.text):
            return DOSE
        if _ASKS_SHARE.search(self.text):
            return SHARE
        if _ASKS_DATE.search(self.text):
            return DATE
        return QUANTITY if _ASKS_QUANTITY.search(self.text) else None

    @cached_property
    def insists(self) -> bool:
        """Tell whether nothing but what is wanted can answer: a limit, a dose or a share."""
        return self.wanted in (MOST, DOSE, SHARE)

    @cached_property
    def is_about_one_patient(self) -> bool:
        """Tell whether the question is about what happened to one patient, which only a record can answer."""
        return _ASKS_ABOUT_ONE_PATIENT.search(self.text) is not None

    def coverage(self, text: Text) -> float:
        """Return the share of the question's content that the text holds, by weight, 0–1."""
        total = sum(term.weight for term in self.terms)
        return sum(term.weight for term in self.terms if text.has(term)) / total if total else 0.0

    def missing_name(self, text: Text) -> float:
        """Return the weight of the rarest named thing that the text lacks, 0 when it lacks none."""
        return max((term.weight for term in self.terms if term.names and not self._finds(term, text)), default=0.0)

    def missing_population(self, text: Text) -> bool:
        """Tell whether the question is about children, pregnancy or the like and the text is not."""
        groups = [term for term in self.terms if any(term.stem in group for group in POPULATIONS)]
        return any(not text.has(term) for term in groups)

    def _finds(self, term: Term, text: Text) -> bool:
        """Let the class stand for a drug of the class, except where a dose is asked."""
        if text.has(term):
            return True
        surface = term.surface.lower()
        return self.wanted is not DOSE and any(
            surface.endswith(ending) and name in text.stems for ending, name in DRUG_CLASSES
        )


def _term(word: str, stemmed: str, *, starts: bool, shouts: bool) -> Term:
    is_name = word[0].isupper() and not starts and not shouts and weight(stemmed) > _EVERYDAY
    is_group = any(stemmed in group for group in POPULATIONS)
    return Term(stemmed, weight(stemmed), word, names=is_name or is_group or names_a_thing(stemmed))


def _has_near_form(stemmed: str, stems: frozenset[str]) -> bool:
    """Match gouty with gout, antihypertensive with hypertensive, and long words that differ at the end."""
    if any(stemmed[:size] in stems for size in range(max(4, len(stemmed) - 3), len(stemmed))):
        return True
    if stemmed.startswith("anti") and len(stemmed) > 8 and stemmed[4:] in stems:
        return True
    return len(stemmed) >= 8 and any(
        _shared_start(stemmed, other) >= 0.75 * max(len(stemmed), len(other))
        for other in stems
        if other[:7] == stemmed[:7]
    )


def _shared_start(one: str, two: str) -> int:
    pairs = enumerate(zip(one, two, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(two)))


_FOLLOWS_UP = re.compile(
    r"^\s*(?:and|but|or|also|so|then|what about|how about|what if|why|same|in that case)\b"
    r"|\b(?:it|its|they|them|their|this|that|these|those)\b(?! (?:patient|guideline|trial|study))",
    re.IGNORECASE,
)
_FEW_TERMS = 4


def standing_alone(question: str, *, before: str) -> str:
    """Return the question with the one before it, when it cannot be understood without: "And in children?"."""
    if not before or not _FOLLOWS_UP.search(question) or len(Question.of(question).terms) > _FEW_TERMS:
        return question
    return f"{before} {question}"
