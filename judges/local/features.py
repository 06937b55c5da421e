"""What the local judge measures: features of each sentence against the evidence, and of the response as a whole."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from judges.local.evidence import EvidenceIndex
from judges.rubric import ValueKind
from judges.schema import Sample, Span
from judges.sentences import split_sentences
from judges.values import Value, extract_values
from judges.words import NEGATIONS, STOP_WORDS, stem, words

FEATURES_VERSION = "1"
"""Part of the judge's fingerprint: changed whenever a feature is computed differently."""

SENTENCE_FEATURES = (
    "absent_weight",
    "absent_count",
    "absent_rarest",
    "unasked_weight",
    "pair_novelty",
    "triple_novelty",
    "best_coverage",
    "stitched",
    "missing_numbers",
    "missing_names",
    "states_number",
    "negation_differs",
    "first_person",
    "hedged",
    "length",
    "position",
    "last",
    "nearby",
    "empty_field",
    "copied_run",
    "rarity",
    "sentences",
)

RESPONSE_FEATURES = (
    "absent_weight",
    "pair_novelty",
    "triple_novelty",
    "best_coverage",
    "missing_numbers",
    "missing_names",
    "worst",
    "worst_three",
    "mean",
    "any",
    "first_person",
    "absent_count","rarest","nearby","empty","run","stitched","unasked","empties","sentences","maxpair","mincov",
    "length",
    "evidence_length",
)

_FIRST_PERSON = frozenset({"i", "i'm", "i've", "i'd", "i'll", "my", "me", "we", "our", "im"})
_HEDGES = frozenset({"may", "might", "could", "perhaps", "possibly", "probably", "likely", "seem", "appear", "guess", "think", "maybe"})


@dataclass(slots=True)
class SentenceView:
    """One sentence of the response with what was measured on it."""

    span: Span
    text: str
    stems: list[str]
    surface: list[str]
    missing: list[Value]
    features: list[float]
    passage: int | None
    absent: list[str] = field(default_factory=list)
    negation_differs: bool = False


@dataclass(slots=True)
class ResponseView:
    """All sentences of a response and what is measured over them together."""

    sentences: list[SentenceView]
    evidence: EvidenceIndex
    asked: frozenset[str]


def read_response(sample: Sample, idf: Mapping[str, float]) -> ResponseView:
    """Measure every sentence of the sample's response."""
    evidence = EvidenceIndex(sample.contexts, idf)
    talk = [sample.question, *(turn.content for turn in sample.history)]
    asked = frozenset(stem(word) for text in talk for word, _, _ in words(text))
    spans = split_sentences(sample.response)
    values = extract_values(sample.response)
    views = []
    cursor = 0
    for number, span in enumerate(spans):
        while cursor < len(values) and values[cursor].span.start < span.start:
            cursor += 1
        own = []
        while cursor < len(values) and values[cursor].span.start < span.end:
            own.append(values[cursor])
            cursor += 1
        views.append(_measure(sample.response, span, own, evidence, asked, idf, number / len(spans), len(spans)))
    return ResponseView(views, evidence, asked)


def _measure(response, span, values, evidence, asked, idf, position, count):
    text = response[span.start : span.end]
    surface = [word for word, _, _ in words(text)]
    stems = [stem(word) for word in surface]
    content = {one: word for one, word in zip(stems, surface) if word not in STOP_WORDS and len(word) > 1}
    weight = sum(idf[one] for one in content) or 1.0
    absent = [one for one in content if one not in evidence.stems]
    unasked = [one for one in absent if one not in asked]
    missing = [v for v in values if not evidence.values.carries(v, response[max(0, v.span.start - 20) : v.span.start])]
    numbers = [v for v in values if v.kind is not ValueKind.NAME]
    missing_numbers = [v for v in missing if v.kind is not ValueKind.NAME]
    missing_names = [v for v in missing if v.kind is ValueKind.NAME]
    best = evidence.best(set(content))
    coverage = best.coverage if best else 0.0
    differs = best is not None and coverage > 0.6 and _negated(surface) != bool(evidence.passage_stems[best.passage] & NEGATIONS)
    absent_share = sum(idf[one] for one in absent) / weight
    features = [
        absent_share,
        math.log1p(len(absent)),
        max((idf[one] for one in absent), default=0.0) / 10,
        sum(idf[one] for one in unasked) / weight,
        _novelty(list(zip(stems, stems[1:])), evidence.pairs),
        _novelty(list(zip(stems, stems[1:], stems[2:])), evidence.triples),
        coverage,
        max(0.0, 1 - absent_share - coverage),
        math.log1p(len(missing_numbers)),
        math.log1p(len(missing_names)),
        float(bool(numbers)),
        float(differs),
        float(any(word in _FIRST_PERSON for word in surface)),
        float(any(word in _HEDGES for word in surface)),
        math.log1p(len(stems)),
        position,
        float(position + 1.5/ max(1,count) > 1),
        best.nearby if best else 0.0,
        math.log1p(sum(one in evidence.empty_fields for one in content)),
        _longest_run(stems, evidence.pairs) / max(1, len(stems)),
        weight / max(1, len(content)) / 10,
        math.log1p(count),
    ]
    return SentenceView(span, text, stems, surface, missing, features, best.passage if best else None,
        [content[one] for one in sorted(absent, key=lambda one: (-idf[one], one))], differs)


def _negated(surface):
    return any(word in NEGATIONS for word in surface)


def _novelty(grams, known):
    return sum(g not in known for g in grams) / len(grams) if grams else 0.0


def _longest_run(stems, pairs):
    longest = run = 0
    for pair in zip(stems, stems[1:]):
        run = run + 1 if pair in pairs else 0
        longest = max(longest, run)
    return longest


def response_features(view: ResponseView, probabilities: Sequence[float], which: Sequence[int]) -> list[float]:
    """Features of the response over its check-worthy sentences (`which`), given each one's probability of being unsupported."""
    s = [view.sentences[i] for i in which]
    n = [max(1, len(x.stems)) for x in s]
    total = sum(n)
    def mean(k):
        return sum(x.features[k] * w for x, w in zip(s, n)) / total
    p = sorted(probabilities, reverse=True)
    return [
        mean(0), mean(4), mean(5), mean(6),
        math.log1p(sum(math.expm1(x.features[8]) for x in s)),
        math.log1p(sum(math.expm1(x.features[9]) for x in s)),
        logit(p[0]), logit(sum(p[:3]) / len(p[:3])), logit(sum(p) / len(p)),
        logit(1 - math.prod(1 - x for x in p)),
        mean(12),
        math.log1p(sum(math.expm1(x.features[1]) for x in s)),
        max(x.features[2] for x in s),
        mean(16+1), mean(18), mean(19), mean(7), mean(3),
        math.log1p(sum(math.expm1(x.features[18]) for x in s)),
        math.log1p(len(s)),
        max(x.features[4] for x in s),
        min(x.features[6] for x in s),
        math.log1p(total), math.log1p(view.evidence.words),
    ]


def logit(p):
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))
