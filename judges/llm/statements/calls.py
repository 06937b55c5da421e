"""The calls that a sample takes in one form: nothing is asked here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from assay.judges.llm.grounding.numbering import GroundingLimits, ResponsePart, divide
from assay.judges.llm.statements.forms import StatementCall, StatementForm
from assay.judges.llm.statements.prompt import Layout
from assay.judges.llm.statements.stating import stating
from assay.judges.models.prompt_bound import prompt_bound
from assay.judges.schema import ResponseKind, Sample, Span
from assay.judges.text.form import statements


class SampleCalls(NamedTuple):
    """A sample divided: its parts, which sentences state something, and the calls that are made, each with its part.

    `calls` are in the order in which they were chosen. `kind` is what the response is where no sentence states
    anything.
    """

    parts: Sequence[ResponsePart]
    calls: Sequence[tuple[ResponsePart, StatementCall]]
    stated: frozenset[int]
    kind: ResponseKind

    def spans(self, wanted: Callable[[int], bool]) -> tuple[Span, ...]:
        """The spans of the sentences whose number is wanted, in order."""
        return tuple(span for part in self.parts for number, span in part.sentences.items() if wanted(number))


def calls_about(
    sample: Sample,
    form: StatementForm,
    limits: GroundingLimits,
    *,
    nonce: Callable[[], str],
    choose: Callable[[int], Sequence[int]] = range,
) -> SampleCalls:
    """The calls about the statements of a sample.

    Args:
        sample: what is judged.
        form: how statements are put.
        limits: sizes of what is shown with one call.
        nonce: makes the fence word of each part.
        choose: given how many calls it takes, says which of them are made. What it raises is passed on. It is asked
            before any of them is laid out.

    Raises:
        UnjudgeableSample: the response is too long.
    """
    fitting = _fitting(limits, sample, form.state_tokens)
    parts = divide(sample, fitting) if statements(sample.response) else []  # else nothing but small talk
    stated = stating(sample, {number: span for part in parts for number, span in part.sentences.items()})
    planned = [
        (place, numbers)
        for place, part in enumerate(parts)
        for numbers in form.divided([number for number in stated.numbers if number in part.sentences])
    ]
    chosen = [planned[number] for number in choose(len(planned))]
    layouts = {place: Layout(sample, parts[place], nonce=nonce(), limits=fitting) for place in {p for p, _ in chosen}}
    calls = [(parts[place], form.call(layouts[place], numbers)) for place, numbers in chosen]
    return SampleCalls(parts, calls, frozenset(stated.numbers), stated.kind)


def _fitting(limits: GroundingLimits, sample: Sample, most_tokens: int | None) -> GroundingLimits:
    """The limits, with less evidence where its script takes so many tokens that a state would not hold it."""
    if most_tokens is None:
        return limits
    shown = "".join(sample.contexts)[: limits.evidence_chars]
    tokens = prompt_bound(shown.encode("utf-8", "replace"))
    if tokens <= most_tokens:
        return limits
    return limits.model_copy(update={"evidence_chars": limits.evidence_chars * most_tokens // tokens})
