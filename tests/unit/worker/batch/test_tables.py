"""Tables of samples: CSV in the forms that programs write, Parquet, and what is wrong with them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.batch.reading import RawLine, open_samples
from assay.worker.batch.tables import line_of_row
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
    assert isinstance(line_of_row(1, {"thing": object()}), BadLine)
    assert isinstance(line_of_row(1, {"deep": {"infinite": float("inf")}}), BadLine)


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
