"""Tables as people have them: CSV of spreadsheets and data frames, JSON lines, JSON lists."""

from __future__ import annotations

import codecs
import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.setup.golden_set import tables
from assay.worker.setup.golden_set.tables import Table, read_table

ROWS = [
    ["id", "question", "context"],
    ["a", "How much, and when?", 'He said "ten;\tno, twelve|"\nand left.'],
    ["b", "Ü?", "x"],
]
CELL = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\x00"), max_size=12)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def as_csv(rows: list[list[str]], delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


def cells(table: Table) -> list[list[str]]:
    return [list(table.columns), *[[row.values[column] for column in table.columns] for row in table.rows]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_every_dialect_gives_the_same_cells(
    tmp_path: Path, delimiter: str, end: str, mark: bytes, quoting: int
) -> None:
    path = written(tmp_path / "q.csv", mark + as_csv(ROWS, delimiter, end, quoting).encode())
    table = read_table(path)
    assert cells(table) == ROWS
    assert table.delimiter == delimiter


@given(rows=st.lists(st.tuples(CELL.filter(lambda text: bool(text.strip())), CELL), min_size=1, max_size=5))
def test_whatever_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = written(tmp_path_factory.getbasetemp() / "any.csv", as_csv([["question", "context"], *map(list, rows)]))
    assert cells(read_table(path))[1:] == [list(row) for row in rows]


def test_the_lines_that_rows_begin_at_are_known(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "q.csv", "\n" + as_csv(ROWS)))
    assert [row.number for row in table.rows] == [3, 5]


def test_a_short_row_lacks_its_last_cells_and_a_column_without_a_name_has_a_number(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "q.csv", ",question,context\n0,When?\n"))
    assert table.columns == ("column 1", "question", "context")
    assert table.rows[0].values == {"column 1": "0", "question": "When?"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "q.csv",
            "question,context\nWhen, and where?,x\n",
            "line 2: has 3 cells, the header 2; put cells that hold ','",
        ),
        ("q.csv", 'question,context\n"When?,x\n', "line 2: no CSV"),
        ("q.csv", "question,question\na,b\n", "column 'question' stands twice"),
        ("q.csv", "", "file: is empty"),
        ("q.csv", "question,context\n", "has no rows below its header"),
        ("q.csv", "question\nWhen?".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (
            "q.csv",
            "question\nfine\nGebühr?".encode("latin-1"),
            "line 3: is not UTF-8 (byte 0xfc); save it as CSV UTF-8",
        ),
        ("q.xlsx", b"PK", "is a spreadsheet; save the sheet as CSV UTF-8"),
        ("q.parquet", b"PAR1", "is parquet; write it as CSV or JSON lines"),
        ("q.jsonl", '{"question": "a"}\n{"question"\n', "line 2: no JSON"),
        ("q.jsonl", "[1]\n", "line 1: no object"),
        ("q.json", '{"a": 1}', "holds no list of objects"),
        ("q.json", "{", "no JSON"),
        ("q.json", '{"schema": 1, "counts": {}, "answers": [{"trace_id": "x"}]}', "use --from-flagged"),
        ("absent.csv", None, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_with_the_line_and_the_remedy(
    tmp_path: Path, name: str, content: str | bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        written(path, content)
    with pytest.raises(ConfigurationError) as refused:
        read_table(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([{"question": "a"}, {"question": "b", "answer": "c"}]),
        json.dumps({"examples": [{"question": "a"}, {"question": "b", "answer": "c"}]}),
        json.dumps({"question": ["a", "b"], "answer": [None, "c"]}),
    ],
)
def test_json_is_taken_in_the_usual_forms(tmp_path: Path, content: str) -> None:
    table = read_table(written(tmp_path / "q.json", content))
    assert table.columns == ("question", "answer")
    assert [row.values["question"] for row in table.rows] == ["a", "b"]


def test_json_lines_may_have_marks_and_line_ends_of_windows(tmp_path: Path) -> None:
    path = written(tmp_path / "q.jsonl", codecs.BOM_UTF8 + b'{"question": "a"}\r\n\r\n{"question": "b"}\r\n')
    assert [row.number for row in read_table(path).rows] == [1, 3]


def test_a_table_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    path = written(tmp_path / "q.csv", "question\n" + "x\n" * 4)
    with pytest.raises(ConfigurationError, match="more than 3 rows"):
        read_table(path)
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(ConfigurationError, match="larger than"):
        read_table(path)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_by_which_excel_tells_the_separator_is_no_header(tmp_path: Path, sign: str, end: str) -> None:
    text = f"sep={sign}{end}" + as_csv(ROWS, sign, end)
    table = read_table(written(tmp_path / "t.csv", codecs.BOM_UTF8 + text.encode()))
    assert cells(table)[0] == ROWS[0]
    assert (table.rows[0].number, table.delimiter) == (3, sign)


@pytest.mark.parametrize("sign", [",", ";"])
def test_lines_above_the_header_are_told_with_its_line(tmp_path: Path, sign: str) -> None:
    path = written(tmp_path / "t.csv", "Export of 2026-11-01\n\n" + as_csv(ROWS, sign))
    with pytest.raises(ConfigurationError, match=r"line 1: no header: that stands on line 3; remove what is above"):
        read_table(path)


def test_a_header_that_nobody_knows_is_a_header_all_the_same(tmp_path: Path) -> None:
    assert read_table(written(tmp_path / "t.csv", "alpha,beta\nquestion,x\n1,2\n")).columns == ("alpha", "beta")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_utf_16_without_a_mark_is_named(tmp_path: Path, encoding: str, name: str) -> None:
    path = written(tmp_path / name, as_csv(ROWS).encode(encoding))
    with pytest.raises(ConfigurationError, match="is UTF-16 without a mark"):
        read_table(path)


def test_a_cell_that_is_too_long_is_told_as_such(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "question\nshort\n" + "x" * 1_000_001 + "\n")
    with pytest.raises(ConfigurationError, match="line 3: a cell has more than 1,000,000 characters; shorten it"):
        read_table(path)


@pytest.mark.parametrize("name", ["t.jsonl", "t.json"])
def test_half_a_character_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    line = '{"question": "a \\ud800 b", "contexts": [{"\\udfff": 1}]}'
    path = written(tmp_path / name, line if name == "t.jsonl" else f"[{line}]")
    with pytest.raises(ConfigurationError, match=r"line 1: holds half a character \('\\ud800', a lone surrogate\)"):
        read_table(path)
    whole = written(
        tmp_path / name,
        line.replace("\\ud800", "\\ud83d\\ude00").replace("\\udfff", "x")
        if name == "t.jsonl"
        else '[{"question": "x"}]',
    )
    assert len(read_table(whole).rows) == 1
