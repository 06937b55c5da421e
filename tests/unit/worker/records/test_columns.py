"""A column of arrays says the same as the plain values that it stands for."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.records.columns import (
    UNKNOWN_INTEGER,
    CodedColumn,
    Column,
    JsonColumn,
    NumberColumn,
    PlainColumn,
    by_first,
    rows_alike,
    rows_by_code,
    taken,
)

NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0]), st.floats(allow_nan=False))
WHOLE = st.one_of(st.none(), st.sampled_from([0, 1]), st.integers(-(2**63) + 1, 2**63 - 1))
NAMES = st.one_of(st.none(), st.sampled_from(["a", "b", ""]))


def number_column(values: Sequence[float | None]) -> NumberColumn:
    return NumberColumn(np.array(values, dtype=np.float64))


def whole_column(values: Sequence[int | None]) -> NumberColumn:
    return NumberColumn(np.array([UNKNOWN_INTEGER if value is None else value for value in values], dtype=np.int64))


def coded_column(values: Sequence[Any]) -> CodedColumn:
    """With two codes for each value, as names have that are shared by rows which differ in others."""
    known = list(dict.fromkeys(values)) * 2
    codes = [known.index(value) + (row % 2) * len(known) // 2 for row, value in enumerate(values)]
    return CodedColumn(np.array(codes, dtype=np.int64), known)


def assert_same(column: Column, values: Sequence[Any]) -> None:
    assert len(column) == len(values)
    assert list(map(repr, column)) == list(map(repr, values))  # which tells 0 from -0
    assert list(map(repr, column[1:3])) == list(map(repr, values[1:3]))
    assert [repr(column[row]) for row in range(len(values))] == list(map(repr, values))
    codes, known = column.coded()
    assert [known[code] for code in codes.tolist()] == list(values)
    assert column.mapped(str) == list(map(str, column))


@given(st.lists(st.one_of(st.none(), st.dictionaries(NAMES, NAMES, max_size=2)), min_size=1))
def test_mappings_have_codes_though_they_have_no_hash(values: list[dict[str, str] | None]) -> None:
    assert_same(PlainColumn([*values, {}, values[0]]), [*values, {}, values[0]])


@given(st.lists(NUMBERS))
def test_numbers_are_the_plain_values(values: list[float | None]) -> None:
    column = number_column(values)
    assert_same(column, values)
    for told in (column, PlainColumn(values)):
        assert [None if math.isnan(value) else value for value in told.floats()] == values


@given(st.lists(WHOLE))
def test_whole_numbers_are_the_plain_values(values: list[int | None]) -> None:
    column = whole_column(values)
    assert_same(column, values)
    for told in (column, PlainColumn(values)):
        assert np.array_equal(told.integers(), column.values)
        assert np.array_equal(told.floats(), np.array(values, dtype=np.float64), equal_nan=True)


@given(st.lists(st.one_of(st.none(), st.booleans())))
def test_truth_values_are_numbers_too(values: list[bool | None]) -> None:
    assert_same(coded_column(values), values)
    assert np.array_equal(coded_column(values).floats(), PlainColumn(values).floats(), equal_nan=True)
    assert np.array_equal(coded_column(values).integers(), PlainColumn(values).integers())


@given(st.lists(st.tuples(NAMES, NAMES, st.one_of(st.none(), st.integers(0, 2))), min_size=1))
def test_rows_that_agree_in_all_columns_have_one_code(rows: list[tuple[Any, ...]]) -> None:
    first, second, third = map(list, zip(*rows, strict=True))
    codes, both = coded_column(list(zip(first, second, strict=True))).coded()
    shared = [CodedColumn(codes, [values[at] for values in both]) for at in (0, 1)]
    different: list[list[Column]] = [
        [*shared, PlainColumn(third)],
        [*shared, whole_column(third)],
        [PlainColumn(first), coded_column(second), PlainColumn(third)],
    ]
    for columns in different:
        numbers, tuples = rows_alike(columns)
        assert [tuples[number] for number in numbers.tolist()] == rows
        assert len(set(tuples)) == len(tuples)
        for number, own in enumerate(rows_by_code(numbers, len(tuples))):
            assert own.tolist() == [row for row, values in enumerate(rows) if values == tuples[number]]
    assert rows_alike(shared)[1] == list(dict.fromkeys(both[code][:2] for code in range(len(both))))


@given(
    st.lists(st.tuples(NAMES, NUMBERS, WHOLE, st.lists(st.integers(), max_size=2)), min_size=1, max_size=12),
    st.data(),
)
def test_some_rows_say_what_they_said_among_all(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    some = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1)))
    names, floats, whole, lists = map(list, zip(*rows, strict=True))
    codes, both = coded_column(list(zip(names, floats, strict=True))).coded()
    columns: dict[str, Column] = {
        "names": CodedColumn(codes, [name for name, _ in both]),
        "same": CodedColumn(codes, [number for _, number in both]),
        "floats": number_column(floats),
        "whole": whole_column(whole),
        "json": JsonColumn([json.dumps(value) for value in lists]),
        "plain": PlainColumn(names),
    }
    told = taken(columns, np.array(some))
    for name, expected in (("names", names), ("same", floats), ("whole", whole), ("json", lists), ("plain", names)):
        assert list(told[name]) == [expected[row] for row in some]
    assert told["names"].coded()[0] is told["same"].coded()[0]
    assert len(told["names"].coded()[1]) == len(set(codes[some].tolist()))


@pytest.mark.parametrize(
    "column", [PlainColumn(), number_column([]), whole_column([]), CodedColumn(np.zeros(0, int), [])]
)
def test_no_rows_are_no_codes(column: Column) -> None:
    assert_same(column, [])
    assert [len(part) for part in rows_alike([column, PlainColumn()])] == [0, 0]


def test_one_list_or_mapping_is_mapped_once() -> None:
    asked: list[Any] = []
    shared: list[str] = ["a"]

    def cell(value: Any) -> str:
        asked.append(value)
        return str(value)

    assert PlainColumn([shared, shared, None]).mapped(cell) == ["['a']", "['a']", "None"]
    assert asked == [shared, None]


@given(st.lists(st.one_of(st.integers(0, 9), st.integers(-(2**63), 2**63 - 1))), st.booleans())
def test_codes_follow_the_first_rows(numbers: list[int], is_sorted: bool) -> None:
    values = sorted(set(numbers)) if is_sorted else numbers
    first, codes = by_first(np.array(values, dtype=np.int64))
    known = list(dict.fromkeys(values))
    assert [values[row] for row in first.tolist()] == known
    assert first.tolist() == [values.index(value) for value in known]
    assert [known[code] for code in codes.tolist()] == values


JSON = st.one_of(
    st.none(),
    st.sampled_from([[], {}, ["a"], {"why": "passed"}, {"half": "\ud83d"}, {"large": 2**70}]),
    st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False), max_size=3),
)


@given(st.lists(JSON))
def test_json_is_what_pythons_own_reader_takes_it_for(values: list[Any]) -> None:
    column = JsonColumn([None if value is None else json.dumps(value) for value in values])
    codes, known = column.coded()
    assert list(column) == column[:] == [known[code] for code in codes.tolist()] == values
    assert column.mapped(repr) == list(map(repr, values))


def test_equal_json_is_read_once() -> None:
    seen: list[Any] = []
    assert JsonColumn(["[1]", None, "[1]"]).mapped(seen.append) == [None] * 3
    assert sorted(seen, key=repr) == sorted([None, [1]], key=repr)
