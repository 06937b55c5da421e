"""Private values of a sample replaced by placeholders, one for each value, in all of its texts alike.

So an answer that repeats a value of its evidence still does, and one that says another value still does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from assay.judges.errors import EvaluationError, UnjudgeableSample
from assay.judges.redaction.cards import cards
from assay.judges.redaction.emails import emails
from assay.judges.redaction.ibans import ibans
from assay.judges.redaction.network_addresses import network_addresses
from assay.judges.redaction.offsets import RedactedText, Replaced
from assay.judges.redaction.own_patterns import own_values
from assay.judges.redaction.phones import phones
from assay.judges.redaction.placeholders import Placeholders
from assay.judges.redaction.policy import KINDS, PrivateKind, Redaction
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.schema import Citation, Evidence, Sample, Span, Turn

FAILED = "redaction_failed"
"""Why a trace is skipped whose private values could not be found for certain."""

_FINDERS: dict[PrivateKind, Callable[[str], Iterator[PrivateValue]]] = {
    "email": emails,
    "iban": ibans,
    "credit_card": cards,
    "ip": network_addresses,
    "phone": phones,
}

_LIKE_PHONES: tuple[PrivateKind, ...] = ("iban", "credit_card", "ip")
"""What has stretches that look like telephone numbers. Where it is not asked for, it is left as it is."""


class RedactedSample(NamedTuple):
    """A sample that a judge may see.

    Attributes:
        sample: with placeholders.
        response: the response and its placeholders.
        history: the same of each turn.
        contexts: the same of each passage.
        question: the same of the question.
        reference: the same of the reference.
    """

    sample: Sample
    response: RedactedText
    contexts: Sequence[RedactedText] = ()
    history: Sequence[RedactedText] = ()
    question: RedactedText = RedactedText("")
    reference: RedactedText = RedactedText("")

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

    def _text(self, part: str, index: int) -> RedactedText:
        texts = getattr(self, part)
        if isinstance(texts, RedactedText):
            return texts
        return texts[index] if index < len(texts) else RedactedText("")


def redacted_sample(sample: Sample, redaction: Redaction) -> RedactedSample:
    """A sample as judges may see it.

    Raises:
        UnjudgeableSample: a pattern took too long (`redaction_failed`). No text is given then.
    """
    return redacted_samples((sample,), redaction)[0]


def redacted_samples(samples: Iterable[Sample], redaction: Redaction) -> list[RedactedSample]:
    """Several samples, a value with the same placeholder in all of them: an old and a new answer to one question.

    Raises:
        UnjudgeableSample: as `redacted_sample`.
    """
    samples = list(samples)
    if redaction.is_empty:
        return [_unchanged(sample) for sample in samples]
    texts = [text for sample in samples for text in _texts(sample)]
    with_placeholders = Placeholders(texts)
    return [_redacted(sample, lambda text: redacted_text(text, redaction, with_placeholders)) for sample in samples]


def redacted_detail(detail: str, redaction: Redaction) -> str:
    """A message about a trace without private values. Empty where they could not be found for certain."""
    if redaction.is_empty:
        return detail
    try:
        return redacted_text(detail, redaction, Placeholders((detail,))).text
    except UnjudgeableSample:
        return ""


def redacted_text(text: str, redaction: Redaction, placeholders: Placeholders) -> RedactedText:
    """One text with placeholders.

    Raises:
        UnjudgeableSample: as `redacted_sample`.
    """
    pieces: list[str] = []
    replaced: list[Replaced] = []
    position = length = 0
    for value in private_values(text, redaction):
        placeholder = placeholders.of(value)
        start = length + value.start - position
        pieces += (text[position : value.start], placeholder)
        replaced.append(Replaced(start, start + len(placeholder), value.start, value.end))
        position, length = value.end, start + len(placeholder)
    return RedactedText("".join((*pieces, text[position:])), replaced) if replaced else RedactedText(text)


def private_values(text: str, redaction: Redaction) -> list[PrivateValue]:
    """Private values of a text, in order.

    Raises:
        UnjudgeableSample: as `redacted_sample`.
    """
    from assay.judges.values.deobfuscate import visible  # loads a good deal, and most deployments redact nothing

    try:
        own = [value for pattern in redaction.patterns for value in own_values(text, pattern)]
    except EvaluationError as exc:
        raise UnjudgeableSample(FAILED, str(exc)[:200]) from exc
    shown = visible(text)
    left, known = shown.text, []
    for kind in KINDS:
        if kind in redaction.kinds or (kind in _LIKE_PHONES and "phone" in redaction.kinds):
            values = list(_FINDERS[kind](left))
            left = _without(left, values)
            known += values if kind in redaction.kinds else []
    for value in known:
        start, end = shown.original(value.start, value.end)
        own.append(value._replace(start=start, end=end))
    return list(_apart(own, text))


def _without(text: str, values: Iterable[PrivateValue]) -> str:
    """The text with blank lines over values: nothing else is found in them, or across them."""
    pieces: list[str] = []
    position = 0
    for value in values:
        if value.start >= position:
            pieces += (text[position : value.start], "\n" * (value.end - value.start))
            position = value.end
    return "".join((*pieces, text[position:])) if pieces else text


def _apart(values: Iterable[PrivateValue], text: str) -> Iterator[PrivateValue]:
    """The values in order, those that overlap as one: it has the name of the longest."""
    last: PrivateValue | None = None
    for value in sorted(values, key=lambda value: (value.start, -value.end)):
        if last is not None and value.start < last.end:
            last = _joined(last, value, text)
            continue
        if last is not None:
            yield last
        last = value
    if last is not None:
        yield last


def _joined(first: PrivateValue, second: PrivateValue, text: str) -> PrivateValue:
    """Two values that overlap as one. `first` begins first, or is the longer one."""
    if second.end <= first.end:
        return first
    longer = max(first, second, key=lambda value: value.end - value.start)
    return longer._replace(start=first.start, end=second.end, key=text[first.start : second.end])


def _redacted(sample: Sample, redact: Callable[[str], RedactedText]) -> RedactedSample:
    question = redact(sample.question)
    history = [redact(turn.content) for turn in sample.history]
    contexts = [redact(context) for context in sample.contexts]
    response = redact(sample.response)
    reference = redact(sample.reference or "")
    turns = tuple(Turn(role=turn.role, content=new.text) for turn, new in zip(sample.history, history, strict=True))
    safe = sample.model_copy(
        update={
            "question": question.text,
            "history": turns,
            "contexts": tuple(context.text for context in contexts),
            "response": response.text,
            "reference": reference.text if sample.reference is not None else None,
            "metadata": {key: _redacted_value(value, redact) for key, value in sample.metadata.items()},
        }
    )
    return RedactedSample(safe, response, contexts, history, question, reference)


def _redacted_value(value: JsonValue, redact: Callable[[str], RedactedText]) -> JsonValue:
    """A value of the metadata, which no judge sees and a file may keep."""
    if isinstance(value, str):
        return redact(value).text
    if isinstance(value, list):
        return [_redacted_value(item, redact) for item in value]
    if isinstance(value, dict):
        return {key: _redacted_value(item, redact) for key, item in value.items()}
    return value


def _unchanged(sample: Sample) -> RedactedSample:
    return RedactedSample(
        sample,
        RedactedText(sample.response),
        [RedactedText(context) for context in sample.contexts],
        [RedactedText(turn.content) for turn in sample.history],
        RedactedText(sample.question),
        RedactedText(sample.reference or ""),
    )


def _texts(sample: Sample) -> Iterator[str]:
    yield sample.question
    yield from (turn.content for turn in sample.history)
    yield from sample.contexts
    yield sample.response
    yield sample.reference or ""
