"""Samples from JSONL: what is taken, what is kept beside the verdict, and what is refused with its line number."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Turn
from assay.worker.batch.reading import LabelledSample, RawLine, open_samples, read_sample
from assay.worker.records import jsonl as lines
from assay.worker.records.jsonl import BadLine

LINE: dict[str, Any] = {"id": "a", "question": "When?", "contexts": ["In 1932."], "response": "1932."}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(**over: Any) -> LabelledSample | BadLine:
    return read_sample(RawLine(7, json.dumps({**LINE, **over}).encode()))


def good(**over: Any) -> LabelledSample:
    found = read(**over)
    assert isinstance(found, LabelledSample), found
    return found


def test_fields_of_no_sample_are_kept_and_the_evidence_is_not() -> None:
    found = good(history=[["agent", "hi"]], reference="1932", label=1, odd={"k": [1]})
    assert found.kept == {"history": [["agent", "hi"]], "reference": "1932", "label": 1, "odd": {"k": [1]}}
    assert found.sample.history == (Turn(role="assistant", content="hi"),)
    assert (found.sample.reference, found.sample.contexts) == ("1932", ("In 1932.",))


@pytest.mark.parametrize(
    "history", [[{"role": "human", "content": "hi", "at": 3}], [["user", "hi"]], [{"role": "User", "content": "hi"}]]
)
def test_turns_are_taken_in_both_forms(history: list[object]) -> None:
    assert good(history=history).sample.history == (Turn(role="user", content="hi"),)


@pytest.mark.parametrize("contexts", ["In 1932.", ["In 1932."], [{"text": "In 1932.", "score": 3}]])
def test_contexts_are_taken_in_the_usual_forms(contexts: object) -> None:
    assert good(contexts=contexts).sample.contexts == ("In 1932.",)


def test_absent_and_null_evidence_is_no_evidence() -> None:
    line = {key: value for key, value in LINE.items() if key not in {"contexts", "question"}}
    for text in (json.dumps(line), json.dumps({**line, "contexts": None, "question": None, "history": None})):
        found = read_sample(RawLine(1, text.encode()))
        assert isinstance(found, LabelledSample)
        assert (found.sample.contexts, found.sample.question) == ((), "")


def test_numeric_id_is_written_back_as_it_came() -> None:
    found = good(id=12)
    assert (found.sample.id, found.given_id) == ("12", 12)


@pytest.mark.parametrize(
    ("line", "key", "remedy"),
    [
        (b"{nope", "line", "write one JSON object a line"),
        (b"[1, 2]", "line", "no JSON object"),
        (b"3", "line", "no JSON object"),
        (b'{"id": "a"}', "response", "missing; add it"),
        (b'{"response": "x"}', "id", "missing; add it"),
        (b'{"id": true, "response": "x"}', "id", "string"),
        (b'{"id": "a", "response": null}', "response", "string"),
        (b'{"id": "a", "response": "x", "contexts": [3]}', "contexts.0", "string"),
        (b'{"id": "a", "response": "x", "contexts": 3}', "contexts", "array"),
        (b'{"id": "a", "response": "x", "history": [["boss", "hi"]]}', "history.0.role", "'user'"),
        (b'{"id": "a", "response": "x", "z": NaN}', "line", "NaN is no JSON"),
        (b'{"id": "a", "response": "x", "z": -Infinity}', "line", "-Infinity is no JSON"),
        (b'{"id": "a", "response": "x", "z": 1e999}', "line", "not JSON compliant"),
        (b'{"id": "a", "response": "x", "z": ' + b"9" * 5000 + b"}", "line", "digits"),
        (b'{"id": "a", "response": "\xff"}', "line", "write the file as UTF-8"),
        (b"[" * 100_000, "line", ""),
    ],
)
def test_line_that_is_no_sample_says_why(line: bytes, key: str, remedy: str) -> None:
    found = read_sample(RawLine(3, line))
    assert isinstance(found, BadLine)
    assert (found.number, found.key) == (3, key)
    assert remedy in found.remedy
    assert "\n" not in str(found)


@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.dictionaries(st.text(), JSON, max_size=3))
def test_any_content_survives(question: str, response: str, contexts: list[str], extra: dict[str, Any]) -> None:
    given_fields = {**extra, "id": "a", "question": question, "response": response, "contexts": contexts}
    for name in ("history", "reference", "context"):
        given_fields.pop(name, None)
    found = read_sample(RawLine(1, json.dumps(given_fields).encode()))
    assert isinstance(found, LabelledSample)
    assert (found.sample.question, found.sample.response) == (question, response)
    assert found.sample.contexts == tuple(contexts)
    assert found.kept == {key: value for key, value in given_fields.items() if key not in {*LINE}}


@given(JSON)
def test_any_json_is_a_sample_or_a_bad_line(value: Any) -> None:
    assert isinstance(read_sample(RawLine(1, json.dumps(value).encode())), LabelledSample | BadLine)


@given(st.binary())
def test_any_bytes_are_a_sample_or_a_bad_line(content: bytes) -> None:
    assert isinstance(read_sample(RawLine(1, content)), LabelledSample | BadLine)


def test_half_an_emoji_is_replaced() -> None:
    found = read_sample(RawLine(1, b'{"id": "a", "response": "x \\ud83d", "z": "\\ud83d"}'))
    assert isinstance(found, LabelledSample)
    assert found.sample.response == "x \ufffd"
    assert found.kept == {"z": "\ufffd"}


def raw_lines(path: Path) -> list[RawLine | BadLine]:
    with open_samples(path) as source:
        return list(source)


@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_numbered_as_an_editor_does(tmp_path: Path, packed: bool) -> None:
    text = b'\xef\xbb\xbf{"id": 1}\r\n\n   \n{"id": 2}'
    path = tmp_path / "s.jsonl"
    path.write_bytes(gzip.compress(text) if packed else text)
    assert raw_lines(path) == [RawLine(1, b'{"id": 1}\r\n'), RawLine(4, b'{"id": 2}')]


def test_cut_gzip_gives_what_it_held_and_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d\n" % i for i in range(100_000)))[:-20])
    *taken, last = raw_lines(path)
    assert taken
    assert isinstance(last, BadLine)
    assert "damaged" in last.remedy


def test_line_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 50)
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"a\n" + b"b" * 500 + b"\nc\n")
    first, long, last = raw_lines(path)
    assert (first, last) == (RawLine(1, b"a\n"), RawLine(3, b"c\n"))
    assert isinstance(long, BadLine)
    assert "longer than 50 bytes" in long.remedy


def test_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").touch()
    assert raw_lines(tmp_path / "s.jsonl") == []


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_unreadable_file_names_itself(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name a readable file of samples"):
        raw_lines(tmp_path / name)


@pytest.mark.parametrize(
    "line",
    [
        {"user_input": "When?", "retrieved_contexts": ["In 1932."], "response": "1932."},  # RAGAS
        {"question": "When?", "contexts": ["In 1932."], "answer": "1932.", "ground_truth": "1932"},  # RAGAS before 0.2
        {"input": "When?", "retrieval_context": ["In 1932."], "actual_output": "1932."},  # DeepEval
        {"query": "When?", "context": "In 1932.", "output": "1932."},
    ],
)
def test_names_of_other_tools_are_taken_and_a_line_without_an_id_has_its_number(line: dict[str, Any]) -> None:
    found = read_sample(RawLine(7, json.dumps(line).encode()))
    assert isinstance(found, LabelledSample), found
    sample = found.sample
    assert (sample.question, sample.contexts, sample.response) == ("When?", ("In 1932.",), "1932.")
    assert (found.given_id, sample.id) == (7, "7")
    assert not found.kept.keys() & line.keys()


def test_a_line_in_our_words_keeps_its_own_fields_under_other_names() -> None:
    found = good(input="mine", output=3, prompt="p", answer="a", passages=["x"])
    assert found.kept == {"input": "mine", "output": 3, "prompt": "p", "answer": "a", "passages": ["x"]}
    assert (found.sample.question, found.sample.response) == ("When?", "1932.")
    bare = read_sample(RawLine(1, b'{"id": "a", "response": "x", "input": "mine", "context": "c"}'))
    assert isinstance(bare, LabelledSample)
    assert (bare.sample.question, bare.sample.contexts, bare.kept) == ("", ("c",), {"input": "mine"})


@pytest.mark.parametrize("value", [{"q": "When?"}, 3, None, ["When?"]])
def test_a_value_of_another_kind_is_not_taken_for_a_question(value: object) -> None:
    found = read_sample(RawLine(1, json.dumps({"id": "a", "answer": "x", "input": value}).encode()))
    assert isinstance(found, LabelledSample)
    assert (found.sample.question, found.kept) == ("", {"input": value})


def test_key_that_stands_twice_is_refused_where_it_is_read_and_the_values_differ() -> None:
    twice = read_sample(RawLine(1, b'{"id": "a", "response": "x", "response": "y"}'))
    assert isinstance(twice, BadLine)
    assert str(twice) == "line 1: response: stands twice with two values; write it once"
    for line in (
        b'{"id": "a", "response": "x", "response": "x"}',
        b'{"id": "a", "response": "x", "z": 1, "z": {"response": 1, "response": 2}}',
    ):
        assert isinstance(read_sample(RawLine(1, line)), LabelledSample)
