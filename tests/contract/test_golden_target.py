"""One suite for every golden target: what an answer is, what a failure is, and that neither is the other."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Turn
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.json_paths import dig
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.target_settings import HttpTargetSettings, ModelTargetSettings, PythonTargetSettings
from assay.worker.golden.targets import (
    Exchange,
    GoldenTarget,
    HttpTarget,
    ModelTarget,
    PythonTarget,
    RecordedTarget,
    TargetFailure,
    TargetResponse,
)
from tests.servers.chat_server import Answers, ChatServer
from tests.servers.openai_server import Answer, OpenAIServer, says
from tests.waiting import PATIENCE_S

ANSWERS: Answers = {
    "plain": {"response": "It is rock.", "contexts": ["Rock.", "Stone."]},
    "empty": {"response": "", "contexts": []},
    "unicode": {"response": "Ünïcödé 😀 \u2028 ok", "contexts": ["čeština"]},
    "long": {"response": "x" * 1_000_000, "contexts": ["c"]},
}


def item(item_id: str, **changes: Any) -> GoldenItem:
    return GoldenItem(id=item_id, question=item_id, **changes)


MakeTarget = Callable[[Answers], GoldenTarget]
KINDS = ["recorded", "http", "sse", "ndjson", "model", "python", "python_async"]


def pieces(text: str) -> list[str]:
    """A text as a stream sends it: in parts."""
    return [text[n : n + 4096] for n in range(0, len(text), 4096)] or [""]


def server_sent(answer: dict[str, Any]) -> bytes:
    """Events as OpenAI-compatible applications send them."""
    deltas = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces(answer["response"])]
    events = [{"choices": [{"delta": {"role": "assistant"}}]}, *deltas, {"choices": [], "sources": answer["contexts"]}]
    data = [json.dumps(event, ensure_ascii=False) for event in events]
    return "".join(f": keep-alive\r\ndata: {one}\r\n\r\n" for one in [*data, "[DONE]"]).encode()


def json_lines(answer: dict[str, Any]) -> bytes:
    events = [{"type": "piece", "text": piece} for piece in pieces(answer["response"])]
    last = {"type": "end", "sources": answer["contexts"]}
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in [*events, last]).encode()


STREAMS: dict[str, tuple[Callable[[dict[str, Any]], bytes], dict[str, Any]]] = {
    "sse": (
        server_sent,
        {
            "stream": {"format": "sse", "until": "[DONE]"},
            "response": "choices[0].delta.content",
            "contexts": "sources[*]",
        },
    ),
    "ndjson": (json_lines, {"stream": {"format": "ndjson"}, "response": "text", "contexts": "sources[*]"}),
}


@pytest.fixture(params=KINDS)
def make_target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeTarget]:
    with ExitStack() as stack:
        yield partial(_target, request.param, tmp_path, stack)


def _target(kind: str, tmp_path: Path, stack: ExitStack, answers: Answers) -> GoldenTarget:
    if kind == "recorded":
        path = tmp_path / "release.jsonl"
        path.write_text("".join(json.dumps({"id": key, **value}) + "\n" for key, value in answers.items()))
        return RecordedTarget(path)
    if kind == "model":
        server = stack.enter_context(OpenAIServer(default=partial(_model_says, answers)))
        (tmp_path / "prompt.md").write_text("Answer from these passages only:\n{contexts}")
        settings = ModelTargetSettings(kind="model", model="m", prompt="prompt.md", base_url=server.url)
        return ModelTarget(settings, directory=tmp_path)
    if kind.startswith("python"):
        return python_target(stack, answers_from(answers, is_async=kind.endswith("async")))
    shape, settings_of = STREAMS.get(kind, (None, {}))
    chat = stack.enter_context(ChatServer(answers, shape=shape))
    return HttpTarget(chat.settings(**settings_of))


def _model_says(answers: Answers, body: dict[str, Any]) -> Answer:
    found = answers.get(body["messages"][-1]["content"])
    return says(found["response"])(body) if found else Answer(status=404, body=b"{}")  # type: ignore[operator]


def answers_from(answers: Answers, *, is_async: bool) -> Callable[..., Any]:
    def answer(question: str, history: list[dict[str, str]]) -> dict[str, Any]:
        return answers[question]

    async def answer_async(question: str, history: list[dict[str, str]]) -> dict[str, Any]:
        await asyncio.sleep(0)
        return answers[question]

    return answer_async if is_async else answer


def python_target(stack: ExitStack, function: Callable[..., Any], **settings: Any) -> PythonTarget:
    """A target whose function lies in a module of its own."""
    name = f"team_{uuid.uuid4().hex}"
    module = ModuleType(name)
    module.__dict__["answer"] = function
    sys.modules[name] = module
    stack.callback(sys.modules.pop, name)
    return PythonTarget(PythonTargetSettings(kind="python", call=f"{name}:answer", **settings))


async def _ask(target: GoldenTarget, *items: GoldenItem) -> list[TargetResponse | BaseException]:
    try:
        return await asyncio.gather(*(target.respond(one) for one in items), return_exceptions=True)
    finally:
        await target.close()


def ask(target: GoldenTarget, *items: GoldenItem) -> list[TargetResponse | BaseException]:
    return asyncio.run(_ask(target, *items))


# --- what every target does ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_target_gives_the_answer_and_its_evidence(make_target: MakeTarget, name: str) -> None:
    target = make_target(ANSWERS)
    (reply,) = ask(target, item(name))
    assert isinstance(reply, TargetResponse)
    assert reply.response == ANSWERS[name]["response"]
    assert reply.contexts == (None if isinstance(target, ModelTarget) else tuple(ANSWERS[name]["contexts"]))
    assert reply.latency_s is None or reply.latency_s > 0


def test_a_missing_answer_is_a_failure_and_no_empty_answer(make_target: MakeTarget) -> None:
    (reply,) = ask(make_target(ANSWERS), item("nobody"))
    assert isinstance(reply, TargetFailure)
    assert reply.item_id == "nobody"
    assert reply.reason in ("missing", "http_status", "error")


def test_answers_keep_to_their_items_when_asked_at_once(make_target: MakeTarget) -> None:
    answers: Answers = {str(n): {"response": f"answer {n}", "contexts": []} for n in range(40)}
    replies = ask(make_target(answers), *(item(str(n)) for n in range(40)))
    assert [reply.response for reply in replies if isinstance(reply, TargetResponse)] == [
        f"answer {n}" for n in range(40)
    ]


def test_a_target_has_a_name_to_show(make_target: MakeTarget) -> None:
    target = make_target(ANSWERS)
    assert target.name
    assert target.identity.startswith(target.name)
    asyncio.run(target.close())


# --- recorded -----------------------------------------------------------------------------------------------------


def test_recorded_answers_without_evidence_say_so(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"id": "a", "response": "yes"}\n')
    (reply,) = ask(RecordedTarget(path), item("a"))
    assert isinstance(reply, TargetResponse)
    assert reply.contexts is None


@pytest.mark.parametrize(
    "text", ["", '{"id": "a"}\n', '{"id": "a", "response": "x"}\n{"id": "a", "response": "y"}\n', "no"]
)
def test_a_broken_release_is_refused_when_opened(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(text)
    with pytest.raises(GoldenSetError, match=r"r\.jsonl"):
        RecordedTarget(path)


def test_a_release_that_is_not_there_is_refused_when_opened(tmp_path: Path) -> None:
    with pytest.raises(GoldenSetError, match="cannot be read"):
        RecordedTarget(tmp_path / "gone.jsonl")


# --- over HTTP ----------------------------------------------------------------------------------------------------


def test_http_sends_the_template_with_question_and_history() -> None:
    template = {
        "message": "{question}",
        "log": "{history}",
        "options": [{"lang": "en", "n": 3}],
        "q2": "Q: {question}",
        "id": "{id}",
    }
    with ChatServer(ANSWERS) as server:
        target = HttpTarget(server.settings(request=template, headers={"Authorization": "Bearer s3cret"}))
        asked = item("plain", history=(Turn(role="user", content="{question}"),))
        (reply,) = ask(target, asked)
    assert isinstance(reply, TargetResponse)
    assert server.requests == [
        {
            "message": "plain",
            "log": [{"role": "user", "content": "{question}"}],
            "options": [{"lang": "en", "n": 3}],
            "q2": "Q: plain",
            "id": "plain",
        }
    ]
    assert server.headers[0]["authorization"] == "Bearer s3cret"


def test_http_asks_no_more_at_once_than_allowed() -> None:
    with ChatServer(ANSWERS, delay_s=0.02) as server:
        target = HttpTarget(server.settings(), concurrency=3)
        replies = ask(target, *[item("plain")] * 12)
    assert all(isinstance(reply, TargetResponse) for reply in replies)
    assert server.most_in_flight <= 3


@pytest.mark.parametrize("status", [201, 302, 400, 429, 500, 503])
def test_http_status_decides_between_answer_and_failure(status: int) -> None:
    with ChatServer(ANSWERS, status=status) as server:
        (reply,) = ask(HttpTarget(server.settings()), item("plain"))
    if status == 201:
        assert isinstance(reply, TargetResponse)
    else:
        assert isinstance(reply, TargetFailure)
        assert reply.reason == "http_status"
        assert str(status) in reply.detail


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b'{"data": {}}',
        b'{"data": {"answer": null}, "sources": []}',
        b'{"data": {"answer": 5}, "sources": []}',
        b'{"data": {"answer": ["a", "b"]}, "sources": []}',
        b'{"data": {"answer": "a"}}',
        b'{"data": {"answer": "a"}, "sources": [{"txt": "b"}]}',
        b'{"data": {"answer": "a"}, "sources": [{"text": 1}]}',
        b"\xff\xfe",
    ],
)
def test_a_reply_of_another_shape_is_a_failure(raw: bytes) -> None:
    with ChatServer({}, raw=raw) as server:
        (reply,) = ask(HttpTarget(server.settings()), item("plain"))
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "bad_reply"


def test_half_a_surrogate_pair_is_replaced() -> None:
    with ChatServer({}, raw=b'{"data": {"answer": "a\\ud800b"}, "sources": []}') as server:
        (reply,) = ask(HttpTarget(server.settings()), item("plain"))
    assert isinstance(reply, TargetResponse)
    assert reply.response == "a?b"


def test_a_slow_target_is_a_time_out() -> None:
    with ChatServer(ANSWERS, delay_s=2.0) as server:
        (reply,) = ask(HttpTarget(server.settings(timeout_s=0.5)), item("plain"))
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "timeout"


def test_a_target_that_is_down_is_unreachable() -> None:
    with ChatServer(ANSWERS) as server:
        settings = server.settings()
    (reply,) = ask(HttpTarget(settings), item("plain"))
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "unreachable"


@pytest.mark.parametrize("url", ["ftp://host/x", "localhost:80", "http://", "http://[::1", ""])
def test_an_address_that_cannot_be_asked_is_refused_at_once(url: str) -> None:
    settings = HttpTargetSettings.model_construct(
        kind="http", url=url, timeout_s=1, headers={}, method="POST", retries=0, concurrency=None
    )
    with pytest.raises(ConfigurationError):
        HttpTarget(settings)


def test_a_name_shows_no_secret() -> None:
    settings = HttpTargetSettings(kind="http", url="https://user:pw@host.test/chat?key=s3cret")
    target = HttpTarget(settings)
    assert target.name == "https://host.test/chat"
    asyncio.run(target.close())


# --- over HTTP: other ways to ask, and trying again ----------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_http_asks_by_the_method_it_is_told(method: str) -> None:
    with ChatServer(ANSWERS) as server:
        (reply,) = ask(HttpTarget(server.settings(method=method)), item("plain"))
    assert isinstance(reply, TargetResponse)
    assert (server.methods, server.requests) == ([method], [{"message": "plain"}])


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    kept: list[Exchange] = []
    with ChatServer(ANSWERS, first_statuses=[status, status]) as server:
        target = HttpTarget(server.settings(retries=2), first_wait_s=0.01, keep=kept.append)
        (reply,) = ask(target, item("plain"))
    assert isinstance(reply, TargetResponse)
    assert [(one.attempts, one.status) for one in kept] == [(1, status), (2, status), (3, 200)]


def test_retries_end() -> None:
    with ChatServer(ANSWERS, status=503) as server:
        (reply,) = ask(HttpTarget(server.settings(retries=2), first_wait_s=0.01), item("plain"))
    assert isinstance(reply, TargetFailure)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 422, 500])
def test_what_will_not_pass_is_asked_once(status: int) -> None:
    with ChatServer(ANSWERS, status=status) as server:
        ask(HttpTarget(server.settings(retries=5), first_wait_s=0.01), item("plain"))
    assert len(server.requests) == 1


def test_a_server_says_when_to_come_again() -> None:
    with ChatServer(ANSWERS, first_statuses=[429], retry_after="0") as server:
        # Without Retry-After the first wait would be up to an hour.
        (reply,) = ask(HttpTarget(server.settings(retries=1), first_wait_s=3600), item("plain"))
    assert isinstance(reply, TargetResponse)


def test_a_time_out_and_an_unusable_reply_are_not_tried_again() -> None:
    with ChatServer(ANSWERS, delay_s=2.0) as server:
        ask(HttpTarget(server.settings(timeout_s=0.5, retries=3), first_wait_s=0.01), item("plain"))
    assert len(server.requests) == 1
    with ChatServer({}, raw=b"<html>") as server:
        ask(HttpTarget(server.settings(retries=3), first_wait_s=0.01), item("plain"))
    assert len(server.requests) == 1


def test_tokens_are_told_where_the_reply_has_them() -> None:
    raw = b'{"data": {"answer": "a"}, "sources": [], "usage": {"in": 3, "out": 4}}'
    for path, tokens in (("usage['in','out']", 7), ("usage.all", None), ("data.answer", None)):
        with ChatServer({}, raw=raw) as server:
            (reply,) = ask(HttpTarget(server.settings(tokens=path)), item("plain"))
        assert isinstance(reply, TargetResponse)
        assert reply.tokens == tokens


@pytest.mark.parametrize("told", ["answer", "evidence"])
def test_secrets_are_neither_kept_nor_told_nor_judged(told: str) -> None:
    """Judging sends an answer on to a model, and a report shows it: one that echoes a secret is no answer."""
    kept: list[Exchange] = []
    secret = "s3cret-t0ken"
    answer, evidence = (f"You sent {secret}", "") if told == "answer" else ("You did", f"log: {secret}")
    raw = json.dumps({"data": {"answer": answer}, "sources": [{"text": evidence}]}).encode()
    with ChatServer({}, raw=raw) as server:
        settings = server.settings(headers={"Authorization": f"Bearer {secret}"}, url=f"{server.url}?key={secret}")
        target = HttpTarget(settings, secrets=[secret], keep=kept.append)
        (reply,) = ask(target, item("plain"))
    assert server.headers[0]["authorization"] == f"Bearer {secret}"
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "secret_echoed"
    assert kept
    assert secret not in kept[0].model_dump_json() + target.name + target.identity + str(reply)


def test_a_secret_beside_the_answer_changes_nothing_of_it() -> None:
    kept: list[Exchange] = []
    reply = {"data": {"answer": "Our production system"}, "sources": [], "debug": "s3cret-t0ken"}
    with ChatServer({}, raw=json.dumps(reply).encode()) as server:
        (answer,) = ask(HttpTarget(server.settings(), secrets=["s3cret-t0ken"], keep=kept.append), item("plain"))
    assert isinstance(answer, TargetResponse)
    assert answer.response == "Our production system"
    assert "s3cret-t0ken" not in kept[0].model_dump_json()


def test_a_reply_without_end_is_cut_off_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.golden.targets.endpoint.MAX_REPLY_BYTES", 1000)
    with ChatServer(ANSWERS) as server:
        (reply,) = ask(HttpTarget(server.settings()), item("long"))
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "too_long"


def test_of_a_long_reply_the_beginning_is_kept() -> None:
    kept: list[Exchange] = []
    with ChatServer(ANSWERS) as server:
        ask(HttpTarget(server.settings(), keep=kept.append), item("long"))
    (exchange,) = kept
    assert len(exchange.received or "") < (exchange.received_characters or 0)


# --- over HTTP: streams ---------------------------------------------------------------------------------------------


def stream(raw: bytes, **settings: Any) -> TargetResponse | BaseException:
    base = {"response": "text", "contexts": None, "stream": {"format": "ndjson"}}
    with ChatServer({}, raw=raw, content_type="text/plain") as server:
        (reply,) = ask(HttpTarget(server.settings(**{**base, **settings})), item("plain"))
    return reply


def test_the_last_count_of_tokens_in_a_stream_is_the_answers() -> None:
    raw = b'{"text": "a", "used": 1}\n{"text": "b", "used": 7}\n{"text": "c", "used": -1}\n{"text": "d"}'
    reply = stream(raw, tokens="used")
    assert isinstance(reply, TargetResponse)
    assert (reply.response, reply.tokens) == ("abcd", 7)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stream": {"format": "text", "until": "END"}}, "leave out until"),
        ({"stream": {"format": "text"}, "contexts": "docs", "tokens": None}, "leave out contexts and tokens"),
        ({"stream": {"format": "text"}, "contexts": None, "tokens": "used"}, "leave out contexts and tokens"),
    ],
)
def test_what_a_plain_text_stream_cannot_hold_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HttpTargetSettings.model_validate({"kind": "http", "url": "http://bot.test", **settings})


def test_a_plain_text_stream_is_the_answer() -> None:
    reply = stream("It is\nröck.  ".encode(), stream={"format": "text"})
    assert isinstance(reply, TargetResponse)
    assert reply.response == "It is\nröck.  "


def test_evidence_of_several_events_is_joined() -> None:
    reply = stream(b'{"docs": ["a"]}\n{"text": "x"}\n{"docs": ["b", "c"]}\n{"text": "y"}', contexts="docs")
    assert isinstance(reply, TargetResponse)
    assert (reply.response, reply.contexts) == ("xy", ("a", "b", "c"))


@pytest.mark.parametrize("until", ["[DONE]", None])
def test_a_last_event_without_an_empty_line_counts(until: str | None) -> None:
    raw = b'data: {"text": "a"}\n\ndata: {"text":\ndata: "b"}\n\ndata: [DONE]'
    reply = stream(raw, stream={"format": "sse", "until": until})
    assert isinstance(reply, TargetResponse)
    assert reply.response == "ab"


@pytest.mark.parametrize(
    ("raw", "settings"),
    [
        (b"", {}),
        (b"", {"stream": {"format": "sse"}}),
        (b'{"text": "a"}\nnot json', {}),
        (b'{"other": "a"}\n', {}),
        (b'{"text": "a"}\n', {"contexts": "docs"}),
        (b'{"text": "a"}\n', {"stream": {"format": "ndjson", "until": "END"}}),
        (b'data: {"text": "a"}\n\n', {"stream": {"format": "sse", "until": "[DONE]"}}),
        (b'data: {"text": "a"}\n\nevent: error\ndata: {"text": "no"}\n\n', {"stream": {"format": "sse"}}),
        (b'data: {"text": "a"}\n\ndata: {"error": {"message": "m"}}\n\n', {"stream": {"format": "sse"}}),
        (b'{"text": "a\xff"}\n', {}),
        (b"\xff\xfe", {"stream": {"format": "text"}}),
    ],
)
def test_a_stream_that_was_cut_off_or_tells_of_an_error_is_a_failure(raw: bytes, settings: dict[str, Any]) -> None:
    reply = stream(raw, **settings)
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "bad_reply"


# --- a model --------------------------------------------------------------------------------------------------------


def model(server: OpenAIServer, directory: Path, prompt: str, **settings: Any) -> ModelTarget:
    (directory / "p.txt").write_text(prompt)
    base = {"kind": "model", "model": "m", "prompt": "p.txt", "base_url": server.url, "retries": 0}
    key = SecretStr("sk-test")
    return ModelTarget(ModelTargetSettings.model_validate({**base, **settings}), directory=directory, api_key=key)


def test_a_prompt_without_the_question_is_the_system_message(tmp_path: Path) -> None:
    asked = item("Why {contexts}?", contexts=("Rock {question}.", "Stone."), history=(Turn(role="user", content="Hi"),))
    with OpenAIServer(default=says("ok"), api_key="sk-test") as server:
        (reply,) = ask(model(server, tmp_path, "Use:\n{contexts}", temperature=0, max_tokens=9), asked)
    assert isinstance(reply, TargetResponse)
    assert reply.tokens
    assert server.requests[0].body == {
        "model": "m",
        "temperature": 0,
        "max_completion_tokens": 9,
        "messages": [
            {"role": "system", "content": "Use:\n[1] Rock {question}.\n\n[2] Stone."},
            {"role": "user", "content": "Hi"},
            {"role": "user", "content": "Why {contexts}?"},
        ],
    }


def test_a_prompt_with_the_question_is_the_users_message(tmp_path: Path) -> None:
    with OpenAIServer(default=says("ok")) as server:
        ask(model(server, tmp_path, "{question} ({id})"), item("Why?"))
    assert server.requests[0].body["messages"] == [{"role": "user", "content": "Why? (Why?)"}]


def test_a_models_refusal_is_an_answer_and_no_text_is_none(tmp_path: Path) -> None:
    with OpenAIServer([says(None, refusal="I will not."), says(None), Answer(body=b"{}")]) as server:
        replies = [ask(model(server, tmp_path, "x"), item("Why?"))[0] for _ in range(3)]
    assert isinstance(replies[0], TargetResponse)
    assert replies[0].response == "I will not."
    assert [one.reason for one in replies[1:] if isinstance(one, TargetFailure)] == ["bad_reply"] * 2


def test_a_changed_prompt_is_another_identity_but_not_another_name(tmp_path: Path) -> None:
    with OpenAIServer() as server:
        before, after = model(server, tmp_path, "a"), model(server, tmp_path, "b")
    assert before.name == after.name == "m with p.txt"
    assert before.identity != after.identity
    asyncio.run(before.close())
    asyncio.run(after.close())


def test_a_prompt_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    settings = ModelTargetSettings(kind="model", model="m", prompt="gone.md")
    with pytest.raises(GoldenSetError, match=r"gone\.md"):
        ModelTarget(settings, directory=tmp_path)


# --- a Python function ----------------------------------------------------------------------------------------------


def call(function: Callable[..., Any], **settings: Any) -> TargetResponse | BaseException:
    with ExitStack() as stack:
        (reply,) = ask(python_target(stack, function, **settings), item("Why?"))
    return reply


def test_a_function_may_return_text_or_a_mapping() -> None:
    def told(question: str, history: list[dict[str, str]]) -> dict[str, Any]:
        return {"response": question, "contexts": ["c"], "tokens": 7}

    for function, contexts, tokens in ((lambda question, _: question, None, None), (told, ("c",), 7)):
        reply = call(function)
        assert isinstance(reply, TargetResponse)
        assert (reply.response, reply.contexts, reply.tokens) == ("Why?", contexts, tokens)
        assert reply.latency_s is not None


@pytest.mark.parametrize(
    "returned",
    [
        *(None, 5, b"x", ["x"], {}),
        {"response": 5},
        {"response": "a", "contexts": "b"},
        {"response": "a", "tokens": -7},
        {"response": "a", "tokens": float("nan")},
    ],
)
def test_a_function_that_returns_no_answer_is_a_failure(returned: object) -> None:
    reply = call(lambda *_: returned)
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "bad_reply"


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), TimeoutError("theirs"), StopIteration()])
def test_whatever_a_function_raises_is_a_failure(error: BaseException) -> None:
    def raises(*_: object) -> str:
        raise error

    reply = call(raises)
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "error"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_function_that_takes_too_long_is_a_time_out(is_async: bool) -> None:
    release = threading.Event()

    def hangs(*_: object) -> str:
        release.wait(PATIENCE_S)
        return "late"

    async def hangs_async(*_: object) -> str:
        await asyncio.Event().wait()
        return "late"

    reply = call(hangs_async if is_async else hangs, timeout_s=0.05)
    release.set()
    assert isinstance(reply, TargetFailure)
    assert reply.reason == "timeout"


def test_functions_run_at_once_but_no_more_than_allowed() -> None:
    lock, seen, together = threading.Lock(), {"now": 0, "most": 0}, threading.Barrier(3)

    def answer(*_: object) -> str:
        with lock:
            seen["now"] += 1
            seen["most"] = max(seen["most"], seen["now"])
        together.wait(PATIENCE_S)  # until three of them run
        with lock:
            seen["now"] -= 1
        return "x"

    with ExitStack() as stack:
        ask(python_target(stack, answer, concurrency=3), *[item("a")] * 9)
    assert seen["most"] == 3


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("no_such_module_x:f", "cannot be imported"), ("json:nothing", "no function 'nothing'"), ("sys:path", "no funct")],
)
def test_a_function_that_cannot_be_found_is_a_configuration_error(name: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        PythonTarget(PythonTargetSettings(kind="python", call=name))


def test_a_module_in_the_current_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"here_{uuid.uuid4().hex}"
    (tmp_path / f"{name}.py").write_text("class App:\n    @staticmethod\n    def answer(q, h):\n        return q\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (reply,) = ask(PythonTarget(PythonTargetSettings(kind="python", call=f"{name}:App.answer")), item("Why?"))
    assert isinstance(reply, TargetResponse)
    assert reply.response == "Why?"


# --- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", [1]),
        ("b[0].c", ["x"]),
        ("b[*].c", ["x", "y"]),
        ("b[-1].c", ["y"]),
        ("d.e.f", [None]),
        ("g[*].x", []),
        ("$.b[?@.c=='x'].c", ["x"]),
        ("$..c", ["x", "y"]),
    ],
)
def test_dotted_paths_lead_to_values(path: str, found: list[object]) -> None:
    data: Any = {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": {"e": {"f": None}}, "g": []}
    assert dig(data, path) == found


@pytest.mark.parametrize("path", ["z", "a.b", "b[7].c", "b[*].z", "d[0]", "a[*]", "$.z[*]", "b[0]['z']"])
def test_a_path_that_leads_nowhere_says_so(path: str) -> None:
    data: Any = {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": {"e": 1}}
    with pytest.raises(LookupError):
        dig(data, path)


@pytest.mark.parametrize("path", ["a[", "a..", "a | b", "$[?", "a[*"])
def test_what_is_no_path_is_refused_with_the_manifest(path: str) -> None:
    with pytest.raises(ValueError, match="no JSONPath"):
        HttpTargetSettings(kind="http", url="http://x.test", response=path)


def test_a_functions_exception_shows_no_key() -> None:
    def raises(*_: object) -> str:
        raise ValueError("no access with api_key=hunter2 and sk-live-0123456789abcdef")

    reply = call(raises)
    assert isinstance(reply, TargetFailure)
    assert reply.detail.startswith("ValueError: no access")
    assert "hunter2" not in reply.detail
    assert "sk-live" not in reply.detail
