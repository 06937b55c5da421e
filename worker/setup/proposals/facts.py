"""What is known of one trace before a part of it is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from assay.worker.extraction.extract import Extraction
from assay.worker.extraction.gathering import Part
from assay.worker.extraction.literals import plain_json
from assay.worker.extraction.steps import relevant
from assay.worker.records.traces import Trace
from assay.worker.setup.proposals import texts
from assay.worker.setup.proposals.refusals import Refusals
from assay.worker.setup.proposals.spots import Spot, spots_of

LONG_WORDS = 40
"""Words from which a text is no remark, but a document or a whole prompt."""
_MOST_PROMPT = 400_000


@dataclass
class Facts:
    """One trace with what is known of it without the missing part.

    Attributes:
        prompt: all that model calls were sent, as one text with single spaces.
        model_outputs: the texts that model calls gave back.
        answered_at: when the last model call ended: what begins later is no evidence.
    """

    trace: Trace
    extraction: Extraction
    prompt: str
    model_outputs: list[str]
    answered_at: datetime | None
    spots: dict[str, Spot] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)

    @property
    def question(self) -> str:
        """The question, as far as it is known; nothing where it may be a whole prompt with all that is in it."""
        question = self.extraction.question
        if question is None or (is_from_call(question) and texts.word_count(question.text) > LONG_WORDS):
            return ""
        return question.text

    @property
    def response(self) -> str:
        """The answer, as far as it is known: what was extracted, else what the last model call gave back."""
        if self.extraction.response:
            return self.extraction.response.text
        return self.model_outputs[-1] if self.model_outputs else ""

    def is_refused(self, spot: Spot) -> bool:
        """Whether a spot is, or lies in, what extraction refused as an answer: a decision, a call, an error."""
        return self.refusals.holds(value for around in spot.around for value in around) or self.refusals.holds(
            spot.values
        )

    @property
    def may_lack_answer(self) -> bool:
        """Whether the run failed: then no text is known to have been its answer."""
        return self.trace.root.level == "ERROR" or any(step.level == "ERROR" for step in self.trace.observations)


def facts_of(trace: Trace, extraction: Extraction) -> Facts:
    """What is known of a trace."""
    calls = [step for step in relevant(trace) if step.type.lower() == "generation" and step.level != "ERROR"]
    prompt = " ".join(text for call in calls for text in leaf_texts(call.input))[:_MOST_PROMPT]
    model_outputs = [text for call in calls for text in leaf_texts(call.output) if texts.word_count(text)]
    return Facts(
        trace=trace,
        extraction=extraction,
        prompt=" ".join(prompt.split()),
        model_outputs=model_outputs,
        answered_at=max((call.end or call.start for call in calls), default=None),
        spots=spots_of(trace),
    )


def leaf_texts(value: JsonValue, depth: int = 10) -> Iterator[str]:
    """Every text in a value, JSON that is written out as a string included."""
    inner = plain_json(value)
    if isinstance(inner, str):
        yield inner
    elif isinstance(inner, dict) and depth > 0:
        for item in inner.values():
            yield from leaf_texts(item, depth - 1)
    elif isinstance(inner, list) and depth > 0:
        for item in inner:
            yield from leaf_texts(item, depth - 1)


def is_from_call(part: Part) -> bool:
    """Whether a part was taken from a model call, and not from where the application took it in."""
    return part.source.startswith("generation ")
