"""JSON that others wrote: what the standard does not allow, or nobody can read, is a fault with a name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.strict_json import NotJson, TooDeep, strict_loads, unfenced

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_json_is_read_as_it_was_written(value: object) -> None:
    text = json.dumps(value)
    assert strict_loads(text) == value
    assert strict_loads(unfenced(f"\n```JSON\n{text}\n```\n")) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value at character 0"),
        ('{"a": 1} and more', "Extra data"),
        ('{"a": 1, "a": 2}', "same key twice"),
        ('[{"b": {"a": 1, "a": 1}}]', "same key twice"),
        ("[NaN]", "NaN is not a number"),
        ("-Infinity", "-Infinity is not a number"),
        ("1e400", "too large"),
        ('{"p": -1e999}', "too large"),
        ("9" * 5_000, "too long"),
    ],
)
def test_what_the_decoder_lets_pass_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotJson, match=said):
        strict_loads(text)


def test_nesting_beyond_what_can_be_read_is_told_apart() -> None:
    with pytest.raises(TooDeep):
        strict_loads("[" * 200_000)


def test_a_fence_around_a_part_is_no_fence() -> None:
    assert unfenced("so:\n```json\n{}\n```") == "so:\n```json\n{}\n```"
