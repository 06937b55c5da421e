"""The schema of one call: it admits the replies that can be used on this call, and no other table."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.llm.grounding.exact_schema import exact_schema
from assay.judges.llm.grounding.numbering import GroundingLimits, ResponsePart, divide
from assay.judges.llm.grounding.reply import REPLY_SCHEMA, parse_reply
from tests.builders import make_sample

FAULT = {"severity": "minor", "fragment": None, "reason": None}


def part_of(sentences: int, lines: int) -> ResponsePart:
    contexts = tuple(f"Line {number} says a thing about {number}." for number in range(lines))
    response = " ".join(f"Sentence number {number} says so." for number in range(sentences))
    return divide(make_sample(contexts=contexts, response=response), GroundingLimits())[0]


def reply_of(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "answer", "sentences": list(entries)}


@st.composite
def replies(draw: st.DrawFn, part: ResponsePart) -> dict[str, Any]:
    lines = st.lists(st.sampled_from(sorted(part.evidence)), min_size=1, max_size=3)
    entries: list[dict[str, Any]] = []
    for number in part.sentences:
        p = draw(st.integers(min_value=50, max_value=100))
        shapes: tuple[dict[str, Any], ...] = (
            {"supported": number, "evidence": draw(lines), "p": p},
            {"contradicted": number, "evidence": draw(lines), "p": p, **FAULT},
            {"not_found": number, "p": p, **FAULT},
            {"not_checkworthy": number},
        )
        entries.append(draw(st.sampled_from(shapes)))
    return reply_of(*entries)


PART = part_of(3, 4)


@settings(max_examples=50)
@given(replies(PART))
def test_every_table_on_these_sentences_fits_and_can_be_read(reply: dict[str, Any]) -> None:
    jsonschema.validate(reply, exact_schema(PART))
    jsonschema.validate(reply, REPLY_SCHEMA)
    assert [entry.n for entry in parse_reply(json.dumps(reply), PART.sentences).entries] == list(PART.sentences)


FIRST, SECOND = ({"supported": 1, "evidence": [1], "p": 97}, {"not_checkworthy": 2})


@pytest.mark.parametrize(
    "reply",
    [
        reply_of(FIRST),
        reply_of(FIRST, SECOND, {"not_checkworthy": 3}),
        reply_of(SECOND, FIRST),
        reply_of(FIRST, FIRST),
        reply_of({**FIRST, "evidence": [9]}, SECOND),
        reply_of({**FIRST, "evidence": []}, SECOND),
        reply_of({**FIRST, "evidence": [1, 2, 1, 2]}, SECOND),
        reply_of({**FIRST, "p": 101}, SECOND),
        reply_of({**FIRST, "p": 12}, SECOND),
        {"kind": "refusal", "sentences": [FIRST, SECOND]},
    ],
)
def test_no_other_table_fits(reply: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(exact_schema(part_of(2, 2))).is_valid(reply)


def test_without_evidence_nothing_can_be_cited() -> None:
    part = part_of(2, 0).model_copy(update={"evidence": {}})
    written = json.dumps(exact_schema(part))
    assert "evidence" not in written
    assert "$defs" not in written
    assert "not_found" in written


def test_schema_grows_with_the_sentences_and_not_with_their_product_with_the_lines() -> None:
    """Named at each sentence, 300 lines would make 90 kB of a call with 40 sentences."""
    sizes = {lines: len(json.dumps(exact_schema(part_of(40, lines)))) for lines in (1, 300)}
    assert sizes[300] - sizes[1] < 2_000
    assert sizes[300] < 1_500 * 40


def test_list_is_closed_by_its_length_alone() -> None:
    """llama.cpp refuses `items: false`."""
    sentences = exact_schema(part_of(2, 1))["properties"]["sentences"]
    assert "items" not in sentences
    assert sentences["minItems"] == sentences["maxItems"] == len(sentences["prefixItems"]) == 2
