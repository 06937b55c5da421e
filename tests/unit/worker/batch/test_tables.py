"""Tables of samples: CSV in the forms that programs write, Parquet, and what is wrong with them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.batch.reading import RawLine, open_samples
from assay.worker.batch.row_lines import line_of_row
from assay.worker.records.jsonl import BadLine


def read(path: Path) -> list[Any]:
    with open_samples(path) as source:
        return [json.loads(line.content) if isinstance(line, RawLine) else line for line in source]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_by_any_usual_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'\ufeffid{delimiter}question{delimiter}response\r\nx{delimiter}"a\nb"{delimiter}"say ""so"""\r\n')
    assert read(path) == [{"id": "x", "question": "a\nb", "response": 'say "so"'}]


def test_packed_csv_rows_without_id_and_cells_without_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b'question,contexts,response\nq,"[""one"", ""two""]",r\n\nq,[no JSON,\n'))
    assert read(path) == [
        {"id": 1, "question": "q", "contexts": ["one", "two"], "response": "r"},
        {"id": 2, "question": "q", "contexts": "[no JSON"},
    ]


def test_csv_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    empty, latin = tmp_path / "empty.csv", tmp_path / "latin.csv"
    empty.write_text("")
    latin.write_bytes("question,response\nwie,für\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"empty\.csv: has no header"):
        read(empty)
    assert isinstance(read(latin)[-1], BadLine)
    assert "UTF-8" in str(read(latin)[-1])


def test_parquet_is_read_with_lists_and_moments(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    moment = datetime(2026, 11, 30, tzinfo=UTC)
    rows = [{"id": n, "contexts": ["a", "b"], "response": "r", "at": moment, "none": None} for n in range(600)]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    lines = read(tmp_path / "a.parquet")
    assert len(lines) == 600
    assert lines[599] == {"id": 599, "contexts": ["a", "b"], "response": "r", "at": moment.isoformat()}


def test_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    path.write_text("no")
    with pytest.raises(ConfigurationError, match=r"a\.parquet: .*readable Parquet file"):
        read(path)


def test_values_of_frames_become_json() -> None:
    line = line_of_row(3, {"price": Decimal("1.5"), "raw": b"x", "set": {1}, "nan": float("nan"), None: 1})  # type: ignore[dict-item]
    assert isinstance(line, RawLine)
    assert json.loads(line.content) == {"id": 3, "price": 1.5, "raw": "x", "set": [1]}


class Level(Enum):
    HIGH = 3


def fields_of(**row: Any) -> Any:
    line = line_of_row(1, row)
    assert isinstance(line, RawLine), line
    return json.loads(line.content)


circular: list[Any] = []
circular.append(circular)


ODD_VALUES: dict[str, tuple[Any, Any]] = {
    "uuid": (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "duration": (timedelta(seconds=1), "0:00:01"),
    "path": (Path("a"), "a"),
    "enum": (Level.HIGH, 3),
    "complex": (1j, "1j"),
    "mapping": ({"of": {(1, 2): float("nan")}}, {"of": {"(1, 2)": None}}),
    "infinite": ([1.0, float("inf")], [1.0, None]),
    "surrogate": ("half \ud83d", "half \ufffd"),
    "object": (object(), None),
    "circular": (circular, None),
    "digits": (10**5000, None),
    "decimal": (Decimal("sNaN"), None),
}
"""Values by what they are, and what is kept of them."""


@pytest.mark.parametrize(("value", "kept"), ODD_VALUES.values(), ids=ODD_VALUES)
def test_column_that_nobody_judges_never_costs_its_row(value: Any, kept: Any) -> None:
    assert fields_of(response="r", extra=value).get("extra") == kept


def test_odd_value_in_a_field_of_the_sample_is_refused_by_its_name() -> None:
    for column, value in (("response", object()), ("contexts", [UUID(int=1)]), ("contexts", circular)):
        line = line_of_row(4, {"response": "r", column: value})
        assert isinstance(line, BadLine)
        assert (line.number, line.key) == (4, column)
        assert "give text, numbers, lists and mappings" in line.remedy
    assert fields_of(contexts=[{"text": "a", "score": float("nan"), "key": UUID(int=0)}])["contexts"] == [
        {"text": "a", "score": None, "key": str(UUID(int=0))}
    ]
    assert "output" not in fields_of(output=UUID(int=1))  # its text must not be taken for the answer


def test_ids_of_frames_are_taken() -> None:
    assert fields_of(id=UUID(int=7))["id"] == str(UUID(int=7))
    assert fields_of(id=3.0)["id"] == 3


HEADER = "id,question,contexts,response\n"


def read_text(tmp_path: Path, text: str | bytes, name: str = "a.csv") -> list[Any]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path)


def test_row_with_a_cell_too_many_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = read_text(tmp_path, HEADER + 'a,q,c,In 1932, by the Premier.\nb,"q, too",c,r\n')
    assert str(rows[0]) == "line 1: has 5 cells, the header 4; put cells that hold the delimiter in quotes"
    assert rows[1]["question"] == "q, too"


def test_rows_as_spreadsheets_write_them_are_taken(tmp_path: Path) -> None:
    rows = read_text(tmp_path, HEADER + 'a,q,c,r,, \nb,q\nc,q,,say "so"\n')
    assert rows[0] == {"id": "a", "question": "q", "contexts": "c", "response": "r"}
    assert rows[1] == {"id": "b", "question": "q"}
    assert rows[2] == {"id": "c", "question": "q", "response": 'say "so"'}
    told = read_text(tmp_path, '\nsep=;\n"question, as asked";response\nq;r, and more\n')
    assert told == [{"id": 1, "question, as asked": "q", "response": "r, and more"}]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('b,q,c,"In 1932.\nc,q,c,r\n', "a quote in the row from line 3 of the file on is not closed"),
        ('b,q,c,"In 1932.\nc,q,c,"r"\n', "in the row from line 3 of the file on text stands behind a closing quote"),
    ],
    ids=["to the end", "to another quote"],
)
def test_quote_that_is_not_closed_swallows_no_rows_unsaid(tmp_path: Path, row: str, why: str) -> None:
    first, last = read_text(tmp_path, HEADER + "a,q,c,r\n" + row)
    assert first["id"] == "a"
    assert isinstance(last, BadLine)
    assert last.number == 2
    assert why in last.remedy
    assert "the rest is not read" in last.remedy


def test_column_that_stands_twice_is_refused_where_it_is_read(tmp_path: Path) -> None:
    for header in ("response,Q,response", "user_input,user_input,response", "label,label,response"):
        with pytest.raises(ConfigurationError, match=r"a\.csv: column '\w+' stands twice; rename or remove"):
            read_text(tmp_path, header + "\na,b,c\n")
    assert read_text(tmp_path, "note,note,response\na,b,c\n")[0]["response"] == "c"
    assert read_text(tmp_path, "input,input,response\na,b,c\n")[0]["response"] == "c"


def test_column_of_a_parquet_file_that_stands_twice_is_refused(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table([["a"], ["b"]], names=["response", "response"]), tmp_path / "a.parquet")
    with pytest.raises(ConfigurationError, match=r"a\.parquet: column 'response' stands twice"):
        read(tmp_path / "a.parquet")


def test_moment_that_python_cannot_hold_costs_no_file(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    at = arrow.array([2**62, 2], arrow.timestamp("us"))
    table = arrow.table({"response": ["r", "s"], "at": at, "all": arrow.array([[2**62], [2]], arrow.list_(at.type))})
    parquet.write_table(table, tmp_path / "a.parquet")
    odd, good = read(tmp_path / "a.parquet")
    assert odd["response"] == "r"
    assert "out of range" in odd["at"]
    assert good == {"id": 2, "response": "s", "at": "1970-01-01T00:00:00.000002", "all": [good["at"]]}


def test_bytes_that_are_no_utf8_cost_their_own_row(tmp_path: Path) -> None:
    rows = read_text(tmp_path, b"id,response\na,r\nb,Der Pr\xe4sident\nc,r\n")
    assert [row["id"] for row in rows if not isinstance(row, BadLine)] == ["a", "c"]
    assert str(rows[1]) == "line 2: no UTF-8 (byte 0xe4); save the file as UTF-8"
    with pytest.raises(ConfigurationError, match=r"a\.csv: header: no UTF-8 \(byte 0xfc\)"):
        read_text(tmp_path, b"r\xfcckfrage,response\na,r\n")


def test_answers_in_json_stay_text_and_lists_of_passages_do_not(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, 'response,retrieved_contexts,note\n"{""year"": 1932}","[""a""]",[1]\n')
    assert row == {"id": 1, "response": '{"year": 1932}', "retrieved_contexts": ["a"], "note": "[1]"}
    deep = read_text(tmp_path, "response,contexts\nr," + "[" * 100_000 + "\n")
    assert deep[0]["response"] == "r"


def test_limit_that_another_thread_sets_for_csv_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,response\na,r\nb," + "long " * 100 + "\nc,r\n")
    before = csv.field_size_limit()
    try:
        with open_samples(tmp_path / "a.csv") as source:
            lines = iter(source)
            next(lines)
            csv.field_size_limit(100)
            assert all(isinstance(line, RawLine) for line in lines)
        assert csv.field_size_limit() == 100
    finally:
        csv.field_size_limit(before)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\n[{"), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: Sequence[Any]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "response"])
    writer.writerows(rows)
    path = tmp_path_factory.getbasetemp() / "property.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    expected: list[Mapping[str, Any]] = [
        {"id": n, **{k: v for k, v in zip(("question", "response"), row, strict=True) if v}}
        for n, row in enumerate(rows, 1)
    ]
    assert read(path) == expected
