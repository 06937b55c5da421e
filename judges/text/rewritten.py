"""Texts that stand in the place of others, and where a stretch of them stands in the text they were made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from assay.judges.schema import Citation, Evidence, Sample, Span, Turn


class Replaced(NamedTuple):
    """A stretch of the rewritten text, and the stretch of the original that it stands for."""

    start: int
    end: int
    original_start: int
    original_end: int


class RewrittenText(NamedTuple):
    """A text with replaced stretches, and where they are, in order."""

    text: str
    replaced: Sequence[Replaced] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of this text stands in the original. A replaced stretch counts as a whole."""
        if start >= end:
            here = self._place(start, is_end=False)
            return here, here
        return self._place(start, is_end=False), self._place(end, is_end=True)

    def _place(self, offset: int, *, is_end: bool) -> int:
        before = bisect_right(self.replaced, offset - is_end, key=lambda place: place.start)
        if not before:
            return offset
        place = self.replaced[before - 1]
        if offset - is_end < place.end:
            return place.original_end if is_end else place.original_start
        return offset + place.original_end - place.end


class RewrittenSample(NamedTuple):
    """A sample that a judge reads in the place of another.

    Attributes:
        sample: as it is read.
        response: the response and what was replaced in it.
        history: the same of each turn.
        contexts: the same of each passage.
        question: the same of the question.
        reference: the same of the reference.
    """

    sample: Sample
    response: RewrittenText
    contexts: Sequence[RewrittenText] = ()
    history: Sequence[RewrittenText] = ()
    question: RewrittenText = RewrittenText("")
    reference: RewrittenText = RewrittenText("")

    def original_span(self, span: Span) -> Span:
        """Where a stretch of the response stands in the trace's own response."""
        start, end = self.response.original(span.start, span.end)
        return Span(start=start, end=end)

    def original_evidence(self, evidence: Evidence) -> Evidence:
        """Where a stretch of a passage stands in the trace's own passage."""
        start, end = self._text("contexts", evidence.context).original(evidence.start, evidence.end)
        return Evidence(context=evidence.context, start=start, end=end)

    def original_citation(self, citation: Citation) -> Citation:
        """Where a stretch of any part stands in the trace's own text."""
        start, end = self._text(citation.part, citation.index).original(citation.start, citation.end)
        return citation.model_copy(update={"start": start, "end": end})

    def _text(self, part: str, index: int) -> RewrittenText:
        texts = getattr(self, part)
        if isinstance(texts, RewrittenText):
            return texts
        return texts[index] if index < len(texts) else RewrittenText("")


def sample_texts(sample: Sample) -> Iterator[str]:
    """Every text of a sample that a judge may read."""
    yield sample.question
    yield from (turn.content for turn in sample.history)
    yield from sample.contexts
    yield sample.response
    yield sample.reference or ""


def rewritten_sample(sample: Sample, rewrite: Callable[[str], RewrittenText]) -> RewrittenSample:
    """The sample with each of its texts written otherwise, in the order in which they are read. Not its metadata."""
    question = rewrite(sample.question)
    history = [rewrite(turn.content) for turn in sample.history]
    contexts = [rewrite(context) for context in sample.contexts]
    response = rewrite(sample.response)
    reference = rewrite(sample.reference or "")
    turns = tuple(Turn(role=turn.role, content=new.text) for turn, new in zip(sample.history, history, strict=True))
    read = sample.model_copy(
        update={
            "question": question.text,
            "history": turns,
            "contexts": tuple(context.text for context in contexts),
            "response": response.text,
            "reference": None if sample.reference is None else reference.text,
        }
    )
    return RewrittenSample(read, response, contexts, history, question, reference)
