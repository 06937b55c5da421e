"""One suite for every golden target: what an answer is, what a failure is, and that neither is the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from judges.errors import ConfigurationError
from judges.schema import Turn
from tests.servers.chat_server import Answers, ChatServer
from worker.golden.files import GoldenSetError
from worker.golden.schema import GoldenItem, HttpTargetSettings
from worker.golden.targets import GoldenTarget, HttpTarget, RecordedTarget, TargetFailure, TargetResponse, dig

ANSWERS: Answers = {
    "plain": {"response": "It is rock.", "contexts": ["Rock.", "Stone."]},
    "empty": {"response": "", "contexts": []},
    "unicode": {"response": "Ünïcödé 😀 \u2028 ok", "contexts": ["čeština"]},
    "long": {"response": "x" * 1_000_000, "contexts": ["c"]},
}


def item(item_id: str, **changes: Any) -> GoldenItem:
    return GoldenItem(id=item_id, question=item_id, **changes)


MakeTarget = Callable[[Answers], GoldenTarget]


@pytest.fixture(params=["recorded", "http"])
def make_target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeTarget]:
    servers: list[ChatServer] = []

    def recorded(answers: Answers) -> GoldenTarget:
        path = tmp_path / "release.jsonl"
        path.write_text("".join(json.dumps({"id": key, **value}) + "\n" for key, value in answers.items()))
        return RecordedTarget(path)

    def http(answers: Answers) -> GoldenTarget:
        servers.append(ChatServer(answers).__enter__())
        return HttpTarget(servers[-1].settings())

    yield recorded if request.param == "recorded" else http
    for server in servers:
        server.__exit__()


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
    (reply,) = ask(make_target(ANSWERS), item(name))
    assert isinstance(reply, TargetResponse)
    assert reply.response == ANSWERS[name]["response"]
    assert reply.contexts == tuple(ANSWERS[name]["contexts"])
    assert reply.latency_s is None or reply.latency_s > 0


def test_a_missing_answer_is_a_failure_and_no_empty_answer(make_target: MakeTarget) -> None:
    (reply,) = ask(make_target(ANSWERS), item("nobody"))
    assert isinstance(reply, TargetFailure)
    assert reply.item_id == "nobody"
    assert reply.reason in ("missing", "http_status")


def test_answers_keep_to_their_items_when_asked_at_once(make_target: MakeTarget) -> None:
    answers: Answers = {str(n): {"response": f"answer {n}", "contexts": []} for n in range(40)}
    replies = ask(make_target(answers), *(item(str(n)) for n in range(40)))
    assert [reply.response for reply in replies if isinstance(reply, TargetResponse)] == [
        f"answer {n}" for n in range(40)
    ]


def test_a_target_has_a_name_to_show(make_target: MakeTarget) -> None:
    target = make_target(ANSWERS)
    assert target.name
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
    template = {"message": "{question}", "log": "{history}", "options": [{"lang": "en", "n": 3}], "q2": "Q: {question}"}
    with ChatServer(ANSWERS) as server:
        target = HttpTarget(server.settings(request=template), headers={"Authorization": "Bearer s3cret"})
        asked = item("plain", history=(Turn(role="user", content="{question}"),))
        (reply,) = ask(target, asked)
    assert isinstance(reply, TargetResponse)
    assert server.requests == [
        {
            "message": "plain",
            "log": [{"role": "user", "content": "{question}"}],
            "options": [{"lang": "en", "n": 3}],
            "q2": "Q: plain",
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
    with ChatServer(ANSWERS, delay_s=0.4) as server:
        (reply,) = ask(HttpTarget(server.settings(timeout_s=0.05)), item("plain"))
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
    settings = HttpTargetSettings.model_construct(kind="http", url=url, timeout_s=1, headers={})
    with pytest.raises(ConfigurationError):
        HttpTarget(settings)


def test_a_name_shows_no_secret() -> None:
    settings = HttpTargetSettings(kind="http", url="https://user:pw@host.test/chat?key=s3cret")
    target = HttpTarget(settings)
    assert target.name == "https://host.test/chat"
    asyncio.run(target.close())


@pytest.mark.parametrize(
    ("path", "found"),
    [("a", [1]), ("b[0].c", ["x"]), ("b[*].c", ["x", "y"]), ("b.1.c", ["y"]), ("d.e.f", [None]), ("g[*].x", [])],
)
def test_dotted_paths_lead_to_values(path: str, found: list[object]) -> None:
    data: Any = {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": {"e": {"f": None}}, "g": []}
    assert dig(data, path) == found


@pytest.mark.parametrize("path", ["z", "a.b", "b[7].c", "b[*].z", "d[0]", "a[*]"])
def test_a_path_that_leads_nowhere_says_so(path: str) -> None:
    data: Any = {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": {"e": 1}}
    with pytest.raises(LookupError):
        dig(data, path)
