"""Private values of a sample replaced by placeholders, one for each value, in all of its texts alike.

So an answer that repeats a value of its evidence still does, and one that says another value still does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.offsets import RedactedSample, RedactedText, Replaced
from assay.judges.redaction.placeholders import Placeholders
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.sample_values import SampleValues
from assay.judges.redaction.time_limit import FAILED
from assay.judges.schema import Sample
from assay.judges.text.rewritten import rewritten_sample, sample_texts

__all__ = [
    "FAILED",
    "RedactedSample",
    "private_values",
    "redacted_detail",
    "redacted_sample",
    "redacted_samples",
    "redacted_text",
]


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
    texts = [text for sample in samples for text in sample_texts(sample)]
    values = SampleValues(texts, redaction, passages=[sample.contexts for sample in samples])
    placeholders = Placeholders(texts, values.phone_book)
    return [_redacted(sample, lambda text: _replaced(text, values.of(text), placeholders)) for sample in samples]


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
    return _replaced(text, private_values(text, redaction), placeholders)


def private_values(text: str, redaction: Redaction) -> list[PrivateValue]:
    """Private values of a text, in order.

    Raises:
        UnjudgeableSample: as `redacted_sample`.
    """
    return SampleValues((text,), redaction).of(text)


def _replaced(text: str, values: Iterable[PrivateValue], placeholders: Placeholders) -> RedactedText:
    """The text with placeholders in the place of these values."""
    pieces: list[str] = []
    replaced: list[Replaced] = []
    position = length = 0
    for value in values:
        placeholder = placeholders.of(value)
        start = length + value.start - position
        pieces += (text[position : value.start], placeholder)
        replaced.append(Replaced(start, start + len(placeholder), value.start, value.end))
        position, length = value.end, start + len(placeholder)
    return RedactedText("".join((*pieces, text[position:])), replaced) if replaced else RedactedText(text)


def _redacted(sample: Sample, redact: Callable[[str], RedactedText]) -> RedactedSample:
    safe = rewritten_sample(sample, redact)
    metadata = _redacted_keys(sample.metadata, redact)
    return safe._replace(sample=safe.sample.model_copy(update={"metadata": metadata}))


def _redacted_value(value: JsonValue, redact: Callable[[str], RedactedText], key: str = "") -> JsonValue:
    """A value of the metadata, which no judge sees and a file may keep. Its key may say that a number is a phone's."""
    if isinstance(value, str):
        return redact(value).text
    if isinstance(value, list):
        return [_redacted_value(item, redact, key) for item in value]
    if isinstance(value, dict):
        return _redacted_keys(value, redact)
    if isinstance(value, bool) or value is None:
        return value
    named = redact(f"{key}: {value}")
    inside = [place for place in named.replaced if place.original_end > len(key) + 1]
    return named.text[inside[0].start :] if inside else value


def _redacted_keys(values: Mapping[str, JsonValue], redact: Callable[[str], RedactedText]) -> dict[str, JsonValue]:
    return {redact(key).text: _redacted_value(value, redact, key) for key, value in values.items()}


def _unchanged(sample: Sample) -> RedactedSample:
    return RedactedSample(
        sample,
        RedactedText(sample.response),
        [RedactedText(context) for context in sample.contexts],
        [RedactedText(turn.content) for turn in sample.history],
        RedactedText(sample.question),
        RedactedText(sample.reference or ""),
    )
