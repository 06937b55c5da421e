"""`The document does not state when Acme was founded`: true only where no passage states it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from assay.judges.local.passage_contents import (
    has_around,
    has_close,
    has_counted,
    has_measure,
    has_price,
    has_run,
    has_value,
)
from assay.judges.rubric import ValueKind
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Sample, Span
from assay.judges.text.languages import ALL_SMALL_WORDS
from assay.judges.text.negation import denies
from assay.judges.text.passages import Passage, cut_passages
from assay.judges.text.refusals import Denied, declines, denied_matter
from assay.judges.text.words import STOP_WORDS, stem, surface_words, word_set

DENIED_DOUBT = 0.9
"""Doubt of a sentence that says the evidence does not tell what it tells. By judgement."""

MOST_DENIALS = 20
"""Sentences of one response that are looked up, so that many of them over long evidence cost no long time."""

_KINDS = {
    "date": (ValueKind.DATE,),
    "number": (ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT),
    "money": (ValueKind.MONEY,),
    "name": (ValueKind.NAME,),
}
_ASKING = frozenset(
    map(
        stem,
        word_set(
            "who whom when where how many much long old year date number amount name exact any specific price cost "
            "fee wann wie viel viele wer quand combien qui cuándo cuántos cuántas quién quando quanti quante "
            "quantos quantas chi quem wanneer hoeveel когда сколько кто jahr"
        ),
    )
)
_QUALIFIERS = word_set(
    "all every only always never must should may might can could will would more less most least before after not no "
    "first last each any some if unless until nearly almost over under up down out off"
)
"""Words that change a statement though they carry little: each must stand in the passage too."""

_POINTS_BACK = word_set("it its they their them he his him she her this these")
_LEAST_WORDS = 2
_SUBJECT = 4
"""First words of the passage before among which is what `it` points back to."""

_MOST_PASSAGES = 20_000


def denials(sample: Sample, sentences: Iterable[tuple[Span, str]]) -> list[Claim]:
    """A contradicted claim for each sentence that says the evidence does not tell what a passage tells.

    Args:
        sample: with the evidence and the response.
        sentences: of the response, each with its span. Of those that deny something, the first `MOST_DENIALS` are
            looked up.

    All words of what is denied must stand in one passage that denies nothing, or in it and in the one before that a
    pronoun points back to, with a value of the kind that is asked for. Where a sentence neither asks for a kind of
    value, nor denies a mention or a whole statement, nothing is decided.
    """
    read = ((span, denied_matter(text)) for span, text in sentences if declines(text))
    asking = list(islice(((span, denied) for span, denied in read if denied and denied.asked), MOST_DENIALS))
    passages = list(_passages(sample.contexts)) if asking else []
    places = ((span, _where(denied, sample, passages)) for span, denied in asking)
    return [_claim(sample, span, where) for span, where in places if where is not None]


def _claim(sample: Sample, span: Span, where: Evidence) -> Claim:
    return Claim(
        text=sample.response[span.start : span.end],
        span=span,
        verdict=ClaimVerdict.CONTRADICTED,
        p_supported=1.0 - DENIED_DOUBT,
        evidence=(where,),
        source="local",
        reason="it says that the evidence does not tell this, and a passage does",
    )


def _where(denied: Denied, sample: Sample, passages: Iterable[tuple[Passage, tuple[str, ...]]]) -> Evidence | None:
    """The first passage that tells what is denied."""
    for passage, before in passages:
        text = sample.contexts[passage.context][passage.start : passage.end]
        if _tells(denied, passage, before, text):
            return passage.where
    return None


def _passages(contexts: Sequence[str]) -> Iterator[tuple[Passage, tuple[str, ...]]]:
    """Each passage, with the first stems of the one before where its own point back to it."""
    before: Passage | None = None
    for passage, _ in zip(cut_passages(contexts), range(_MOST_PASSAGES), strict=False):
        near = before is not None and before.context == passage.context
        back = near and not _POINTS_BACK.isdisjoint(passage.stems[:_LEAST_WORDS])
        yield passage, before.stems[:_SUBJECT] if back and before is not None else ()
        before = passage


def _tells(denied: Denied, passage: Passage, before: tuple[str, ...], text: str) -> bool:
    """Whether the passage tells what is denied."""
    if denied.asked == "mention":
        return has_run(passage.stems, list(map(stem, surface_words(denied.matter))))
    if denies(passage.stems):
        return False
    if denied.asked == "thing":
        return has_measure(passage.stems, list(map(stem, surface_words(denied.matter))))
    if denied.asked == "statement":
        return _states(denied.matter, passage, before)
    return _has_asked(denied.asked, _wanted(denied.matter), passage, before, text)


def _has_asked(asked: str, wanted: set[str], passage: Passage, before: tuple[str, ...], text: str) -> bool:
    """Whether the passage has the value that is asked for, of the words it is asked of."""
    counted = asked == "number" and any(has_counted(passage.stems, word) for word in wanted)
    if len(wanted) < _LEAST_WORDS:
        priced = asked == "money" and any(has_price(passage.stems, word) for word in wanted)
        return counted or (priced and has_value(text, wanted, _KINDS[asked]))
    together = has_close(passage.stems, wanted) or has_around(passage.stems, wanted)
    if together and has_value(text, wanted, _KINDS[asked]):
        return True
    return counted and wanted <= {*passage.stems, *before}


def _wanted(matter: str) -> set[str]:
    spoken = map(stem, surface_words(matter))
    return {word for word in spoken if word not in STOP_WORDS and word not in _ASKING and word not in ALL_SMALL_WORDS}


def _states(matter: str, passage: Passage, before: tuple[str, ...]) -> bool:
    """Whether the passage has all words of a statement, in the same order."""
    spoken = surface_words(matter)
    needed = [stem(word) for word in spoken if word not in STOP_WORDS or word in _QUALIFIERS]
    if len(needed) <= _LEAST_WORDS or denies(list(map(stem, spoken))):
        return False
    in_order = iter((*before, *passage.stems))
    here = {word for word in needed if word not in before}
    return len(here) >= _LEAST_WORDS and all(word in in_order for word in needed) and has_close(passage.stems, here)
