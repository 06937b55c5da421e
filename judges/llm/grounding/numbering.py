"""Numbers the sentences of response and evidence, and divides a long sample into calls.

A number stands for exact character offsets, so a reply that names numbers can be checked by code. Numbers are given
once per sample: they stay the same when only some evidence is shown, and in every call of a long response.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pydantic import Field

from assay.judges.errors import UnjudgeableSample
from assay.judges.llm.grounding.line_selection import select_evidence
from assay.judges.schema import Evidence, Record, Sample, Span
from assay.judges.text.form import statements
from assay.judges.text.sentences import sentence_ranges

MANY_LINES = 100
"""Lines of evidence up to which each has its own number. Of more (tables, menus, lists), short ones share numbers: a
number costs four tokens, which for a line of three words is as much as the line."""

SHORT_LINE_CHARS = 60
"""A longer line always keeps its own number."""

JOINED_CHARS = 120
"""Most characters that short lines share a number for: about a sentence."""


class GroundingLimits(Record):
    """Sizes of one call, in characters and sentences. The defaults fit a 32,000-token context window."""

    evidence_chars: int = Field(default=48_000, ge=0)
    line_chars: int = Field(default=2_000, ge=100)
    part_sentences: int = Field(default=40, ge=1)
    part_chars: int = Field(default=16_000, ge=1)
    response_chars: int = Field(default=160_000, ge=1)
    question_chars: int = Field(default=8_000, ge=1)
    history_chars: int = Field(default=8_000, ge=0)


class ResponsePart(Record):
    """What one call judges: consecutive sentences of the response and the evidence lines shown with them.

    `partial_context` says that some evidence was left out. `before` is the sentence that precedes the part, so that
    pronouns can be read.
    """

    sentences: dict[int, Span]
    evidence: dict[int, Evidence]
    before: Span | None = None
    partial_context: bool = False


def divide(sample: Sample, limits: GroundingLimits) -> list[ResponsePart]:
    """Divide a sample into the calls that judge it, nearly always one. The response is never cut.

    Raises:
        UnjudgeableSample: the response is empty or longer than `limits.response_chars`.
    """
    if len(sample.response) > limits.response_chars:
        raise UnjudgeableSample("response_too_long", f"{len(sample.response)} > {limits.response_chars} characters")
    spans = statements(sample.response)
    if not spans:
        raise UnjudgeableSample("empty_response")
    lines = number_evidence(sample.contexts, limits.line_chars)
    parts: list[ResponsePart] = []
    first = 0
    for size in _part_sizes(spans, limits):
        chosen = spans[first : first + size]
        texts = [sample.response[span.start : span.end] for span in chosen]
        shown = select_evidence(sample.contexts, lines, [*texts, sample.question], limits.evidence_chars)
        part = ResponsePart(
            sentences=dict(enumerate(chosen, start=first + 1)),
            evidence=shown,
            before=spans[first - 1] if first else None,
            partial_context=len(shown) < len(lines) or len(sample.question) > limits.question_chars,
        )
        parts.append(part)
        first += size
    return parts


def _part_sizes(spans: Sequence[Span], limits: GroundingLimits) -> list[int]:
    """How many sentences each call takes. A sentence longer than a part is a part of its own."""
    sizes = [0]
    chars = 0
    for span in spans:
        length = span.end - span.start
        if sizes[-1] and (sizes[-1] == limits.part_sentences or chars + length > limits.part_chars):
            sizes.append(0)
            chars = 0
        sizes[-1] += 1
        chars += length
    return sizes


def number_evidence(contexts: Sequence[str], line_chars: int) -> dict[int, Evidence]:
    """Every sentence of every context under its number, from 1. Longer ones are divided at white space.

    Of more than `MANY_LINES`, short ones that follow each other in one context share a number.
    """
    pieces = [
        Evidence(context=index, start=start, end=end)
        for index, text in enumerate(contexts)
        for first, last in sentence_ranges(text)
        for start, end in _pieces(text, first, last, line_chars)
    ]
    return dict(enumerate(pieces if len(pieces) <= MANY_LINES else _joined(pieces), start=1))


def _joined(pieces: Sequence[Evidence]) -> Iterator[Evidence]:
    """The pieces, short neighbours of one context as one, from the first one's start to the last one's end."""
    group: Evidence | None = None
    for piece in pieces:
        if piece.end - piece.start > SHORT_LINE_CHARS:
            yield from (group, piece) if group else (piece,)
            group = None
        elif group and group.context == piece.context and piece.end - group.start <= JOINED_CHARS:
            group = group.model_copy(update={"end": piece.end})
        else:
            yield from (group,) if group else ()
            group = piece
    yield from (group,) if group else ()


def _pieces(text: str, first: int, last: int, line_chars: int) -> list[tuple[int, int]]:
    """Offsets of stretches of at most `line_chars`, ending at white space where there is some."""
    cuts = [first]
    while last - cuts[-1] > line_chars:
        limit = cuts[-1] + line_chars
        blank = max(text.rfind(" ", cuts[-1] + 1, limit), text.rfind("\n", cuts[-1] + 1, limit))
        cuts.append(blank + 1 if blank > 0 else limit)
    return list(pairwise([*cuts, last]))
