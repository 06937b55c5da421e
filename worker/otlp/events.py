"""What a span's events say of its step, as the attributes that they would be today.

Older instrumentations put prompts and answers into events: one event with a list, or one for each message.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from assay.worker.records.spans import Attributes, Span

_WITH_ATTRIBUTES = {
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
    "gen_ai.client.inference.operation.details",
}
"""Events whose attributes are those of the span: OpenTelemetry GenAI."""
_MESSAGE = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message")
"""One message that went in: `gen_ai.user.message`."""
_CHOICE = "gen_ai.choice"
"""One answer that came out."""


def told_by_events(span: Span) -> Attributes:
    """Attributes that events tell and the span itself does not."""
    told: Attributes = {}
    given: list[JsonValue] = []
    answered: list[JsonValue] = []
    for event in span.events:
        if event.name in _WITH_ATTRIBUTES:
            told |= event.attributes
        elif event.name == _CHOICE:
            answered.append(dict(event.attributes))
        elif (match := _MESSAGE.fullmatch(event.name)) is not None:
            given.append({"role": match[1], **event.attributes})
    if given:
        told["gen_ai.input.messages"] = given
    if answered:
        told["gen_ai.output.messages"] = answered[0] if len(answered) == 1 else answered
    return {name: value for name, value in told.items() if span.attributes.get(name) in (None, "")}
