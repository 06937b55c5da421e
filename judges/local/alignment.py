"""A sentence beside the passage that bears most on it: what is replaced, swapped, negated or reversed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from assay.judges.local.evidence import EvidenceIndex
from assay.judges.rubric import ValueKind
from assay.judges.text.negation import denies, negated, opposites
from assay.judges.text.passages import PassageMatch
from assay.judges.text.words import STOP_WORDS, WordTable, stems_between
from assay.judges.values import Value

ALIGNED = 0.6
"""Share of a sentence's weight its passage must carry before their negations are compared."""


class Alignment(NamedTuple):
    """What comparing a sentence with its passage and the neighbours showed. Shares are of the sentence's weight.

    Attributes:
        passage: the passage. None where no word is shared.
        coverage: share the passage carries.
        nearby: share it carries together with its neighbours.
        apart: share of neighbouring content words that no passage holds together.
        replaced: share of words nowhere in the evidence between words that stand in the passage.
        swapped: the same for words that stand elsewhere in the evidence.
        value_apart: how much less the passages that hold a stated value carry of the rest, at worst.
        name_apart: the same for names.
        negation_differs: one of the two is negated, the other is not.
        polarity_differs: share of the words that a negation reaches in one of the two only.
        opposite: a word of the sentence, and its opposite in the passage. Empty where there is none.
        negated: the sentence is.
        denied_alone: the sentence is negated, and neither the passage nor its neighbours are.
    """

    passage: int | None = None
    coverage: float = 0.0
    nearby: float = 0.0
    apart: float = 0.0
    replaced: float = 0.0
    swapped: float = 0.0
    value_apart: float = 0.0
    name_apart: float = 0.0
    negation_differs: bool = False
    polarity_differs: float = 0.0
    opposite: tuple[str, ...] = ()
    negated: bool = False
    denied_alone: bool = False


def align(
    stems: Sequence[str],
    content: Collection[str],
    carried: Sequence[Value],
    evidence: EvidenceIndex,
    idf: Mapping[str, float],
) -> Alignment:
    """Compare a sentence with the passage that carries most of its weight.

    Args:
        stems: of all words of the sentence, in order.
        content: those that are no stop words, in order.
        carried: values of the sentence that the evidence states.
        evidence: to search.
        idf: weights of the stems.
    """
    best = evidence.passages.best(content)
    if best is None:
        return Alignment(negated=denies(stems))
    there = evidence.passages.passages[best.passage].stems
    window = best.window
    denied = denies(stems)
    weight = sum(map(idf.__getitem__, content))
    turned = _polarity(stems, there, content)
    foreign = _between(list(content), window)
    return Alignment(
        passage=best.passage,
        coverage=best.coverage,
        nearby=best.nearby,
        apart=_apart(content, evidence),
        replaced=sum(idf[stem] for stem in foreign if stem not in evidence.stems) / weight,
        swapped=sum(idf[stem] for stem in foreign if stem in evidence.stems) / weight,
        value_apart=_values_apart([v for v in carried if v.kind is not ValueKind.NAME], content, best, evidence),
        name_apart=_values_apart([v for v in carried if v.kind is ValueKind.NAME], content, best, evidence),
        negation_differs=best.coverage > ALIGNED and denied != denies(there),
        polarity_differs=sum(idf[stem] for stem in sorted(turned)) / weight,
        opposite=_opposite(stems, window),
        negated=denied,
        denied_alone=denied and not denies(window),
    )


def _polarity(stems: Sequence[str], there: Sequence[str], content: Collection[str]) -> set[str]:
    """Words of both that a negation reaches in one only."""
    if not denies(stems) and not denies(there):
        return set()
    shared = set(content).intersection(there)
    return (negated(stems) ^ negated(there)) & shared


def _between(content: list[str], window: Collection[str]) -> list[str]:
    """Content words that stand in no passage of the window although the words before and after them do."""
    padded = [None, *content, None]
    return [
        stem
        for before, stem, after in zip(padded, content, padded[2:], strict=False)
        if stem not in window and (before is None or before in window) and (after is None or after in window)
    ]


def _apart(content: Collection[str], evidence: EvidenceIndex) -> float:
    """Share of neighbouring content words, both in the evidence, that no passage holds together."""
    apart = known = 0
    for here, there in pairwise(map(evidence.passages.holding, content)):
        if here and there:
            known += 1
            apart += set(here).isdisjoint(there)
    return apart / known if known else 0.0


def value_stems(value: Value) -> tuple[str, ...]:
    """Stems of the words a value is written in: a passage that holds them holds the value."""
    return _TELLING_STEMS[value.text]


_TELLING_STEMS = WordTable(
    lambda written: tuple(stem for stem in stems_between(written, 0, len(written)) if stem not in STOP_WORDS)
)


def _values_apart(
    values: Sequence[Value], content: Collection[str], best: PassageMatch, evidence: EvidenceIndex
) -> float:
    """The greatest loss of coverage when the passage must also hold the value."""
    loss = 0.0
    for value in values:
        parts = value_stems(value)
        holding = [evidence.passages.holding(part) for part in parts]
        if not parts or not all(holding):
            continue
        among = frozenset(holding[0]).intersection(*holding[1:])
        if best.passage in among:
            continue
        match = evidence.passages.best(content, among) if among else None
        loss = max(loss, best.nearby - (match.nearby if match else 0.0))
    return loss


def _opposite(stems: Sequence[str], window: frozenset[str]) -> tuple[str, ...]:
    """The first word whose opposite stands in the window while it does not itself."""
    for stem in stems:
        if stem not in window and not opposites(stem).isdisjoint(window):
            there = sorted(opposites(stem).intersection(window).difference(stems))
            if there:
                return stem, there[0]
    return ()
