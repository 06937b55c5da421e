"""What a server answers and cannot be read is told for itself, and takes nothing else with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceRoot
from assay.worker.store_clients.answers import loads, parsed_text, without_depth
from assay.worker.store_clients.keys import redacted, usable_key
from assay.worker.store_clients.paging import Pages
from assay.worker.store_clients.paths import quoted
from assay.worker.store_clients.rows import fetched, listed
from assay.worker.store_clients.taken import Taken

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def root_of(row: dict[str, Any]) -> TraceRoot | None:
    if "id" not in row:
        return None
    return TraceRoot(trace_id=row["id"], observation_id=row["id"], start=NOON, metadata=row["metadata"])


@pytest.mark.parametrize("levels", [260, 1_200, 5_000, 100_000])
def test_row_that_is_too_deep_leaves_its_neighbours(levels: int) -> None:
    rows = loads(f'[{{"id": "bad", "metadata": {{"a": {nested(levels)}}}}}, {{"id": "good", "metadata": {{}}}}]')
    assert [root.trace_id for root in listed(rows, root_of)] == ["good"]
    bare = listed(rows, root_of, lambda row: {**row, "metadata": without_depth(row["metadata"])})
    assert [root.trace_id for root in bare] == ["bad", "good"]


def test_brackets_within_texts_are_no_depth() -> None:
    content = f'{{"deep": {nested(2_000)}, "text": "[[[ \\" ]"}}'
    assert loads(content.encode())["text"] == '[[[ " ]'


def test_integer_that_is_too_long_is_a_text() -> None:
    row = loads('{"id": "a", "many": ' + "9" * 5_000 + "}")
    assert row["many"].endswith("(5000 digits)")


@pytest.mark.parametrize("content", [b"<html>", b"", b'{"a": 1', "[" * 3_000])
def test_what_is_no_json_is_a_value_error(content: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(content)


def test_half_of_a_surrogate_pair_is_replaced_and_a_pair_is_not() -> None:
    read = loads(b'{"a": ["cut \\ud83d", "whole \\ud83d\\ude00"], "\\udc00": {"b": "\\ude00"}}')
    assert read == {"a": ["cut \ufffd", "whole \U0001f600"], "\ufffd": {"b": "\ufffd"}}


def test_text_that_is_json_is_read_and_one_that_is_too_deep_stays_a_text() -> None:
    assert parsed_text('{"a": 1}') == {"a": 1}
    assert parsed_text("{no json") == "{no json"
    assert parsed_text(nested(300)) == nested(300)
    assert parsed_text(nested(5_000)) == nested(5_000)


def test_reason_of_an_unreadable_trace_holds_nothing_of_it() -> None:
    def make() -> Trace:
        return Trace.model_validate({"root": {"trace_id": "secret content"}})

    error = fetched(make, "t1")
    assert isinstance(error, StoreRejected)
    assert "t1" in str(error)
    assert "secret" not in str(error)


def test_list_that_turns_in_a_circle_is_told() -> None:
    watch = Pages("here")
    watch.turn("a")
    watch.turn("b")
    with pytest.raises(StoreUnavailable, match="here: a list that turns in a circle"):
        watch.turn("a")


def test_list_with_nothing_new_is_told() -> None:
    watch = Pages("here", most_idle=3)
    for number in range(4):
        watch.turn(number, {"same"})
    with pytest.raises(StoreUnavailable, match="4 pages with nothing new"):
        watch.turn(4, {"same"})


@pytest.mark.parametrize("key", ["", " ", "sk-1\n", "sk 1", "sk-\u00e9", "sk\x00"])
def test_key_that_no_header_carries_is_told_by_its_variable(key: str) -> None:
    with pytest.raises(ConfigurationError, match="SOME_KEY") as raised:
        usable_key("SOME_KEY", SecretStr(key))
    assert "sk" not in str(raised.value)


def test_id_is_one_part_of_a_path() -> None:
    assert quoted("../a?b#c\n") == "..%2Fa%3Fb%23c%0A"
    for wrong in ("..", "", "\ud83d", "x" * 100_000):
        with pytest.raises(StoreRejected):
            quoted(wrong)


def test_our_key_is_blacked_out() -> None:
    assert redacted("key Bearer sk-secret is bad", [SecretStr("Bearer sk-secret")]) == "key *** *** is bad"


def test_what_was_taken_of_a_failed_batch_is_not_sent_twice() -> None:
    one, other = (Score(id=i, trace_id="t", name="n", value=0.5, timestamp=NOON) for i in ("1", "2"))
    taken = Taken(most=1)
    taken.note(one)
    assert taken.left([one, other]) == [other]
    assert taken.left([one.model_copy(update={"value": 0.6})]) != []
    taken.forget(["1"])
    assert taken.left([one, other]) == [one, other]
