"""A trace may be named anything. No row is refused for it: it would be tried for ever, and all behind it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.ports.history import History
from assay.worker.records.storable import (
    MOST_CHARACTERS,
    MOST_ENTRIES,
    MOST_JSON,
    storable_json,
    storable_text,
)
from tests.contract.history.making import EVER, columns, row, run_on, trace_ids

HOSTILE = {
    "NUL": "a\x00b",
    "half of a surrogate pair": "\ud83d",
    "an emoji": "👩🏽‍🚀",
    "a megabyte": "n" * 1_000_000,
    "a megabyte of four bytes each": "🚀" * 250_000,
    "what cannot be compressed": "".join(chr(0x10000 + 7919 * number % 0xFFFF) for number in range(1_000)),
    "controls": "\x1b[2J\r\n\x7f\x85",
    "SQL": "'; DROP TABLE history; --",
    "a parameter": ":x %s %(x)s ? $1",
    "nothing": "",
    "a non-character": "\ufffe\uffff",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_text_is_stored_in_every_field(place: str, text: str) -> None:
    hostile = row(
        text,
        use_case=text,
        rubric=text,
        session_id=text,
        reason=text,
        tags=(text,) * 3,
        scores={text: text, "x": 0.5},
        worst={text: [text, {text: None}]},
    )

    async def check(record: History) -> None:
        await record.writer.write([hostile, row("plain")])
        (stored,) = await record.reader.rows_of(text)
        assert stored == hostile or stored.trace_id == storable_text(text)
        assert await trace_ids(record.reader, EVER.model_copy(update={"use_cases": (text,)})) == [stored.trace_id]
        assert (await columns(record.reader, ["scores"]))["scores"][0 if text < "plain" else 1] == stored.scores
        await record.writer.write([hostile])
        assert len(await trace_ids(record.reader)) == 2

    run_on(place, check)


def test_numbers_that_no_column_holds_are_unknown(place: str) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row(cost_usd=math.inf, duration_s=math.nan, input_tokens=2**70, judge_calls=7)])
        (stored,) = await record.reader.rows_of("t1")
        assert (stored.cost_usd, stored.duration_s, stored.input_tokens, stored.judge_calls) == (None, None, None, 7)

    run_on(place, check)


@given(st.text(st.characters(), max_size=2 * MOST_CHARACTERS))
def test_what_is_stored_has_a_bounded_length_and_can_be_encoded(text: str) -> None:
    stored = storable_text(text)
    assert len(stored) <= MOST_CHARACTERS
    assert "\x00" not in stored
    stored.encode()
    assert storable_text(stored) == stored
    if len(text) <= MOST_CHARACTERS and stored != text:
        assert "\ufffd" in stored


def test_long_texts_that_differ_at_the_end_stay_unlike() -> None:
    assert storable_text("x" * 2_000 + "a") != storable_text("x" * 2_000 + "b")


def test_json_is_bounded_in_every_direction() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    assert json.loads(storable_json(deep)) == [[[[[[[[[]]]]]]]]]
    wide = {str(number): ["y" * 300] * 300 for number in range(300)}
    assert len(storable_json(wide)) <= MOST_JSON
    assert json.loads(storable_json({"flag": True, "number": math.nan})) == {"flag": True, "number": None}
    assert json.loads(storable_json(tuple(map(str, range(1_000))))) == [str(number) for number in range(MOST_ENTRIES)]
