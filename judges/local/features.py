"""What the local judge measures on each sentence of a response, against the evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from assay.judges.local.alignment import Alignment, align, value_stems
from assay.judges.local.evidence import EvidenceIndex
from assay.judges.local.fields import FieldAgreement
from assay.judges.local.ngrams import Grams, grams
from assay.judges.local.spelling import Spelling, spelt_otherwise
from assay.judges.rubric import ValueKind
from assay.judges.schema import Sample, Span
from assay.judges.text.form import as_read, statements, without_form
from assay.judges.text.words import STOP_WORDS, stem, stems_between, stems_of, surface_words, word_set
from assay.judges.values import Value, extract_values, is_derived, list_length, meant_by, trace_date

FEATURES_VERSION = "5"
"""Part of the judge's fingerprint: changed whenever a feature is computed differently."""

_FIRST_PERSON = word_set("i i'm i've i'd i'll im my me we our")
_HEDGES = word_set("may might could perhaps possibly probably likely seem seems appear appears guess think maybe")
_REPORTING = frozenset(
    stem(word)
    for word in word_set(
        "article author text document passage paper study report summary overview review reviewer customer speaker "
        "discuss describe explain mention highlight note emphasize state suggest indicate provide include involve "
        "offer feature focus address present cover outline introduce detail share express reveal additionally "
        "furthermore moreover overall various several numerous different specific certain based according regarding "
        "concerning following particular general such example instance additional another including important "
        "significant key related potential available information propose present comprise encompass consist contain "
        "incorporate reveal disclose announce report declare claim argue assert believe consider view regard "
        "anticipate expect predict project examine analyze evaluate assess explore investigate demonstrate illustrate "
        "identify "
        "obtain acquire gain receive achieve attain perform conduct carry implement utilize use employ apply require "
        "need necessitate help assist aid support enable allow facilitate enhance improve boost ensure aim seek intend "
        "attempt strive inquire respond reply express convey communicate concern question issue matter aspect element "
        "component factor variety range multiple diverse distinct certain particular notable crucial essential vital "
        "major primary main overall initial current recent prior previous subsequent"
    )
)
"""Words with which a text is told rather than what it tells. It means little that they are new."""

_INFLECTED = ("ing", "ed")
"""Endings of verbs: whoever rewords a text changes verbs first, whoever invents brings nouns, names and numbers."""


AROUND = 300
"""Characters of its sentence on either side of a value in which the arithmetic it comes from must be named. It also
bounds what is read for each of many values in one long sentence."""


class SentenceFeatures(NamedTuple):
    """Features of one sentence. Weights are inverse document frequencies. Novelty is a share not in the evidence."""

    absent_weight: float
    absent_count: float
    absent_rarest: float
    absent_telling: float
    absent_verbs: float
    unasked_weight: float
    pair_novelty: float
    triple_novelty: float
    gap_novelty: float
    best_coverage: float
    stitched: float
    nearby: float
    apart: float
    replaced: float
    swapped: float
    missing_numbers: float
    missing_names: float
    value_apart: float
    name_apart: float
    states_number: float
    negation_differs: float
    polarity_differs: float
    opposites: float
    negated: float
    denied_alone: float
    field_told: float
    field_contradicted: float
    field_silent: float
    hours_conflict: float
    first_person: float
    hedged: float
    length: float
    position: float
    last: float
    copied_run: float
    rarity: float
    sentences: float


class SentenceView(NamedTuple):
    """One sentence of the response with what was measured on it. `absent` is rarest first.

    `absent_shares` are their stems, each with its share of the sentence's weight. `stated` means that the sentence
    stands in the evidence word for word.
    """

    span: Span
    text: str
    words: int
    content: int
    features: SentenceFeatures
    alignment: Alignment
    absent: tuple[str, ...]
    absent_shares: tuple[tuple[str, float], ...]
    missing: tuple[Value, ...]
    agreement: FieldAgreement
    stated: bool


class ResponseView(NamedTuple):
    """All sentences of a response, and the evidence they were measured against."""

    sentences: tuple[SentenceView, ...]
    evidence: EvidenceIndex


class _Sentence(NamedTuple):
    """One sentence of a response: its words in lower case, their stems and grams, and the values that begin in it."""

    span: Span
    text: str
    surface: list[str]
    stems: list[str]
    grams: Grams
    values: list[Value]


class _Context(NamedTuple):
    """What every sentence of one response is measured with."""

    response: str
    contexts: tuple[str, ...]
    today: date | None
    evidence: EvidenceIndex
    asked: frozenset[str]
    idf: Mapping[str, float]
    sentences: int


def read_response(sample: Sample, idf: Mapping[str, float]) -> ResponseView:
    """Measure every sentence of the sample's response."""
    sentences = list(_sentences(sample.response))
    asked_for = {part for sentence in sentences for value in sentence.values for part in value_stems(value)}
    asked_for.update(*(sentence.stems for sentence in sentences))
    evidence = EvidenceIndex(sample.contexts, asked_for, (sentence.grams for sentence in sentences), idf)
    talk = (sample.question, *(turn.content for turn in sample.history))
    asked = frozenset(term for text in talk for term in stems_between(text, 0, len(text)))
    today = trace_date(sample.metadata)
    context = _Context(without_form(sample.response), sample.contexts, today, evidence, asked, idf, len(sentences))
    views = (_measure(context, number, sentence) for number, sentence in enumerate(sentences))
    return ResponseView(tuple(views), evidence)


def _sentences(text: str) -> Iterator[_Sentence]:
    """The sentences of a response, each with the values that begin in it."""
    blanked = without_form(text)
    values = extract_values(blanked)
    position = 0
    for span in statements(text):
        first = position
        while position < len(values) and values[position].start < span.end:
            position += 1
        written = blanked[span.start : span.end]
        surface = surface_words(written)
        stems = stems_of(surface)
        yield _Sentence(span, as_read(written), surface, stems, grams(stems), values[first:position])


class _Words(NamedTuple):
    """The words and values of a sentence beside the evidence.

    `content` are its content words by stem, `telling` those that are not another spelling of a carried value, `weight`
    is what they weigh together, and `absent` are those of them that the evidence does not have, the rarest first.
    """

    content: dict[str, str]
    telling: dict[str, str]
    weight: float
    absent: list[str]
    missing: tuple[Value, ...]
    carried: list[Value]
    spelling: Spelling


def _read_words(context: _Context, sentence: _Sentence) -> _Words:
    """Hold the words and values of a sentence against the evidence."""
    span, _, surface, stems, _, values = sentence
    evidence, idf = context.evidence, context.idf
    content = {
        term: word for term, word in zip(stems, surface, strict=True) if word not in STOP_WORDS and len(word) > 1
    }
    known = [_known(context, value, span) for value in values]
    missing = tuple(value for value, is_known in zip(values, known, strict=True) if not is_known)
    carried = [value for value, is_known in zip(values, known, strict=True) if is_known]
    written = context.response[span.start : span.end]
    spelling = spelt_otherwise(carried, written, span.start, stems, evidence.stems)
    telling = {term: word for term, word in content.items() if term not in spelling.stems}
    weight = sum(map(idf.__getitem__, telling)) or 1.0
    absent = sorted((term for term in telling if term not in evidence.stems), key=lambda term: (-idf[term], term))
    return _Words(content, telling, weight, absent, missing, carried, spelling)


def _measure(context: _Context, number: int, sentence: _Sentence) -> SentenceView:
    """All features of one sentence."""
    evidence, idf = context.evidence, context.idf
    span, text, surface, stems, pairs_and_triples, values = sentence
    content, telling, weight, absent, missing, carried, spelling = _read_words(context, sentence)
    missing_names = sum(value.kind is ValueKind.NAME for value in missing)
    alignment = align(stems, telling, carried, evidence, idf)
    if content and not telling:
        alignment = alignment._replace(coverage=1.0, nearby=1.0)
    agreement = evidence.fields.agreement(text)
    shared = spelling.shared(pairs_and_triples, evidence.grams)
    absent_weight = sum(map(idf.__getitem__, absent)) / weight
    features = SentenceFeatures(
        absent_weight=absent_weight,
        absent_count=math.log1p(len(absent)),
        absent_rarest=idf[absent[0]] if absent else 0.0,
        absent_telling=math.log1p(sum(term in _REPORTING for term in absent)),
        absent_verbs=math.log1p(sum(content[term].endswith(_INFLECTED) for term in absent)),
        unasked_weight=sum(idf[term] for term in absent if term not in context.asked) / weight,
        pair_novelty=_novelty(shared.pairs),
        triple_novelty=_novelty(shared.triples),
        gap_novelty=_novelty(shared.gaps),
        best_coverage=alignment.coverage,
        stitched=max(0.0, 1.0 - absent_weight - alignment.coverage),
        nearby=alignment.nearby,
        apart=alignment.apart,
        replaced=alignment.replaced,
        swapped=alignment.swapped,
        missing_numbers=math.log1p(len(missing) - missing_names),
        missing_names=math.log1p(missing_names),
        value_apart=alignment.value_apart,
        name_apart=alignment.name_apart,
        states_number=float(any(value.kind is not ValueKind.NAME for value in values)),
        negation_differs=float(alignment.negation_differs),
        polarity_differs=alignment.polarity_differs,
        opposites=float(bool(alignment.opposite)),
        negated=float(alignment.negated),
        denied_alone=float(alignment.denied_alone),
        field_told=math.log1p(agreement.told),
        field_contradicted=math.log1p(agreement.contradicted),
        field_silent=math.log1p(agreement.silent),
        hours_conflict=math.log1p(evidence.hours.conflicts(text)) if evidence.hours else 0.0,
        first_person=float(not _FIRST_PERSON.isdisjoint(surface)),
        hedged=float(not _HEDGES.isdisjoint(surface)),
        length=math.log1p(len(stems)),
        position=number / context.sentences,
        last=float(number == context.sentences - 1),
        copied_run=_longest_run(shared.pairs) / max(1, len(stems)),
        rarity=weight / max(1, len(telling)),
        sentences=math.log1p(context.sentences),
    )
    shares = tuple((term, idf[term] / weight) for term in absent)
    shown = tuple(content[term] for term in absent)
    stated = not absent and evidence.states(text)
    return SentenceView(
        span, text, len(stems), len(content), features, alignment, shown, shares, missing, agreement, stated
    )


def _known(context: _Context, value: Value, span: Span) -> bool:
    """Whether the evidence carries the value, names it relative to today, or lets it be worked out."""
    carried = context.evidence.values
    if carried.carries(value, context.response[max(0, value.start - 20) : value.start]):
        return True
    if meant_by(value, context.contexts, context.today):
        return True
    if value.kind in (ValueKind.NAME, ValueKind.IDENTIFIER, ValueKind.DATE):
        return False
    around = context.response[max(span.start, value.start - AROUND) : min(span.end, value.end + AROUND)]
    return is_derived(value, around, carried.operands, carried.list_lengths | {list_length(context.response)})


def _novelty(known: Sequence[bool]) -> float:
    """The share that the evidence does not have."""
    return known.count(False) / len(known) if known else 0.0


def _longest_run(known: Iterable[bool]) -> int:
    """Most word pairs in a row that the evidence has too."""
    longest = run = 0
    for is_known in known:
        run = run + 1 if is_known else 0
        longest = max(longest, run)
    return longest
