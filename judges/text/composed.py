"""A sample in one Unicode form (NFC), and what was concluded of it with the places in the texts as they were given.

Unicode spells `ü` in two ways: as one character, and as `u` with a mark of its own. PDF readers and file names of macOS
give the second. Texts that look alike must be judged alike, so judges and rules read all of them in the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from assay.judges.schema import Claim, Grade, Record, RuleHit, Sample, Span, Verdict
from assay.judges.text.bounded_marks import is_composed, normalized
from assay.judges.text.rewritten import Replaced, RewrittenSample, RewrittenText, rewritten_sample, sample_texts

R = TypeVar("R", bound=Record)

_JOINS = (
    r"[^\w\s\x00-\u02ff\u2000-\u20cf\u2100-\u2cee\u3000-\u3029\uff01-\uff9d\U0001f000-\U0001faff]"
    r"|[\u1160-\u11ff\U00016d63-\U00016d6a]"
)
"""What may become one character with what stands before it, e.g. `\\u0308`: marks, and vowels of Korean and Kirat Rai.

Rare signs are among them. Signs that texts are full of are not: they never join.
"""

_BEYOND_LATIN = r"[^\x00-\u02ff]"
"""No letter of Western Europe, e.g. `\\u212b`."""

_MARKED = re.compile(rf"(?s:.)(?:{_JOINS})+|{_BEYOND_LATIN}")
"""A letter with its marks, e.g. `u\\u0308`, or one that may have a twin in NFC, as the sign of Ångström has."""

_ESCAPE = re.compile(r"(\\.)")
"""An escape of a regular expression, e.g. `\\w`."""


def is_composed_sample(sample: Sample) -> bool:
    """Whether every text of the sample is in NFC already, as nearly all are."""
    return all(map(is_composed, sample_texts(sample)))


def composed_sample(sample: Sample) -> RewrittenSample:
    """The sample with every text in NFC."""
    return rewritten_sample(sample, composed_text)


def composed_text(text: str) -> RewrittenText:
    """The text in NFC, and each letter that is written otherwise now."""
    if is_composed(text):
        return RewrittenText(text)
    pieces: list[str] = []
    replaced: list[Replaced] = []
    position = length = 0
    for start, end, letter in _recomposed(text):
        begins = length + start - position
        pieces += (text[position:start], letter)
        replaced.append(Replaced(begins, begins + len(letter), start, end))
        position, length = end, begins + len(letter)
    return RewrittenText("".join((*pieces, text[position:])), replaced)


def _recomposed(text: str) -> Iterator[tuple[int, int, str]]:
    """Each letter that NFC writes otherwise: its place, and how it is written. A text has few different ones."""
    letters: dict[str, str] = {}
    for marked in _MARKED.finditer(text):
        written = marked.group()
        letter = letters.get(written)
        if letter is None:
            letter = letters[written] = normalized("NFC", written)
        if letter != written:
            yield marked.start(), marked.end(), letter


def composed_expression(expression: str) -> str:
    """What a person wrote to be searched in texts, in NFC. A mark never joins the letter of an escape."""
    if is_composed(expression):
        return expression
    pieces = _ESCAPE.split(expression)
    return "".join(piece if piece.startswith("\\") else normalized("NFC", piece) for piece in pieces)


def composed_record(record: R) -> R:
    """A record of what a person wrote to be held against texts, in NFC."""
    if is_composed(record.model_dump_json()):
        return record
    return type(record).model_validate(_composed_value(record.model_dump()))


def _composed_value(value: Any) -> Any:
    if isinstance(value, str):
        return composed_expression(value)
    if isinstance(value, dict):
        return {_composed_value(key): _composed_value(inner) for key, inner in value.items()}
    return [_composed_value(inner) for inner in value] if isinstance(value, list | tuple) else value


def as_given(verdict: Verdict, composed: RewrittenSample, given: Sample) -> Verdict:
    """The verdict with every place in the texts as they were given, and every claim in the response's own spelling."""

    def spans(places: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(map(composed.original_span, places))

    return verdict.model_copy(
        update={
            "claims": tuple(_given_claim(claim, composed, given) for claim in verdict.claims),
            "not_checkworthy": spans(verdict.not_checkworthy),
            "unjudged": spans(verdict.unjudged),
            "rule_hits": tuple(_given_hit(hit, composed) for hit in verdict.rule_hits),
            "grades": tuple(_given_grade(grade, composed) for grade in verdict.grades),
        }
    )


def _given_claim(claim: Claim, composed: RewrittenSample, given: Sample) -> Claim:
    place = composed.response.text.find(claim.text, claim.span.start, claim.span.end)
    start, end = composed.response.original(place, place + len(claim.text)) if place >= 0 else (0, 0)
    return claim.model_copy(
        update={
            "text": given.response[start:end] if place >= 0 else claim.text,
            "span": composed.original_span(claim.span),
            "evidence": tuple(map(composed.original_evidence, claim.evidence)),
        }
    )


def _given_hit(hit: RuleHit, composed: RewrittenSample) -> RuleHit:
    return hit.model_copy(update={"span": composed.original_span(hit.span)})


def _given_grade(grade: Grade, composed: RewrittenSample) -> Grade:
    return grade.model_copy(update={"citations": tuple(map(composed.original_citation, grade.citations))})
