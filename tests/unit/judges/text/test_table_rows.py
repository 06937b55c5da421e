"""Rows of tables and records as a text writes them."""

from __future__ import annotations

import pytest

from assay.judges.text.records import tables_of


@pytest.mark.parametrize("letters", [1, 20, 41])
def test_a_label_may_be_long_and_stand_behind_a_mark_of_a_list(letters: int) -> None:
    first, second = "A" * letters, "B" * letters
    text = f"Prices.\n  - {first}: $9 a month.\n  - {second}: $29 a month."
    rows = [[row.cells["key"] for row in table] for table in tables_of(text)]
    assert [first, second] in rows


def test_a_longer_label_is_none() -> None:
    text = f"Prices.\n{'A' * 42}: $9 a month.\n{'B' * 42}: $29 a month."
    assert list(tables_of(text)) == []


def test_lines_of_prose_are_no_rows_of_cells() -> None:
    text = "First, we walk,\nthen, we rest.\nlast, we eat:\n"
    assert list(tables_of(text)) == []


def test_lines_of_as_many_short_cells_are() -> None:
    (table,) = tables_of("plan,price\nbasic,9\npro,29")
    assert [row.cells for row in table] == [{"plan": "basic", "price": "9"}, {"plan": "pro", "price": "29"}]
