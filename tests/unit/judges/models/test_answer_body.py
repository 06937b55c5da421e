"""Whatever form a server gives its answer, the data of it is the same, and what is no answer is none."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.errors import InvalidVerdict
from assay.judges.models.answer_body import decoded_answer
from assay.judges.models.answer_errors import AnswerError
from tests.examples import examples

TEXT = '{"kind": "answer", "note": "Zürich, 東京"}'
ANSWER: dict[str, Any] = {"choices": [{"message": {"content": TEXT}}], "usage": {"prompt_tokens": 9}}
PLAIN = json.dumps(ANSWER, ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-32-le"),
        b"\n\n   \r\n" + PLAIN.encode(),
        PLAIN.encode() + b"\n",
        b": PROCESSING\n\n: PROCESSING\n\n" + PLAIN.encode(),
        b")]}',\n" + PLAIN.encode(),
        json.dumps(ANSWER, indent=2).encode(),
        f"[{PLAIN}]".encode(),
        json.dumps(PLAIN).encode(),
        b"data: " + PLAIN.encode() + b"\n\n",
        b"data: " + PLAIN.encode() + b"\n\ndata: [DONE]\n\n",
    ],
)
def test_answer_is_the_same_in_every_form(body: bytes) -> None:
    assert decoded_answer(body) == ANSWER


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"  ", b"ok", b"{", b'{"a":', b"\xff\xfe", b"\x00", b"data:", b"data: [DONE]\n\n", b"data: {\n\n"),
        *(b"event: ping\n\n", b": wait\n\n", b"data: [1]\n\n", b"[" * 200_000, b"[" + b"[]," * 200_000 + b"[]]"),
    ],
)
def test_what_is_no_answer_is_none(body: bytes) -> None:
    assert decoded_answer(body) is None


@pytest.mark.parametrize("page", [b"<!doctype html><p>Sign in</p>", b"\n <html>", b"\xef\xbb\xbf<?xml version='1.0'?>"])
def test_web_page_is_an_error_of_whatever_answers(page: bytes) -> None:
    with pytest.raises(AnswerError) as caught:
        decoded_answer(page)
    assert str(caught.value.body).startswith("<")


def test_character_that_breaks_the_encoding_leaves_the_rest_readable() -> None:
    assert decoded_answer(b'{"a": "Z\xfcrich"}') == {"a": "Z\ufffdrich"}


def test_log_probabilities_are_not_too_much() -> None:
    token = {"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}
    assert decoded_answer(json.dumps({"content": [token] * 30_000}).encode()) is not None


@settings(max_examples=examples(200))
@given(st.binary(max_size=60) | st.text(alphabet='data: {}[]"\n\r,1eDONE', max_size=80).map(str.encode))
def test_any_bytes_are_data_or_none(body: bytes) -> None:
    with suppress(AnswerError):
        decoded_answer(body)


def test_line_of_a_stream_ends_where_a_line_ends_and_nowhere_else() -> None:
    pieces = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("a\u2028b", "c\u2029d\x85e")]
    pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "\n".join(json.dumps(piece, ensure_ascii=False) for piece in pieces).encode()
    assert decoded_answer(body)["choices"][0]["message"]["content"] == "a\u2028bc\u2029d\x85e"  # type: ignore[index]


def test_what_a_model_wrote_is_no_structure() -> None:
    for text in ("[" * 200_000, "," * 600_000, '{"a":[1,' * 200_000):
        answer = {"choices": [{"message": {"content": text}}]}
        assert decoded_answer(json.dumps(answer).encode()) == answer


_TOKEN = {"token": " ", "logprob": 0.0, "bytes": [32] * 128, "top_logprobs": [{}] * 5}


@pytest.mark.parametrize("count", [5_000, 40_000])
def test_answer_that_holds_too_much_is_the_replys_fault(count: int) -> None:
    answer = {"choices": [{"message": {"content": "x"}, "logprobs": {"content": [_TOKEN] * count}}]}
    with pytest.raises(InvalidVerdict, match="more objects"):
        decoded_answer(json.dumps(answer).encode())


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 100_000 + "]" * 100_000])
def test_answer_that_no_reader_takes_is_the_replys_fault(value: str) -> None:
    with pytest.raises(InvalidVerdict):
        decoded_answer(b'{"choices":[{"message":{"content":' + value.encode() + b"}}]}")


def test_answer_given_twice_is_none() -> None:
    body = b'{"answers":{"R1":{"noul":0.1},"R1":{"noul":0.9},"R2":{"noul":0.1,"noul":0.9},"R3":{"noul":1,"noul":1}}}'
    assert decoded_answer(body) == {"answers": {"R1": None, "R2": {"noul": None}, "R3": {"noul": 1}}}
    assert decoded_answer(b'[{"answers":{}}]') == {"answers": {}}
