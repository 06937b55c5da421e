"""The messages of error answers: cause and remedy for a person, and nothing of what was sent or answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.judges.errors import ModelAccessDenied, RateLimited, RequestRejected
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.http_client import HttpAnswer
from assay.judges.models.status_errors import StatusError
from assay.judges.schema import Usage


def error(status: int, body: Any, *, headers: dict[str, str] | None = None, sent: str = "text") -> StatusError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    payload = json.dumps({"messages": [{"role": "user", "content": sent}]}).encode()
    return StatusError(HttpAnswer(status, headers or {}, raw), sent=payload)


def told(status: int, message: str, **fields: Any) -> str:
    return str(error(status, {"error": {"message": message, **fields}}).as_ours("here"))


@pytest.mark.parametrize(
    ("status", "message", "fields", "words"),
    [
        (
            400,
            "Budget has been exceeded!",
            {"type": "budget_exceeded"},
            "status 400 (budget_exceeded); the account has no",
        ),
        (401, "no", {}, "check key, model name and base URL"),
        (404, "The model `x` does not exist", {}, "the model is unknown there"),
        (
            404,
            "no such path",
            {},
            "the model is unknown there, or closed to this key: check key, model name and base URL",
        ),
        (403, "no", {}, "key, model or this text may be refused"),
        (400, "prompt is too long", {}, "the sample is longer than the model takes"),
        (400, "max_tokens is too large: 9", {}, "max_tokens may be above its bound"),
        (400, "response_format is not supported", {}, "does not take the form of this request"),
        (
            400,
            "odd",
            {"code": "strange_thing"},
            "status 400 (strange_thing); the endpoint gives no reason that is known",
        ),
        (307, "", {}, "set the base URL to where it points"),
    ],
)
def test_message_names_cause_and_remedy(status: int, message: str, fields: dict[str, Any], words: str) -> None:
    assert words in told(status, message, **fields)


def test_max_tokens_is_named_only_where_the_endpoint_names_it() -> None:
    assert "max_tokens" not in told(400, "it failed")
    assert "max_tokens" not in told(400, "temperature does not support 0")


def test_page_points_to_the_base_url() -> None:
    for status in (200, 403, 404, 502):
        page = b"<html><title>Welcome</title></html>"
        inside = AnswerError(page.decode()) if status == 200 else None
        message = str(StatusError(HttpAnswer(status, {}, page), inside=inside).as_ours("here"))
        assert "a web page answers instead of a model: check the base URL" in message


def test_missing_key_is_named_where_the_endpoint_names_nothing() -> None:
    bare = error(500, b"Internal Server Error")
    assert "no key is set for it" in str(bare.as_ours("here", has_key=False))
    assert "no key" not in str(bare.as_ours("here"))


def test_error_inside_a_200_is_named_by_its_own_code() -> None:
    inside = AnswerError({"error": {"code": 402, "message": "Insufficient credits"}}, Usage(calls=1, prompt_tokens=3))
    ours = StatusError(HttpAnswer(200, {}, b"{}"), inside=inside).as_ours("here")
    assert isinstance(ours, ModelAccessDenied)
    assert str(ours).startswith("here: status 402 inside a 200; the account has no credit")
    assert ours.usage.prompt_tokens == 3


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 422, 429, 500, 503])
def test_nothing_of_text_or_answer_is_repeated(status: int) -> None:
    secret = "sk-abcdefgh12345 my private words"
    body = {"error": {"message": secret, "code": secret, "type": secret, "param": secret}, "detail": secret}
    inside = AnswerError(body) if status == 200 else None
    answer = HttpAnswer(status, {}, json.dumps(body).encode())
    message = str(StatusError(answer, sent=secret.encode(), inside=inside).as_ours("here"))
    assert "private" not in message
    assert "sk-abc" not in message


def test_wait_is_read_from_header_detail_or_words_and_never_from_our_own_text() -> None:
    def wait_s(body: Any, headers: dict[str, str] | None = None, sent: str = "text") -> float | None:
        return error(429, body, headers=headers, sent=sent).retry_after_s

    spoken = {"error": {"message": "Rate limit reached. Please try again in 9s."}}
    delayed = {"error": {"message": "x", "details": [{"retryDelay": "34s"}]}}
    assert wait_s(spoken) == 9.0
    assert wait_s(spoken, {"retry-after": "2"}) == 2.0
    assert wait_s(delayed) == 34.0
    assert wait_s(spoken, sent="He said: please TRY again in 9s.") is None


def test_classes_of_as_ours() -> None:
    assert isinstance(error(429, {}).as_ours("here"), RateLimited)
    assert isinstance(error(400, {}).as_ours("here"), RequestRejected)
    unclear = error(403, {}).as_ours("here")
    assert isinstance(unclear, ModelAccessDenied)
    assert unclear.reach == "unclear"
