"""Files of the record: every row with every column, in types that no reader has to guess."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import sys
from datetime import datetime

import pytest
from pyarrow import parquet

from assay.judges.errors import ConfigurationError
from assay.worker.records.history import HistoryRow, moment_of
from assay.worker.records.history_columns import COLUMN_KINDS
from assay.worker.reporting.export.csv_rows import CsvRows
from assay.worker.reporting.export.json_lines import JsonLines
from assay.worker.reporting.export.parquet_file import ParquetFile
from assay.worker.reporting.export.row_files import RowFile, write_rows
from assay.worker.state.memory.history import memory_history
from tests.contract.history.making import EVER, full_row, row

ROWS = [row("bare"), full_row("full"), row("zeros", attempts=0, risk=0.0, cost_usd=0.0, calibrated=False, tags=("",))]


def written(file: RowFile, rows: list[HistoryRow]) -> int:
    async def main() -> int:
        record = memory_history()
        await record.writer.write(rows)
        return await write_rows(record.reader, EVER, file)

    return asyncio.run(main())


def by_trace(rows: list[HistoryRow]) -> list[HistoryRow]:
    return sorted(rows, key=lambda known: (known.started_at, known.trace_id))


def test_the_columns_are_the_fields_of_a_row_by_their_types() -> None:
    assert list(COLUMN_KINDS) == list(HistoryRow.model_fields)
    kinds = {kind: [name for name in COLUMN_KINDS if COLUMN_KINDS[name] == kind] for kind in COLUMN_KINDS.values()}
    assert kinds["moment"] == ["started_at", "ended_at", "selected_at", "changed_at"]
    assert kinds["texts"] == ["tags", "rule_hits"]
    assert kinds["json"] == ["scores", "worst", "screening", "unanswered"]
    assert kinds["truth"] == ["calibrated", "degraded", "needs_review", "from_store"]
    assert "pi" in kinds["number"]
    assert "pi2" in kinds["number"]
    assert "attempts" in kinds["integer"]
    assert {"sample", "state", "session_id"} < set(kinds["text"])


def test_json_lines_are_the_rows_themselves() -> None:
    stream = io.StringIO()
    assert written(JsonLines(stream), ROWS) == 3
    assert stream.getvalue().isascii(), "nothing in it drives a terminal"
    lines = stream.getvalue().splitlines()
    assert [HistoryRow.model_validate_json(line) for line in lines] == by_trace(ROWS)
    assert list(json.loads(lines[0])) == list(HistoryRow.model_fields)


def test_csv_tells_what_is_unknown_from_what_is_empty_or_zero() -> None:
    stream = io.StringIO()
    assert written(CsvRows(stream), ROWS) == 3
    header, *lines = list(csv.reader(io.StringIO(stream.getvalue())))
    assert header == list(HistoryRow.model_fields)
    bare, zeros, full = (dict(zip(header, line, strict=True)) for line in lines)
    assert (bare["risk"], zeros["risk"], full["risk"]) == ("", "0.0", str(1 / 3))
    assert (bare["calibrated"], zeros["calibrated"], full["calibrated"]) == ("", "false", "true")
    assert json.loads(full["scores"]) == {"grounding_state": "judged", "helpfulness": 0.25}
    assert (json.loads(full["tags"]), json.loads(zeros["tags"])) == (["a", "ü"], [""])
    assert datetime.fromisoformat(full["started_at"]) == full_row().started_at
    assert ',"",' in stream.getvalue(), "an empty text is quoted"


@pytest.mark.parametrize("name", ["=1+1", "-2+3", "@SUM(A1)", "\t=1", '"=1', "＝1+1", 'a"b\nc', "+cmd|' /C calc'!A0"])
def test_a_spreadsheet_takes_no_name_for_a_formula(name: str) -> None:
    stream = io.StringIO()
    written(CsvRows(stream), [row("t", session_id=name, use_case=name, tags=(name,))])
    _, cells = list(csv.reader(io.StringIO(stream.getvalue())))
    assert len(cells) == len(HistoryRow.model_fields)
    assert not [cell for cell in cells if re.match(r"[\s\"]*[-=+@＝]", cell)]


def test_parquet_has_types_of_its_own() -> None:
    stream = io.BytesIO()
    assert written(ParquetFile(stream), ROWS) == 3
    table = parquet.read_table(io.BytesIO(stream.getvalue()))
    assert table.column_names == list(HistoryRow.model_fields)
    types = {field.name: str(field.type) for field in table.schema}
    told = [types[name] for name in ("started_at", "tags", "scores", "attempts", "risk", "calibrated")]
    assert told == ["timestamp[us, tz=UTC]", "list<element: string>", "string", "int64", "double", "bool"]
    for values, expected in zip(table.to_pylist(), by_trace(ROWS), strict=True):
        for name in ("scores", "worst", "screening", "unanswered"):
            values[name] = None if values[name] is None else json.loads(values[name])
        assert HistoryRow.model_validate(values) == expected


def test_a_file_without_rows_has_its_columns_all_the_same() -> None:
    binary, text = io.BytesIO(), io.StringIO()
    assert written(ParquetFile(binary), []) == 0
    assert written(CsvRows(text), []) == 0
    assert parquet.read_table(io.BytesIO(binary.getvalue())).column_names == list(HistoryRow.model_fields)
    assert text.getvalue() == ",".join(HistoryRow.model_fields) + "\n"


def test_a_missing_pyarrow_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'assay-fleet\[parquet\]', or take csv or jsonl"):
        ParquetFile(io.BytesIO())


def test_a_moment_of_a_column_is_the_moment_of_the_row() -> None:
    assert moment_of(1_795_996_800_000_001).isoformat() == "2026-11-30T00:00:00.000001+00:00"
