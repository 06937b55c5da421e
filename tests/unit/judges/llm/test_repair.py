"""A reply that was cut off: its object may have been a quotation, where the model had more to say."""

from __future__ import annotations

import pytest

from assay.judges.errors import InvalidVerdict
from assay.judges.llm.repair import parse_whole
from assay.judges.models.base import Reply
from assay.judges.schema import Usage

OBJECT = '{"a": [1]}'


def parsed(text: str, finish_reason: str) -> str:
    reply = Reply(text=text, finish_reason=finish_reason, usage=Usage(calls=1), model_served="m", latency_s=0.0)
    return parse_whole(reply, str.strip, "say less")


@pytest.mark.parametrize(
    "text", [OBJECT, f"So: {OBJECT}", f"{OBJECT} I hope this helps, as", f"```json\n{OBJECT}\n```"]
)
def test_object_that_was_whole_is_read(text: str) -> None:
    assert parsed(text, "length") == text


@pytest.mark.parametrize(
    "text", [f"It says {OBJECT}, but I say", f'{OBJECT}"', f'{OBJECT}"}},{{"not', f"R: {OBJECT} no"]
)
def test_object_that_may_have_been_a_quotation_is_not(text: str) -> None:
    with pytest.raises(InvalidVerdict, match="cut off at its token limit"):
        parsed(text, "length")
    assert parsed(text, "stop") == text
