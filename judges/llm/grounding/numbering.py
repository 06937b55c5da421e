"""Numbers the sentences of response and evidence, and divides a long sample into calls.

A number stands for exact character offsets, so a reply that names numbers can be checked by code. Numbers are given
once per sample: they stay the same when only some evidence is shown, and in every call of a long response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

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

MANY_SENTENCES = 120
"""Sentences of a response up to which each has its own number. Of more, neighbours share one as long as they take no
more than `JOINED_CHARS` together. So any two numbers stand for more than that, and the calls that a response takes are
bounded by its length: 7 for 20,000 characters, whatever they are. A number shared is judged by its worst part."""


class GroundingLimits(Record):
    """Sizes of one call, in characters and sentences. The defaults fit a 32,000-token context window."""

    evidence_chars: int = Field(default=48_000, ge=0)
    line_chars: int = Field(default=2_000, ge=100)
    part_sentences: int = Field(default=50, ge=1)
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


class Division(NamedTuple):
    """A sample divided into calls: those that are made, in the order in which they were chosen, and what is left out.

    `left_out` has a span of the response for each call that is not made.
    """

    parts: list[ResponsePart]
    left_out: list[Span]


def divide(sample: Sample, limits: GroundingLimits) -> list[ResponsePart]:
    """Divide a sample into the calls that judge it, nearly always one. The response is never cut.

    Raises:
        UnjudgeableSample: the response is empty or longer than `limits.response_chars`.
    """
    return divide_chosen(sample, limits, range).parts


def divide_chosen(sample: Sample, limits: GroundingLimits, choose: Callable[[int], Sequence[int]]) -> Division:
    """Divide a sample into calls, of which some are made.

    Args:
        sample: what is divided.
        limits: sizes of one call.
        choose: given how many calls it takes, says which of them are made. What it raises is passed on. It is asked
            before anything is done for a single call.

    Raises:
        UnjudgeableSample: the response is empty or longer than `limits.response_chars`.
    """
    if len(sample.response) > limits.response_chars:
        raise UnjudgeableSample("response_too_long", f"{len(sample.response)} > {limits.response_chars} characters")
    spans = numbered_spans(statements(sample.response))
    if not spans:
        raise UnjudgeableSample("empty_response")
    ranges = list(part_ranges(spans, limits))
    chosen = choose(len(ranges))
    lines = number_evidence(sample.contexts, limits.line_chars)
    parts = [_part(sample, spans, ranges[number], lines, limits) for number in chosen]
    left_out = [_whole(spans, ranges[number]) for number in sorted(set(range(len(ranges))).difference(chosen))]
    return Division(parts, left_out)


def span_of(part: ResponsePart) -> Span:
    """The stretch of the response that a call judges."""
    spans = list(part.sentences.values())
    return Span(start=spans[0].start, end=spans[-1].end)


def _part(
    sample: Sample, spans: Sequence[Span], within: range, lines: dict[int, Evidence], limits: GroundingLimits
) -> ResponsePart:
    """One call: the sentences of a range, and the lines of evidence that bear on them."""
    chosen = spans[within.start : within.stop]
    texts = [sample.response[span.start : span.end] for span in chosen]
    shown = select_evidence(sample.contexts, lines, [*texts, sample.question], limits.evidence_chars)
    return ResponsePart(
        sentences=dict(enumerate(chosen, start=within.start + 1)),
        evidence=shown,
        before=spans[within.start - 1] if within.start else None,
        partial_context=len(shown) < len(lines) or len(sample.question) > limits.question_chars,
    )


def _whole(spans: Sequence[Span], within: range) -> Span:
    return Span(start=spans[within.start].start, end=spans[within.stop - 1].end)


def numbered_spans(spans: Sequence[Span]) -> Sequence[Span]:
    """What gets a number each: every statement of a response, or of very many the short neighbours together."""
    if len(spans) <= MANY_SENTENCES:
        return spans
    joined = [spans[0]]
    for span in spans[1:]:
        if span.end - joined[-1].start <= JOINED_CHARS:
            joined[-1] = Span(start=joined[-1].start, end=span.end)
        else:
            joined.append(span)
    return joined


def part_ranges(spans: Sequence[Span], limits: GroundingLimits) -> Iterator[range]:
    """The numbered spans of each call, by their place in the order of the response."""
    first = 0
    for size in _part_sizes(spans, limits):
        yield range(first, first + size)
        first += size


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
