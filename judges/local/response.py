"""What the local judge measures on a response as a whole, from its sentences and their doubts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from assay.judges.local.alarms import AlarmFeatures
from assay.judges.local.features import SentenceFeatures, SentenceView


class ResponseFeatures(NamedTuple):
    """Features of a response. Means are over its words."""

    absent_weight: float
    pair_novelty: float
    triple_novelty: float
    best_coverage: float
    nearby: float
    stitched: float
    apart: float
    unasked_weight: float
    copied_run: float
    first_person: float
    missing_numbers: float
    missing_names: float
    absent_count: float
    absent_telling: float
    absent_verbs: float
    negated: float
    field_told: float
    field_contradicted: float
    field_silent: float
    hours_conflict: float
    absent_rarest: float
    newest_pairs: float
    least_coverage: float
    replaced: float
    swapped: float
    value_apart: float
    opposites: float
    polarity_differs: float
    denied_alone: float
    alarm_weight: float
    alarm_count: float
    alarm_most: float
    sentences: float
    length: float
    evidence_length: float


class Doubted(NamedTuple):
    """What the doubts of the sentences come to, as log-odds of four shares: each rises with every doubt."""

    worst: float
    worst_three: float
    mean: float
    any: float


class Doubts(NamedTuple):
    """P(not supported) of each sentence, as three models see it.

    Attributes:
        regression: fitted on answers.
        trees: the same.
        claims: trees fitted on replies and claims of a sentence or two.
    """

    regression: Sequence[float]
    trees: Sequence[float]
    claims: Sequence[float]


SHORTEST, LONGEST = math.log1p(12), math.log1p(600)
"""Logarithms of the words of a sentence and of a long answer: between them a response is partly short, partly long."""

CLAIM_LENGTH, ANSWER_LENGTH = math.log(9), math.log(91)
"""Logarithms of the words, and one, of a claim and of a paragraph: between them a response is partly an answer."""

FACT_LENGTH, PASSAGES_LENGTH = math.log(81), math.log(301)
"""Logarithms of the words, and one, of a fact or two and of passages."""

FACT_ENDS = math.log(41), math.log(121)
"""Logarithms of the words, and one, between which evidence stops being a fact: all of RAGTruth lies beyond."""

BY_LENGTH = (
    "absent_weight",
    "pair_novelty",
    "triple_novelty",
    "nearby",
    "unasked_weight",
    "absent_count",
    "absent_rarest",
    "missing_numbers",
    "missing_names",
    "swapped",
    "replaced",
    "opposites",
    "newest_pairs",
    "least_coverage",
)
"""What means something else in a claim of one sentence than in an answer of a page: weighed by length as well."""

ANSWER_INPUTS = (
    *ResponseFeatures._fields,
    *(f"{name}, short" for name in BY_LENGTH),
    *(f"{name}, long" for name in BY_LENGTH),
    *(f"{name}, regression" for name in Doubted._fields),
    *(f"{name}, trees" for name in Doubted._fields),
)
"""Names of what `answer_inputs` gives, in order."""

CLAIM_INPUTS = (
    *ANSWER_INPUTS,
    *(f"{name}, claims" for name in Doubted._fields),
    *(f"{name}, claims, long" for name in Doubted._fields),
    *(f"{name}, claims, short" for name in Doubted._fields),
)
"""Names of what `claim_inputs` gives, in order."""

MEANS = (
    "absent_weight",
    "pair_novelty",
    "triple_novelty",
    "best_coverage",
    "nearby",
    "stitched",
    "apart",
    "unasked_weight",
    "copied_run",
    "first_person",
    "alarm_weight",
)
COUNTS = (
    "missing_numbers",
    "missing_names",
    "absent_count",
    "absent_telling",
    "absent_verbs",
    "negated",
    "field_told",
    "field_contradicted",
    "field_silent",
    "hours_conflict",
    "alarm_count",
)
MOST = (
    "absent_rarest",
    "alarm_most",
    "replaced",
    "swapped",
    "value_apart",
    "opposites",
    "polarity_differs",
    "denied_alone",
)


def answer_inputs(features: ResponseFeatures, doubts: Doubts) -> tuple[float, ...]:
    """Features of the response, some again by how short or long it is, and what its doubts come to."""
    long = min(1.0, max(0.0, (features.length - SHORTEST) / (LONGEST - SHORTEST)))
    again = [getattr(features, name) for name in BY_LENGTH]
    return (
        *features,
        *(value * (1.0 - long) for value in again),
        *(value * long for value in again),
        *doubted(doubts.regression),
        *doubted(doubts.trees),
    )


def claim_inputs(answer: tuple[float, ...], features: ResponseFeatures, doubts: Doubts) -> tuple[float, ...]:
    """What `answer_inputs` gave, and the doubts of claims, again by how short or long the response is."""
    claims = doubted(doubts.claims)
    long = answer_share(features)
    return (*answer, *claims, *(value * long for value in claims), *(value * (1.0 - long) for value in claims))


def answer_share(features: ResponseFeatures) -> float:
    """How much of an answer the response is, in [0, 1]: none at a claim of eight words, all at a paragraph."""
    return _share(features.length, CLAIM_LENGTH, ANSWER_LENGTH)


def passages_share(features: ResponseFeatures) -> float:
    """How much the evidence is passages, in [0, 1]: none at eighty words, all at three hundred."""
    return _share(features.evidence_length, FACT_LENGTH, PASSAGES_LENGTH)


def fact_share(features: ResponseFeatures) -> float:
    """How much the evidence is a fact or two, in [0, 1]: all at forty words, none at a hundred and twenty."""
    return 1.0 - _share(features.evidence_length, *FACT_ENDS)


def _share(value: float, least: float, most: float) -> float:
    return min(1.0, max(0.0, (value - least) / (most - least)))


def doubted(doubts: Sequence[float]) -> Doubted:
    """What the doubts of a response's sentences come to."""
    ranked = sorted(doubts, reverse=True)
    return Doubted(
        worst=log_odds(ranked[0]),
        worst_three=log_odds(sum(ranked[:3]) / len(ranked[:3])),
        mean=log_odds(sum(ranked) / len(ranked)),
        any=log_odds(1.0 - math.prod(1.0 - doubt for doubt in ranked)),
    )


def response_features(
    sentences: Sequence[SentenceView], alarms: Sequence[AlarmFeatures], evidence_words: int
) -> ResponseFeatures:
    """Features of the response over its check-worthy sentences.

    Args:
        sentences: at least one.
        alarms: of the new words of each.
        evidence_words: length of the evidence.
    """
    columns = dict(zip(SentenceFeatures._fields, zip(*(view.features for view in sentences), strict=True), strict=True))
    columns |= zip(AlarmFeatures._fields, zip(*alarms, strict=True), strict=True)
    sizes = [max(1, view.words) for view in sentences]
    total = sum(sizes)
    return ResponseFeatures(
        **{name: sum(map(mul, columns[name], sizes)) / total for name in MEANS},
        **{name: math.log1p(sum(map(math.expm1, columns[name]))) for name in COUNTS},
        **{name: max(columns[name]) for name in MOST},
        newest_pairs=max(columns["pair_novelty"]),
        least_coverage=min(columns["best_coverage"]),
        sentences=math.log1p(len(sentences)),
        length=math.log1p(total),
        evidence_length=math.log1p(evidence_words),
    )


def log_odds(probability: float) -> float:
    """Log-odds, bounded at probabilities of 0.0001 and 0.9999."""
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
