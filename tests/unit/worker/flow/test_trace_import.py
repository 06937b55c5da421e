"""Import of traces from JSONL."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.flow import trace_import as jsonl
from assay.worker.flow.trace_import import ImportResult, TraceLine, import_file, read_traces, schema_text
from assay.worker.ports.source import trace_in
from assay.worker.records import jsonl as lines
from assay.worker.records.jsonl import BadLine
from assay.worker.records.traces import Tokens, Trace, TraceKey
from assay.worker.stores.sqlite.store import SqliteStore

ROOT = Path(__file__).parents[4]
START = "2026-11-21T10:00:00Z"
FULL: dict[str, Any] = {
    "id": "t1",
    "name": "support-chat",
    "environment": "production",
    "start": START,
    "end": "2026-11-21T11:00:03.25+01:00",
    "input": {"messages": [{"role": "user", "content": "¿Cuándo?"}]},
    "output": "In 30 days. 🧪",
    "level": "WARNING",
    "release": "r1",
    "version": "v1",
    "user_id": "u",
    "session_id": "s",
    "tags": ["a", "b"],
    "metadata": {"contexts": ["x"], "n": 1},
    "observations": [
        {"id": "r", "type": "retriever", "name": "search", "output": ["passage"], "start": START, "end": START},
        {"type": "generation", "parent_id": "r", "model": "m", "input": "?", "metadata": {"k": None}, "level": "ERROR"},
        {
            "type": "generation",
            "usage": {"input": 120, "cached": 80, "output": 20},
            "cost_usd": 0.0004,
            "first_token": "2026-11-21T11:00:01.5+01:00",
        },
    ],
}


def write(path: Path, *lines: object) -> Path:
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines) + b"\n"
    )
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "traces.jsonl"


def only(path: Path) -> Trace | BadLine:
    (found,) = read_traces(path)
    return found


def test_full_line_becomes_the_whole_trace(file: Path) -> None:
    found = only(write(file, FULL))
    assert isinstance(found, Trace)
    assert found.id == found.root.observation_id == "t1"
    assert found.root.end == datetime(2026, 11, 21, 10, 0, 3, 250000, UTC)
    assert (found.input, found.output) == (FULL["input"], FULL["output"])
    assert found.root.tags == ("a", "b")
    assert [(one.id, one.type, one.start, one.level) for one in found.observations] == [
        ("r", "retriever", found.root.start, "DEFAULT"),
        ("t1:1", "generation", found.root.start, "ERROR"),
        ("t1:2", "generation", found.root.start, "DEFAULT"),
    ]
    paid = found.observations[2]
    assert (paid.usage, paid.cost_usd) == (Tokens(input=120, cached=80, output=20), 0.0004)
    assert paid.first_token == datetime(2026, 11, 21, 10, 0, 1, 500000, UTC)


def test_smallest_line_is_an_id_and_a_start(file: Path) -> None:
    found = only(write(file, {"id": "t", "start": START}))
    assert isinstance(found, Trace)
    assert (found.input, found.output, found.root.end, found.observations) == (None, None, None, ())


BAD: list[tuple[object, str, str]] = [
    ({"start": START}, "id", "missing"),
    ({"id": "t"}, "start", "missing"),
    ({"id": "", "start": START}, "id", "at least 1 character"),
    ({"id": 7, "start": START}, "id", "string"),
    ({"id": "t", "start": "2026-11-21T10:00:00"}, "start", "without an offset; add one"),
    ({"id": "t", "start": START, "end": "2026-11-21T10:00:00"}, "end", "without an offset; add one"),
    ({"id": "t", "start": 1732000000}, "start", "datetime"),
    ({"id": "t", "start": "yesterday"}, "start", "datetime"),
    ({"id": "t", "start": "0001-01-01T00:00:00+05:00"}, "start", "outside the years 1 to 9999"),
    ({"id": "t", "start": START, "ouput": "x"}, "ouput", "unknown key"),
    ({"id": "t", "start": START, "level": "error"}, "level", "'ERROR'"),
    ({"id": "t", "start": START, "tags": "a"}, "tags", "array"),
    ({"id": "t", "start": START, "metadata": [1]}, "metadata", "object"),
    ({"id": "t", "start": START, "observations": [{}, {"typ": "x"}]}, "observations.1.typ", "unknown key"),
    ({"id": "t", "start": START, "observations": [{"id": "a"}, {"id": "a"}]}, "line", "'a' comes twice"),
    *(
        ({"id": "t", "start": START, "observations": [{"usage": {"input": count}}]}, "observations.0.usage.input", told)
        for count, told in (
            ("120", "whole number"),
            (True, "whole number"),
            (1.5, "whole number"),
            (-1, "the least is 0"),
            (10**12, "the most is"),
        )
    ),
    (
        {"id": "t", "start": START, "observations": [{"usage": {"total": 1}}]},
        "observations.0.usage.total",
        "unknown key",
    ),
    ({"id": "t", "start": START, "observations": [{"cost_usd": -0.1}]}, "observations.0.cost_usd", "the least is 0"),
    ({"id": "t", "start": START, "observations": [{"cost_usd": "0.1"}]}, "observations.0.cost_usd", "number"),
    ([1], "line", "jq -c"),
    ("text", "line", "no JSON object"),
    (None, "line", "no JSON object"),
    (b'{"id": "t"', "line", "write one JSON object a line"),
    (b"\xff\xfe", "line", "write one JSON object a line"),
    (b'{"id": "t\xff", "start": "' + START.encode() + b'"}', "line", "write one JSON object a line"),
    (b'{"id": "t", "start": 1, "input": ' + b"[" * 100_000 + b'"\\ud800"', "line", "write one JSON object a line"),
]


@pytest.mark.parametrize(("line", "where", "remedy"), BAD, ids=range(len(BAD)))
def test_bad_line_names_number_key_and_remedy_and_the_rest_goes_on(
    file: Path, line: object, where: str, remedy: str
) -> None:
    good = {"id": "good", "start": START}
    first, bad, last = read_traces(write(file, good, line, good))
    assert isinstance(first, Trace)
    assert isinstance(last, Trace)
    assert isinstance(bad, BadLine)
    assert (bad.number, bad.key) == (2, where)
    assert remedy in bad.remedy
    assert str(bad).startswith("line 2: " if where == "line" else f"line 2: {where}: ")
    assert "line 2: line" not in str(bad)
    assert "\n" not in str(bad)


def test_half_of_a_surrogate_pair_becomes_a_replacement_character(file: Path) -> None:
    line = (
        b'{"id": "t", "start": "'
        + START.encode()
        + b'", "output": "cut \\ud83d", "input": "\\ud83e\\uddea ok \\\\ud83d"}'
    )
    found = only(write(file, line))
    assert isinstance(found, Trace)
    assert found.output == "cut \ufffd"
    assert found.input == "🧪 ok \\ud83d"


def test_gzip_byte_order_mark_and_line_ends_of_others_are_taken(tmp_path: Path) -> None:
    lines = (
        b"\xef\xbb\xbf"
        + b'{"id": "a", "start": "2026-11-21T10:00:00Z"}\r\n\r\n \n{"id": "b", "start": "2026-11-21T10:00:00+02:00"}'
    )
    plain, zipped = tmp_path / "a.jsonl", tmp_path / "zipped-without-a-suffix"
    plain.write_bytes(lines)
    zipped.write_bytes(gzip.compress(lines))
    assert list(read_traces(plain)) == list(read_traces(zipped))
    assert [one.id for one in read_traces(plain) if isinstance(one, Trace)] == ["a", "b"]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_damaged_gzip_gives_what_was_read_and_says_where_it_ends(tmp_path: Path, damage: str) -> None:
    lines = b"".join(json.dumps({"id": f"{n * 7919 % 100003}", "start": START}).encode() + b"\n" for n in range(5000))
    content = bytearray(gzip.compress(lines))
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    *taken, last = read_traces(path)
    assert isinstance(last, BadLine)
    assert (last.number, last.key) == (len(taken) + 1, "file")
    assert taken


def test_line_that_is_too_long_is_refused_unread(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 100)
    good = {"id": "t", "start": START}
    found = list(read_traces(write(file, good, b"x" * 101, b"y" * 1000, b"z" * 99, good)))
    assert [one.number if isinstance(one, BadLine) else one.id for one in found] == ["t", 2, 3, 4, "t"]
    assert ["longer than 100 bytes" in str(one) for one in found] == [False, True, True, False, False]


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_file_that_cannot_be_read_is_a_configuration_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name a readable JSONL file"):
        list(read_traces(tmp_path / name))


def test_empty_file_holds_no_traces(file: Path) -> None:
    file.touch()
    assert list(read_traces(file)) == []


def imported(store_path: Path, file: Path) -> tuple[ImportResult, int]:
    async def run() -> tuple[ImportResult, int]:
        store = SqliteStore(store_path)
        result = await import_file(store, file)
        count = await store.count_traces()
        await store.close()
        return result, count

    return asyncio.run(run())


def test_import_counts_what_it_took_and_keeps_the_first_bad_lines(tmp_path: Path, file: Path) -> None:
    good = [{"id": f"t{n}", "start": START} for n in range(450)]
    write(file, *good, *([{"id": "bad"}] * 30), good[0])
    for _ in range(2):
        result, count = imported(tmp_path / "s.db", file)
        assert (result.imported, result.bad, count) == (451, 30, 450)
        assert [one.number for one in result.first_bad] == list(range(451, 471))


def test_imported_trace_comes_back_from_the_store_as_it_was_read(tmp_path: Path, file: Path) -> None:
    expected = only(write(file, FULL))

    async def run() -> Trace:
        store = SqliteStore(tmp_path / "s.db")
        await import_file(store, file)
        found = await store.fetch_traces([TraceKey(trace_id="t1", start=datetime(2026, 11, 21, tzinfo=UTC))])
        await store.close()
        trace = trace_in(found, "t1")
        assert trace is not None
        return trace

    assert asyncio.run(run()) == expected


def test_published_schema_is_current() -> None:
    published = ROOT / "docs" / "trace.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text(), f"write schema_text() of {jsonl.__name__} to it"


def test_schema_agrees_with_the_reader_on_good_and_bad_lines() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    validator.check_schema(validator.schema)
    assert validator.is_valid(FULL)
    assert validator.is_valid({"id": "t", "start": START})
    # What JSON schema cannot say: offsets, the calendar, ids that come twice.
    sayable = [line for line, _, remedy in BAD if isinstance(line, dict) and "datetime" not in remedy]
    told = [line for line in sayable if not validator.is_valid(line)]
    assert len(told) == len(sayable) - 4


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(content=json_values, name=st.text(), end=st.datetimes(timezones=st.just(UTC)))
def test_any_content_survives_the_line_and_the_parser(content: Any, name: str, end: datetime) -> None:
    line = {
        "id": "t",
        "start": START,
        "name": name,
        "input": content,
        "metadata": {"k": content},
        "end": end.isoformat(),
    }
    found = jsonl._parsed(1, json.dumps(line).encode())
    assert isinstance(found, Trace)
    assert (found.input, found.root.metadata["k"], found.root.name, found.root.end) == (content, content, name, end)


@given(line=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_trace_or_a_bad_line(line: bytes) -> None:
    assert isinstance(jsonl._parsed(1, line), Trace | BadLine)


@given(line=json_values)
def test_any_json_is_a_trace_or_a_bad_line(line: Any) -> None:
    assert isinstance(jsonl._parsed(1, json.dumps(line).encode()), Trace | BadLine)


def test_line_model_takes_what_the_reader_takes() -> None:
    assert TraceLine.model_validate_json(json.dumps(FULL)).trace().id == "t1"
