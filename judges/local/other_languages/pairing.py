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
from assay.judges.local.other_languages.copies import Likeness
from assay.judges.local.other_languages.passages import PassageWords
from assay.judges.local.other_languages.vocabulary import SmallWords, small_words
from assay.judges.local.other_languages.words import read_words
from assay.judges.rubric import ValueKind
from assay.judges.schema import ClaimVerdict, Sample
from assay.judges.text.assertions import asks
from assay.judges.text.form import without_form
from assay.judges.text.languages import ALL_SMALL_WORDS, OTHER, likely_languages

ENGLISH = frozenset({"en"})

COPY_DOUBT, VALUE_DOUBT, WRONG_DOUBT = 0.1, 0.3, 0.9
"""Doubt of a copy, of a sentence whose values alone could be compared, and of one found wrong. By judgement."""

_LEAST_TERMS = 2
_LEAST_WORDS = 3
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
    written = _written(sample)
    spoken, written = spoken or written, written or spoken
    if spoken <= ENGLISH and written <= ENGLISH:
        return Pairing.ENGLISH
    return Pairing.SAME if spoken & written or _shares_most(sample, spoken, written) else Pairing.ACROSS


def _shares_most(sample: Sample, spoken: frozenset[str], written: frozenset[str]) -> bool:
    """Whether one of two texts that are surely not English does not tell more, and their words do."""
    if OTHER not in spoken | written or ENGLISH & (spoken | written):
        return False
    terms = content_terms(without_form(sample.response)[:_READ])
    known = content_terms("\n".join(context[:_READ] for context in sample.contexts)[:_READ])
    return 2 * len(terms & known) > len(terms)


def _written(sample: Sample) -> frozenset[str]:
    """The languages the evidence may be in."""
    evidence = "\n".join(context[:_READ] for context in sample.contexts)[:_READ]
    return likely_languages(evidence) if len(content_terms(evidence)) >= _LEAST_EVIDENCE else frozenset()


def compare(sample: Sample, view: ResponseView, sentences: Sequence[SentenceView], pair: Pairing) -> list[Compared]:
    """What can be said of each sentence in a language whose words are not known."""
    if pair is Pairing.ACROSS:
        return [_by_values(sentence) for sentence in sentences]
    spoken = likely_languages(without_form(sample.response)[:_READ]) - {OTHER}
    written = _written(sample) - {OTHER}
    small = small_words(spoken & written or written or spoken)
    passages = PassageWords([sample.contexts[p.context][p.start : p.end] for p in view.evidence.passages.passages])
    return [_copied(sentence, passages, small) for sentence in sentences]


def states_something(sentence: SentenceView) -> bool:
    """Whether there is anything to compare in a sentence of an unknown language.

    No question, and two words of content, or one among three words: a word may be a small one in another language.
    """
    if asks(sentence.text):
        return False
    if len(content_terms(sentence.text)) >= _LEAST_TERMS:
        return True
    forms = read_words(sentence.text).forms
    content = [form for form in forms if form not in ALL_SMALL_WORDS]
    return not sentence.text.isascii() and len(forms) >= _LEAST_WORDS and bool(content)


def _numbers(sentence: SentenceView) -> list[str]:
    return [value.text[:60] for value in sentence.missing if value.kind is not ValueKind.NAME]


def _by_values(sentence: SentenceView) -> Compared:
    """What the values tell. Of numbers in words only those that agree do: other languages inflect theirs."""
    missing = _numbers(sentence)
    in_digits = [number for number in missing if any(map(str.isdigit, number))]
    if in_digits:
        return Compared(sentence, ClaimVerdict.NOT_FOUND, WRONG_DOUBT, f"'{in_digits[0]}' is not in the evidence")
    if sentence.features.states_number and not missing:
        reason = "in another language than the evidence: its values alone were compared"
        return Compared(sentence, ClaimVerdict.SUPPORTED, VALUE_DOUBT, reason)
    return Compared(sentence, None)


def _copied(sentence: SentenceView, passages: PassageWords, small: SmallWords | None) -> Compared:
    """Whether one passage says the sentence as it does."""
    missing = _numbers(sentence)
    if missing:
        return Compared(sentence, ClaimVerdict.NOT_FOUND, WRONG_DOUBT, f"'{missing[0]}' is not in the evidence")
    match passages.likeness(sentence.text, small):
        case Likeness.COPY:
            return Compared(sentence, ClaimVerdict.SUPPORTED, COPY_DOUBT)
        case Likeness.OPPOSITE:
            reason = "one of it and its passage is negated"
            return Compared(sentence, ClaimVerdict.CONTRADICTED, WRONG_DOUBT, reason)
        case Likeness.OTHER_NUMBER:
            return Compared(sentence, ClaimVerdict.NOT_FOUND, WRONG_DOUBT, "its passage has another number there")
        case Likeness.UNKNOWN if sentence.stated and small is not None:
            return Compared(sentence, ClaimVerdict.SUPPORTED, COPY_DOUBT)
        case _:
            return Compared(sentence, None)
