"""What the local judge measures: features of each sentence against the evidence, and of the response as a whole."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from judges.local.evidence import EvidenceIndex
from judges.rubric import ValueKind
from judges.schema import Sample, Span
from judges.sentences import split_sentences
from judges.values import Value, extract_values
from judges.words import NEGATIONS, STOP_WORDS, stem, word_set, words

FEATURES_VERSION = "1"
"""Part of the judge's fingerprint: changed whenever a feature is computed differently."""

_FIRST_PERSON = word_set("i i'm i've i'd i'll im my me we our")
_HEDGES = word_set("may might could perhaps possibly probably likely seem seems appear appears guess think maybe")
_NEGATION_STEMS = frozenset(stem(word) for word in NEGATIONS)

ALIGNED = 0.6
"""Share of a sentence's weight its passage must carry before their negations are compared."""


class SentenceFeatures(NamedTuple):
    """Features of one sentence. Weights are inverse document frequencies; novelty is a share not in the evidence."""

    absent_weight: float
    absent_count: float
    absent_rarest: float
    unasked_weight: float
    pair_novelty: float
    triple_novelty: float
    best_coverage: float
    stitched: float
    missing_numbers: float
    missing_names: float
    states_number: float
    negation_differs: float
    first_person: float
    hedged: float
    length: float
    position: float
    last: float
    nearby: float
    empty_fields: float
    copied_run: float
    rarity: float
    sentences: float


class ResponseFeatures(NamedTuple):
    """Features of a response; means are over its words, `worst` to `any` are log-odds of its sentences' doubts."""

    absent_weight: float
    pair_novelty: float
    triple_novelty: float
    best_coverage: float
    nearby: float
    stitched: float
    unasked_weight: float
    copied_run: float
    first_person: float
    missing_numbers: float
    missing_names: float
    absent_count: float
    empty_fields: float
    absent_rarest: float
    newest_pairs: float
    least_coverage: float
    worst: float
    worst_three: float
    mean: float
    any: float
    sentences: float
    length: float
    evidence_length: float


@dataclass(frozen=True, slots=True)
class SentenceView:
    """One sentence of the response with what was measured on it; `absent` is rarest first."""

    span: Span
    text: str
    words: int
    content: int
    features: SentenceFeatures
    passage: int | None
    absent: tuple[str, ...]
    missing: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ResponseView:
    """All sentences of a response, and the evidence they were measured against."""

    sentences: tuple[SentenceView, ...]
    evidence: EvidenceIndex


class _Context(NamedTuple):
    """What every sentence of one response is measured with."""

    response: str
    evidence: EvidenceIndex
    asked: frozenset[str]
    idf: Mapping[str, float]
    sentences: int


def read_response(sample: Sample, idf: Mapping[str, float]) -> ResponseView:
    """Measure every sentence of the sample's response."""
    evidence = EvidenceIndex(sample.contexts, idf)
    talk = (sample.question, *(turn.content for turn in sample.history))
    asked = frozenset(stem(word) for text in talk for word, _, _ in words(text))
    spans = split_sentences(sample.response)
    context = _Context(sample.response, evidence, asked, idf, len(spans))
    own = _values_by_sentence(sample.response, spans)
    views = (_measure(context, number, span, values) for number, (span, values) in enumerate(own))
    return ResponseView(tuple(views), evidence)


def _values_by_sentence(text: str, spans: Sequence[Span]) -> Iterator[tuple[Span, list[Value]]]:
    """Each sentence with the values that begin in it."""
    values = extract_values(text)
    position = 0
    for span in spans:
        own: list[Value] = []
        while position < len(values) and values[position].span.start < span.end:
            own.append(values[position])
            position += 1
        yield span, own


def _measure(context: _Context, number: int, span: Span, values: list[Value]) -> SentenceView:
    """All features of one sentence."""
    evidence, idf = context.evidence, context.idf
    text = context.response[span.start : span.end]
    surface = [word for word, _, _ in words(text)]
    stems = [stem(word) for word in surface]
    content = {one: word for one, word in zip(stems, surface, strict=True) if word not in STOP_WORDS and len(word) > 1}
    weight = sum(idf[one] for one in content) or 1.0
    absent = sorted((one for one in content if one not in evidence.stems), key=lambda one: (-idf[one], one))
    missing = tuple(value for value in values if not evidence.values.carries(value, _before(context.response, value)))
    missing_names = sum(value.kind is ValueKind.NAME for value in missing)
    best = evidence.passages.best(content)
    coverage = best.coverage if best else 0.0
    absent_weight = sum(idf[one] for one in absent) / weight
    differs = best is not None and coverage > ALIGNED and _negation_differs(surface, evidence, best.passage)
    features = SentenceFeatures(
        absent_weight=absent_weight,
        absent_count=math.log1p(len(absent)),
        absent_rarest=idf[absent[0]] if absent else 0.0,
        unasked_weight=sum(idf[one] for one in absent if one not in context.asked) / weight,
        pair_novelty=_novelty(list(pairwise(stems)), evidence.pairs),
        triple_novelty=_novelty(list(zip(stems, stems[1:], stems[2:], strict=False)), evidence.triples),
        best_coverage=coverage,
        stitched=max(0.0, 1.0 - absent_weight - coverage),
        missing_numbers=math.log1p(len(missing) - missing_names),
        missing_names=math.log1p(missing_names),
        states_number=float(any(value.kind is not ValueKind.NAME for value in values)),
        negation_differs=float(differs),
        first_person=float(any(word in _FIRST_PERSON for word in surface)),
        hedged=float(any(word in _HEDGES for word in surface)),
        length=math.log1p(len(stems)),
        position=number / context.sentences,
        last=float(number == context.sentences - 1),
        nearby=best.nearby if best else 0.0,
        empty_fields=math.log1p(sum(one in evidence.empty_fields for one in content)),
        copied_run=_longest_run(stems, evidence.pairs) / max(1, len(stems)),
        rarity=weight / max(1, len(content)),
        sentences=math.log1p(context.sentences),
    )
    passage = best.passage if best else None
    shown = tuple(content[one] for one in absent)
    return SentenceView(span, text, len(stems), len(content), features, passage, shown, missing)


def _before(text: str, value: Value) -> str:
    return text[max(0, value.span.start - 20) : value.span.start]


def _negation_differs(surface: list[str], evidence: EvidenceIndex, passage: int) -> bool:
    """Whether one of the sentence and its passage is negated and the other is not."""
    there = not _NEGATION_STEMS.isdisjoint(evidence.passages.passages[passage].stems)
    return there != (not NEGATIONS.isdisjoint(surface))


def _novelty(grams: Sequence[object], known: Collection[object]) -> float:
    return sum(gram not in known for gram in grams) / len(grams) if grams else 0.0


def _longest_run(stems: list[str], pairs: Collection[tuple[str, str]]) -> int:
    """Most word pairs in a row that the evidence has too."""
    longest = run = 0
    for pair in pairwise(stems):
        run = run + 1 if pair in pairs else 0
        longest = max(longest, run)
    return longest


def response_features(
    sentences: Sequence[SentenceView], doubts: Sequence[float], evidence_words: int
) -> ResponseFeatures:
    """Features of the response over its check-worthy sentences.

    Args:
        sentences: at least one.
        doubts: for each, the probability that it is not supported.
        evidence_words: length of the evidence.
    """
    total = sum(max(1, view.words) for view in sentences)
    ranked = sorted(doubts, reverse=True)

    def mean(name: str) -> float:
        column = SentenceFeatures._fields.index(name)
        return sum(view.features[column] * max(1, view.words) for view in sentences) / total

    def count(name: str) -> float:
        column = SentenceFeatures._fields.index(name)
        return math.log1p(sum(math.expm1(view.features[column]) for view in sentences))

    return ResponseFeatures(
        **{name: mean(name) for name in SHARED_MEANS},
        **{name: count(name) for name in SHARED_COUNTS},
        absent_rarest=max(view.features.absent_rarest for view in sentences),
        newest_pairs=max(view.features.pair_novelty for view in sentences),
        least_coverage=min(view.features.best_coverage for view in sentences),
        worst=log_odds(ranked[0]),
        worst_three=log_odds(sum(ranked[:3]) / len(ranked[:3])),
        mean=log_odds(sum(ranked) / len(ranked)),
        any=log_odds(1.0 - math.prod(1.0 - doubt for doubt in ranked)),
        sentences=math.log1p(len(sentences)),
        length=math.log1p(total),
        evidence_length=math.log1p(evidence_words),
    )


SHARED_MEANS = (
    "absent_weight",
    "pair_novelty",
    "triple_novelty",
    "best_coverage",
    "nearby",
    "stitched",
    "unasked_weight",
    "copied_run",
    "first_person",
)
SHARED_COUNTS = ("missing_numbers", "missing_names", "absent_count", "empty_fields")


def log_odds(probability: float) -> float:
    """Log-odds, bounded at probabilities of 0.0001 and 0.9999."""
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
