"""Answers and evidence that are not both in English: what can be decided there, and what has to be said.

The features count English words. In another language, what stands in the evidence word for word, a value it does not
have, and a negation are seen all the same. What is reworded is not: it has the state `language_unsupported`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from assay.judges.lexical_overlap import content_terms
from assay.judges.local.features import ResponseView, SentenceView
from assay.judges.rubric import ValueKind
from assay.judges.schema import ClaimVerdict, Sample
from assay.judges.text.assertions import asks
from assay.judges.text.form import without_form
from assay.judges.text.languages import likely_languages
from assay.judges.text.negation import denies
from assay.judges.text.words import stems_between, word_set

ENGLISH = frozenset({"en"})

CARRIED = 0.75
"""Share of a sentence's words, or pairs of characters, that one passage must have for it to be called a copy."""

COPY_DOUBT, VALUE_DOUBT, WRONG_DOUBT = 0.1, 0.3, 0.9
"""Doubt of a copy, of a sentence whose values alone could be compared, and of one found wrong. By judgement."""

_NEGATIONS = word_set(
    "nicht kein keine keinen nie niemals no nunca ne pas jamais não nem non mai niet geen nooit inte ikke aldrig не "
    "нет никогда değil yok tidak bukan không لا لم ليس नहीं না নয়"
)
_NEGATION_MARKS = ("不", "没", "未", "ない", "ません", "않", "n'est")
"""Negations inside words and runs of words."""

_LEAST_TERMS = 2
_LEAST_EVIDENCE = 4
"""Words of evidence from which on it has a language: two may be names, `Zürich 2019`."""

_READ = 4000


class Pairing(StrEnum):
    """The languages of an answer and its evidence."""

    ENGLISH = "english"
    SAME = "same"
    ACROSS = "across"


class Compared(NamedTuple):
    """What could be said of one sentence. `verdict` is None where nothing could."""

    sentence: SentenceView
    verdict: ClaimVerdict | None
    doubt: float = 0.5
    reason: str = ""


def pairing(sample: Sample) -> Pairing:
    """Whether the answer is in English over English evidence, in one other language, or in another than the evidence.

    Where one of the two does not tell, it is taken for the language of the other.
    """
    spoken = likely_languages(without_form(sample.response)[:_READ])
    evidence = "\n".join(context[:_READ] for context in sample.contexts)[:_READ]
    written = likely_languages(evidence) if len(content_terms(evidence)) >= _LEAST_EVIDENCE else frozenset[str]()
    spoken, written = spoken or written, written or spoken
    if spoken <= ENGLISH and written <= ENGLISH:
        return Pairing.ENGLISH
    return Pairing.SAME if spoken & written else Pairing.ACROSS


def compare(sample: Sample, view: ResponseView, sentences: Sequence[SentenceView], pair: Pairing) -> list[Compared]:
    """What can be said of each sentence in a language whose words are not known."""
    if pair is Pairing.ACROSS:
        return [_by_values(sentence) for sentence in sentences]
    texts = [sample.contexts[p.context][p.start : p.end] for p in view.evidence.passages.passages]
    known = [content_terms(text) for text in texts]
    return [_copied(sentence, texts, known) for sentence in sentences]


def states_something(sentence: SentenceView) -> bool:
    """Whether there is anything to compare in a sentence of an unknown language: no question, and two words or more."""
    return not asks(sentence.text) and len(content_terms(sentence.text)) >= _LEAST_TERMS


def _numbers(sentence: SentenceView) -> list[str]:
    return [value.text[:60] for value in sentence.missing if value.kind is not ValueKind.NAME]


def _by_values(sentence: SentenceView) -> Compared:
    missing = _numbers(sentence)
    if missing:
        return Compared(sentence, ClaimVerdict.NOT_FOUND, WRONG_DOUBT, f"'{missing[0]}' is not in the evidence")
    if sentence.features.states_number:
        reason = "in another language than the evidence: its values alone were compared"
        return Compared(sentence, ClaimVerdict.SUPPORTED, VALUE_DOUBT, reason)
    return Compared(sentence, None)


def _copied(sentence: SentenceView, texts: Sequence[str], known: Sequence[frozenset[str]]) -> Compared:
    """Whether one passage has nearly all of the sentence, and says it as the sentence does."""
    missing = _numbers(sentence)
    if missing:
        return Compared(sentence, ClaimVerdict.NOT_FOUND, WRONG_DOUBT, f"'{missing[0]}' is not in the evidence")
    terms = content_terms(sentence.text)
    shares = [len(terms & passage) / max(1, len(terms)) for passage in known]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    if best is None or shares[best] < CARRIED:
        return Compared(sentence, None)
    if not sentence.stated and _denied(sentence.text) != _denied(_stretch(texts[best], terms)):
        return Compared(sentence, ClaimVerdict.CONTRADICTED, WRONG_DOUBT, "one of it and its passage is negated")
    return Compared(sentence, ClaimVerdict.SUPPORTED, COPY_DOUBT)


def _stretch(text: str, terms: frozenset[str]) -> str:
    """The part of a passage from the first to the last of the terms: a negation beyond it is of something else."""
    low = text.lower()
    places = [(place, place + len(term)) for term in sorted(terms) if (place := low.find(term)) >= 0]
    return text[min(places)[0] : max(end for _, end in places)] if places else text


def _denied(text: str) -> bool:
    """Whether the text has a negation of the larger languages."""
    return (
        denies(stems_between(text, 0, len(text)))
        or not _NEGATIONS.isdisjoint(text.lower().split())
        or any(mark in text for mark in _NEGATION_MARKS)
    )
