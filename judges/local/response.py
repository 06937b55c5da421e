"""What the local judge measures on a response as a whole, from its sentences and their doubts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from assay.judges.local.features import SentenceFeatures, SentenceView


class ResponseFeatures(NamedTuple):
    """Features of a response. Means are over its words, `worst` to `any` are log-odds of its sentences' doubts."""

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
    worst: float
    worst_three: float
    mean: float
    any: float
    sentences: float
    length: float
    evidence_length: float


SHORTEST, LONGEST = math.log1p(12), math.log1p(600)
"""Logarithms of the words of a sentence and of a long answer: between them a response is partly short, partly long."""

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

RESPONSE_INPUTS = (
    *ResponseFeatures._fields,
    *(f"{name}, short" for name in BY_LENGTH),
    *(f"{name}, long" for name in BY_LENGTH),
)
"""Names of what `response_inputs` gives, in order."""

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
)
MOST = ("absent_rarest", "replaced", "swapped", "value_apart", "opposites", "polarity_differs", "denied_alone")


def response_inputs(
    sentences: Sequence[SentenceView], doubts: Sequence[float], evidence_words: int
) -> tuple[float, ...]:
    """Features of the response, and some again by how short or long it is, as `RESPONSE_INPUTS` names them."""
    features = response_features(sentences, doubts, evidence_words)
    long = min(1.0, max(0.0, (features.length - SHORTEST) / (LONGEST - SHORTEST)))
    again = [getattr(features, name) for name in BY_LENGTH]
    return (*features, *(value * (1.0 - long) for value in again), *(value * long for value in again))


def response_features(
    sentences: Sequence[SentenceView], doubts: Sequence[float], evidence_words: int
) -> ResponseFeatures:
    """Features of the response over its check-worthy sentences.

    Args:
        sentences: at least one.
        doubts: for each, the probability that it is not supported.
        evidence_words: length of the evidence.
    """
    columns = dict(zip(SentenceFeatures._fields, zip(*(view.features for view in sentences), strict=True), strict=True))
    sizes = [max(1, view.words) for view in sentences]
    total = sum(sizes)
    ranked = sorted(doubts, reverse=True)
    return ResponseFeatures(
        **{name: sum(map(mul, columns[name], sizes)) / total for name in MEANS},
        **{name: math.log1p(sum(map(math.expm1, columns[name]))) for name in COUNTS},
        **{name: max(columns[name]) for name in MOST},
        newest_pairs=max(columns["pair_novelty"]),
        least_coverage=min(columns["best_coverage"]),
        worst=log_odds(ranked[0]),
        worst_three=log_odds(sum(ranked[:3]) / len(ranked[:3])),
        mean=log_odds(sum(ranked) / len(ranked)),
        any=log_odds(1.0 - math.prod(1.0 - doubt for doubt in ranked)),
        sentences=math.log1p(len(sentences)),
        length=math.log1p(total),
        evidence_length=math.log1p(evidence_words),
    )


def log_odds(probability: float) -> float:
    """Log-odds, bounded at probabilities of 0.0001 and 0.9999."""
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
