"""Selectors over all traces: which look like a part wherever they lead, and which of them is the most promising."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from assay.judges.rubric.selectors import parse_selector
from assay.worker.extraction.survey import PartName
from assay.worker.setup.proposals import texts
from assay.worker.setup.proposals.facts import Facts
from assay.worker.setup.proposals.names import TELLING, hint
from assay.worker.setup.proposals.points import CONFLICT, ENOUGH, PLAUSIBLE, POINTS, REFUSED, is_place_of_retrieval
from assay.worker.setup.proposals.spots import Spot

CONFLICTS = 0.03
"""Share of a selector's traces that may hold something else."""
_UNSURE_CONFLICTS = 0.25
"""The same of a place that a person is asked to look at."""
_LEAST_GOOD = {"question": 0.6, "response": 0.6, "contexts": 0.5}
"""Share of a selector's traces that must look like the part."""
_LEAD = 1.0
"""Points by which one place must lead another that holds other texts of the same traces."""


@dataclass
class Candidate:
    """A selector over all traces: its points where it looks like the part, its conflicts, and a sample spot.

    Attributes:
        good: points by the number of the trace, where they are enough.
        refused: numbers of the traces in which extraction refused what is there.
        maybe: the same where they are too few, but the place is plausible.
    """

    selector: str
    spot: Spot
    good: dict[int, int] = field(default_factory=dict)
    maybe: dict[int, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    seen: int = 0
    conflicts: int = 0
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points on average, where they are enough."""
        return sum(self.good.values()) / max(len(self.good), 1)


def candidates_for(part: PartName, facts: Sequence[Facts], until: float) -> list[Candidate]:
    """Selectors that look like the part in most of the traces they lead somewhere in."""
    return [candidate for candidate in _looked_at(part, facts, until) if _is_plausible(part, candidate)]


def plausible_for(part: PartName, facts: Sequence[Facts], missing: set[int], until: float) -> list[Candidate]:
    """Selectors for a person to look at in traces that lack the part; the most telling first, each text once."""
    known = [candidate for candidate in _looked_at(part, facts, until) if missed(candidate, missing)]
    candidates = [c for c in known if c.conflicts <= _UNSURE_CONFLICTS * c.seen and _can_be_written(c.selector)]
    candidates.sort(key=lambda c: (len(missed(c, missing)), _likelihood(c)), reverse=True)
    distinct: list[Candidate] = []
    shown = {item for candidate in known if _is_constant(candidate) for item in candidate.texts.items()}
    for candidate in candidates:
        fresh = {(number, candidate.texts[number]) for number in missed(candidate, missing)} - shown
        distinct += [candidate] if fresh else []
        shown |= fresh
    return distinct


def missed(candidate: Candidate, missing: set[int]) -> set[int]:
    """Of the traces that lack the part, those in which the place is plausible."""
    return (candidate.good.keys() | candidate.maybe.keys()) & missing


def _likelihood(candidate: Candidate) -> float:
    points = [*candidate.good.values(), *candidate.maybe.values()]
    return sum(points) / len(points) + _plainness(candidate)


def _looked_at(part: PartName, facts: Sequence[Facts], until: float) -> list[Candidate]:
    known: dict[str, Candidate] = {}
    for number, trace_facts in enumerate(facts):
        if time.monotonic() > until:
            return []  # what was not held against all traces is not proposed
        for selector, spot in trace_facts.spots.items():
            points = POINTS[part](trace_facts, spot)
            if points is None:
                continue
            candidate = known.setdefault(selector, Candidate(selector, spot))
            candidate.seen += 1
            candidate.texts[number] = _text(spot)
            if points in {CONFLICT, REFUSED}:
                candidate.conflicts += 1
                candidate.refused |= {number} if points == REFUSED else set()
            elif points >= ENOUGH:
                candidate.good[number] = points
            elif points >= PLAUSIBLE:
                candidate.maybe[number] = points
    return list(known.values())


def _is_plausible(part: PartName, candidate: Candidate) -> bool:
    if len(candidate.good) < _LEAST_GOOD[part] * candidate.seen or not candidate.good:
        return False
    if candidate.conflicts > CONFLICTS * candidate.seen or not _can_be_written(candidate.selector):
        return False
    has_name = is_named(part, candidate)
    if _is_constant(candidate):
        # The same in every run: settings or instructions. One and the same document may answer all questions.
        return part == "contexts" and has_name
    return has_name or len(candidate.texts) >= 3 or part != "contexts"


def _is_constant(candidate: Candidate) -> bool:
    return len(candidate.texts) >= 3 and len(set(candidate.texts.values())) == 1


def is_named(part: PartName, candidate: Candidate) -> bool:
    """Whether a name on the way says that the part is there: of the step, or of a key."""
    spot = candidate.spot
    if part == "contexts" and is_place_of_retrieval(spot):
        return True
    return hint(part, spot.keys) == TELLING


def _can_be_written(selector: str) -> bool:
    """Whether a rubric can hold it: it parses, and is one line of printable text."""
    try:
        parse_selector(selector)
    except ValueError:
        return False
    return selector.isprintable() and len(selector) <= 300


def ranked(part: PartName, candidates: Sequence[Candidate], missing: set[int]) -> list[Candidate]:
    """The most promising first; of those that hold the same texts only the plainest, of rivals only a clear leader."""
    useful = [candidate for candidate in candidates if set(candidate.good) & missing]
    useful.sort(key=lambda c: (len(set(c.good) & missing), c.points + _plainness(c)), reverse=True)
    plainest: dict[frozenset[tuple[int, str]], Candidate] = {}
    for candidate in useful:
        plainest.setdefault(frozenset(candidate.texts.items()), candidate)
    distinct = list(plainest.values())
    if part == "contexts":
        return distinct
    return [candidate for candidate in distinct if not any(_is_rival(candidate, other) for other in distinct)]


def _is_rival(candidate: Candidate, other: Candidate) -> bool:
    """Whether another place holds other texts in the same traces, and is about as likely, or more."""
    if other is candidate or other.points + _plainness(other) < candidate.points + _plainness(candidate) - _LEAD:
        return False
    shared = candidate.good.keys() & other.good.keys()
    differ = sum(not texts.is_same(candidate.texts[number], other.texts[number]) for number in shared)
    return differ > 0.1 * len(candidate.good)


def _plainness(candidate: Candidate) -> float:
    """What is added to a candidate's points for a selector that is plain, and that will hold in other runs."""
    spot = candidate.spot
    cost = 0.02 * len(spot.keys) + 0.1 * ("*" in candidate.selector.partition(".")[0])
    if spot.position == "-1":
        cost += 0.1 if spot.speakers else 0.3
    elif spot.position:
        cost += (0.2 if spot.position == "0" and not spot.speakers else 0.6) + (1.5 if spot.speakers else 0.0)
    return (0.3 if spot.head == "root" else 0.0) - cost


def _text(spot: Spot) -> str:
    values = [item for value in spot.values for item in (value if isinstance(value, list) else [value])]
    return texts.normal(" ".join(value if isinstance(value, str) else repr(value)[:500] for value in values))
