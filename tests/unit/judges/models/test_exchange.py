"""Leave for each request, closed once, against a real server on loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from assay.judges.errors import CallHeld, EvaluationError, ModelAccessDenied, ModelTimeout, ModelUnavailable
from assay.judges.models.admission import AtOnce, CallBound
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.call_context import call_context, calling_for
from assay.judges.models.request_form import KNOWN_FORMS
from tests.chat_models import open_model
from tests.servers.openai_server import (
    Answer,
    OpenAIServer,
    Step,
    closed,
    content_filter,
    fails,
    lacks,
    not_json,
    rate_limited,
    says,
    slow,
)
from tests.unit.judges.models.recorded_admission import RecordedAdmission

MESSAGES = [ChatMessage(role="system", content="instructions"), ChatMessage(role="user", content="E1: a b\nR1: a b")]
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
OK = "{}"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    KNOWN_FORMS.clear()  # a port may come twice
    with OpenAIServer(default=says(OK)) as running:
        yield running


def ask(url: str, admission: RecordedAdmission, **settings: Any) -> Reply:
    async def run() -> Reply:
        model = open_model(model="m", key="k", url=url, admission=admission, **{"timeout_s": 20.0, **settings})
        try:
            return await model.complete(MESSAGES, json_schema=SCHEMA, max_tokens=300)
        finally:
            await model.close()

    return asyncio.run(run())


CUT_OFF = Answer(b'{"choices": [', headers={"Content-Length": "5000"})
TOO_LONG = Answer(b"[" + b" " * 3_000_000 + b"]")


@pytest.mark.parametrize(
    ("step", "closing"),
    [
        (says(OK), ("answered", 6, "m-2026-01-01")),
        (content_filter(), ("answered", 6, "")),
        (not_json(), ("unknown", True)),
        (Answer({"error": {"message": "upstream"}}), ("unknown", True)),
        (Answer({"choices": []}), ("answered", 0, "")),
        (TOO_LONG, ("answered", 0, "")),
        (CUT_OFF, ("unknown", True)),
        (closed(), ("failed",)),
        (rate_limited(retry_after="120"), ("refused", 120.0)),
        (fails(429), ("refused", None)),
        (rate_limited(retry_after="86400"), ("refused", 600.0)),
        (rate_limited(retry_after="Fri, 31 Dec 9999 23:59:59 GMT"), ("refused", 600.0)),
        (fails(429, code="insufficient_quota"), ("denied",)),
        (fails(402), ("denied",)),
        (fails(400, code="billing_hard_limit_reached"), ("denied",)),
        (fails(403, code="insufficient_quota"), ("rejected",)),
        (fails(400), ("rejected",)),
        (fails(401), ("denied",)),
        (fails(404), ("rejected",)),
        (fails(400, code="json_validate_failed"), ("answered", 0, "")),
        (fails(500, message="error parsing tool call: raw='x'"), ("answered", 0, "")),
        (fails(500), ("failed",)),
        (fails(503), ("failed",)),
        (fails(409), ("failed",)),
        (fails(504), ("unknown", True)),
        (fails(408), ("unknown", True)),
    ],
)
def test_ticket_says_what_became_of_the_request(server: OpenAIServer, step: Step, closing: tuple[Any, ...]) -> None:
    server.script(default=step)
    admission = RecordedAdmission()
    with suppress(EvaluationError):
        ask(server.url, admission, attempts=1)
    # A refusal for a reason not known is asked in further forms: each request has a ticket of its own.
    assert admission.closings == [closing] * len(server.requests)


def test_work_waits_where_the_key_is_refused_call_after_call(server: OpenAIServer) -> None:
    server.script(default=fails(401))
    with pytest.raises(CallHeld):
        ask(server.url, RecordedAdmission(holds_denied=True), attempts=3)
    with pytest.raises(ModelAccessDenied):
        ask(server.url, RecordedAdmission(), attempts=3)


def test_no_answer_in_time_is_an_unknown_end(server: OpenAIServer) -> None:
    server.script(default=slow(30))
    admission = RecordedAdmission()
    with pytest.raises(ModelTimeout, match=r"within 0\.1 s"):
        ask(server.url, admission, attempts=1, timeout_s=0.1)
    assert admission.closings == [("unknown", True)]


def test_no_connection_is_a_failure() -> None:
    with OpenAIServer() as gone:
        url = gone.url
    admission = RecordedAdmission()
    with pytest.raises(ModelUnavailable, match="no usable connection"):
        ask(url, admission, attempts=1)
    assert admission.closings == [("failed",)]


def test_cancelled_request_is_an_unknown_end_and_no_sign_of_an_outage(server: OpenAIServer) -> None:
    asked = threading.Event()

    def step(request: dict[str, Any]) -> Answer:
        asked.set()
        return slow(30)(request)  # type: ignore[operator]  # it is a function

    server.script(default=step)
    admission = RecordedAdmission()

    async def run() -> None:
        model = open_model(model="m", url=server.url, admission=admission)
        call = asyncio.ensure_future(model.complete(MESSAGES))
        await asyncio.to_thread(asked.wait, 30)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await model.close()

    asyncio.run(run())
    assert admission.closings == [("unknown", False)]


def test_every_attempt_and_every_form_asks_for_leave(server: OpenAIServer) -> None:
    server.script([rate_limited(retry_after="0"), fails(500)], default=lacks("json_schema", "logprobs"))
    admission = RecordedAdmission()
    ask(server.url, admission)
    kinds = [closing[0] for closing in admission.closings]
    assert kinds == ["refused", "failed", "rejected", "rejected", "answered"]
    assert len(server.requests) == 5


def test_bound_covers_prompt_schema_and_completion(server: OpenAIServer) -> None:
    admission = RecordedAdmission()
    ask(server.url, admission)
    (bound,) = admission.bounds
    assert bound.completion_tokens == 300
    assert 20 <= bound.prompt_tokens <= 600


@pytest.mark.parametrize("held", [0, 1])
def test_held_call_is_not_tried_again(server: OpenAIServer, held: int) -> None:
    server.script(default=fails(500, headers={"Retry-After": "0"}))
    admission = RecordedAdmission(held=frozenset({held}))
    with pytest.raises(CallHeld) as caught:
        ask(server.url, admission)
    assert caught.value.retry_after_s == 30
    assert len(admission.bounds) == held + 1
    assert len(server.requests) == held


def test_refused_account_is_named_where_its_breaker_holds_the_call(server: OpenAIServer) -> None:
    admission = RecordedAdmission(holds_denied=True, held=frozenset({1, 3}), reason="breaker")
    server.script([fails(400, message="Budget has been exceeded!", code="budget_exceeded")])

    async def check() -> None:
        model = open_model(server.url, admission=admission, attempts=1)
        try:
            for _ in range(2):  # refused itself, then held by the breaker that this opened
                with pytest.raises(CallHeld, match=r"budget_exceeded.*has no credit, budget or quota left") as caught:
                    await model.complete(MESSAGES)
                assert caught.value.reason == "access"
            await model.complete(MESSAGES)
            with pytest.raises(CallHeld, match="no room") as caught:
                await model.complete(MESSAGES)
            assert caught.value.reason == "breaker", "it has answered since: whatever it is, it is not the account"
        finally:
            await model.close()

    asyncio.run(check())


@pytest.mark.parametrize(
    ("step", "closing"),
    [
        (Answer({"error": {"code": 402, "message": "Insufficient credits"}}), ("denied",)),
        (Answer({"error": {"code": 429, "message": "slow down"}}), ("refused", None)),
        (Answer({"error": {"code": 502, "message": "Provider returned error"}}), ("failed",)),
        (Answer({"error": {"code": 403, "message": "flagged by moderation"}}), ("rejected",)),
        (Answer({"error": {"code": 400, "message": "prompt is too long"}}), ("rejected",)),
        (
            Answer({"error": {"code": 400}, "usage": {"prompt_tokens": 7, "completion_tokens": 0}}),
            ("answered", 7, ""),
        ),
        (fails(500, message="content_filter: blocked"), ("rejected",)),
        (fails(400, message="Budget has been exceeded!"), ("denied",)),
        (fails(404, message="The model `m` does not exist"), ("rejected",)),
        (fails(400, message="Overloaded"), ("failed",)),
    ],
)
def test_ticket_is_closed_by_what_the_error_means(server: OpenAIServer, step: Step, closing: tuple[Any, ...]) -> None:
    server.script(default=step)
    admission = RecordedAdmission()
    with suppress(EvaluationError):
        ask(server.url, admission, attempts=1)
    assert admission.closings[0] == closing


@pytest.mark.parametrize("words", ["The model is overloaded", "Budget has been exceeded", "rate limit reached"])
def test_text_that_an_endpoint_repeats_opens_no_breaker(server: OpenAIServer, words: str) -> None:
    server.script(default=fails(400, message=f"cannot be read: {words} in 1932"))
    admission = RecordedAdmission()
    text = [MESSAGES[0], ChatMessage(role="user", content=f"R1: {words}\nin 1932, he said")]

    async def check() -> None:
        model = open_model(server.url, admission=admission, attempts=1)
        with suppress(EvaluationError):
            await model.complete(text, json_schema=SCHEMA, max_tokens=300)
        await model.close()

    asyncio.run(check())
    assert set(admission.closings) == {("rejected",)}


def test_waiting_for_leave_is_neither_latency_nor_time_out(server: OpenAIServer) -> None:
    admission = RecordedAdmission(wait_s=1.5)
    reply = ask(server.url, admission, timeout_s=1.4)
    assert reply.latency_s < 1.4
    assert admission.tickets[0].latency_s < 1.4


@pytest.mark.parametrize(("step", "has_paid"), [(says(OK), True), (not_json(), True), (fails(500), False)])
def test_answered_call_is_noted_for_the_sample(server: OpenAIServer, step: Step, has_paid: bool) -> None:
    server.script(default=step)
    with calling_for(use_case="bot") as context, suppress(EvaluationError):
        ask(server.url, RecordedAdmission(), attempts=1)
    assert context.has_paid is has_paid
    assert not call_context().has_paid, "what nobody is named for shares no note"


def test_second_request_is_sent_for_a_slow_one_and_the_first_answer_counts(server: OpenAIServer) -> None:
    """Learnt: a few milliseconds. So the call that hangs is hedged at once."""
    admission = RecordedAdmission()

    async def run() -> Reply:
        model = open_model(model="hedged", url=server.url, admission=admission, hedge=0.5)
        for _ in range(5):
            await asyncio.gather(*(model.complete(MESSAGES) for _ in range(8)))
        # A look is due four times a second. It learns from the calls that are over.
        await asyncio.gather(model.complete(MESSAGES), asyncio.sleep(0))
        server.script(default=slow(0.6))
        await model.complete(MESSAGES)
        server.script([slow(30)], default=says(OK))
        reply = await model.complete(MESSAGES)
        await model.close()
        return reply

    reply = asyncio.run(run())
    assert reply.text == OK
    assert reply.usage.calls == 2, "the one that was given up may be paid"
    assert admission.closings.count(("unknown", False)) >= 1


def test_requests_under_way_are_bounded_in_each_loop() -> None:
    gate = AtOnce(2)
    bound = CallBound(prompt_tokens=1, completion_tokens=1)

    async def run() -> None:
        first, _ = await gate.admit(bound), await gate.admit(bound)
        third = asyncio.ensure_future(gate.admit(bound))
        await asyncio.sleep(0.01)
        assert not third.done()
        await first.failed()
        await third

    asyncio.run(run())
    asyncio.run(run())


def test_endless_headers_and_foreign_protocols_are_no_http() -> None:
    for words in (b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n", b"\x00" * 64):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=_greet, args=(listening, words))
            thread.start()
            admission = RecordedAdmission()
            with pytest.raises(ModelUnavailable):
                ask(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", admission, attempts=1)
            thread.join()
            assert admission.closings == [("failed",)]


def _greet(listening: socket.socket, words: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(words)
