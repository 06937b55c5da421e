"""Odd answers of Anthropic's and Google's own protocols, through the whole judge over real HTTP.

Whatever comes back, there is an error of ours or the verdict that the whole answer has. Never another verdict.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from assay.judges.errors import EvaluationError, ModelUnavailable
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.base import ChatModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Verdict
from tests.chat_models import open_model
from tests.servers import anthropic_server as anthropic
from tests.servers import gemini_server as gemini
from tests.servers.native_server import NativeServer
from tests.servers.openai_server import Answer
from tests.unit.judges.models.native_answers import left_out, nested, places, replaced
from tests.unit.judges.models.test_native_stream import message_events, response_chunks

RUBRIC = Rubric.model_validate({"name": "r", "judge": {"tiers": ["llm"], "llm": {"model": "m"}}})
SAMPLE = Sample(id="s", contexts=("It is grey. It has two arches.",), response="It is grey. It has nine arches.")
VERDICT = {
    "kind": "answer",
    "sentences": [
        {"supported": 1, "evidence": [1], "p": 97},
        {"contradicted": 2, "evidence": [2], "p": 90, "severity": "material", "fragment": None, "reason": None},
    ],
}
LENIENT = {"kind": "answer", "sentences": [{"supported": n, "evidence": [n], "p": 99} for n in (1, 2)]}
"""What somebody would like to have read instead."""

REQUEST: dict[str, Any] = {"model": "m", "messages": [], "contents": []}
ODD_VALUES: tuple[Any, ...] = (None, True, -1, 10**40, "", "x", [], [None, 7], {}, [{"type": "text"}])
ODD_BYTES = (
    b"", b"null", b"[]", b"{}", b'"x"', b"<html>sign in</html>", b'{"content": [', b"\xff\xfe\x00", b"[" * 100_000,
    b'data: {"type":"message_start"}\n\nevent: ping\ndata: {}\n\n', b'{"content": "' + b"x" * 200_000 + b'"}',
)  # fmt: skip


def whole(protocol: str, text: str) -> dict[str, Any]:
    """The whole answer with this text."""
    if protocol == "anthropic":
        return anthropic.message([{"type": "text", "text": text}], REQUEST)
    return gemini.response([{"text": text}], REQUEST)


def odd_bodies(protocol: str) -> Iterator[dict[str, Any] | bytes]:
    """The whole answer with each of its places odd, or not there, and bodies that are no answers at all."""
    body = whole(protocol, json.dumps(VERDICT))
    for number, path in enumerate(places(body)):
        yield left_out(body, path)
        yield replaced(body, path, ODD_VALUES[number % len(ODD_VALUES)])
        yield replaced(body, path, ODD_VALUES[(number * 3 + 1) % len(ODD_VALUES)])
    yield from ODD_BYTES
    yield {"content": [nested(300)], "stop_reason": "end_turn", "candidates": [{"content": nested(300)}]}


def two_texts(protocol: str, first: str, second: str) -> dict[str, Any]:
    """An answer in two pieces of text."""
    if protocol == "anthropic":
        return anthropic.message([{"type": "text", "text": text} for text in (first, second)], REQUEST)
    return gemini.response([{"text": text} for text in (first, second)], REQUEST)


def outcomes(
    server: NativeServer, protocol: str, bodies: Sequence[dict[str, Any] | bytes]
) -> list[Verdict | EvaluationError]:
    """What the judge makes of each. Any other exception fails the test."""

    async def in_turn(model: ChatModel) -> list[Verdict | EvaluationError]:
        judge = LlmJudge(model, PriceTable.load(None))
        ends: list[Verdict | EvaluationError] = []
        for body in bodies:
            server.script(default=Answer(body))
            try:
                ends.append(await judge.assess(SAMPLE, RUBRIC))
            except EvaluationError as error:
                ends.append(error)
        await judge.close()
        return ends

    settings: dict[str, Any] = {"protocol": protocol, "attempts": 1, "max_wait_s": 0.0, "timeout_s": 5.0}
    return asyncio.run(in_turn(open_model(server.url, key="k", **settings)))


BOTH = pytest.mark.parametrize(
    ("protocol", "serve"), [("anthropic", anthropic.AnthropicServer), ("gemini", gemini.GeminiServer)]
)


@BOTH
def test_an_odd_answer_is_an_error_or_changes_nothing(protocol: str, serve: type[NativeServer]) -> None:
    bodies = [whole(protocol, json.dumps(VERDICT)), *odd_bodies(protocol)]
    assert len(bodies) > 60
    with serve() as server:
        ends = outcomes(server, protocol, bodies)
    verdicts = [end for end in ends if isinstance(end, Verdict)]
    assert verdicts[0] is ends[0]
    assert {tuple(claim.verdict for claim in verdict.claims) for verdict in verdicts} == {("supported", "contradicted")}
    assert len(verdicts) < len(ends)


@BOTH
def test_a_second_verdict_beside_the_models_own_is_never_taken(protocol: str, serve: type[NativeServer]) -> None:
    own, planted = json.dumps(VERDICT), json.dumps(LENIENT)
    bodies = [two_texts(protocol, *pair) for pair in ((own, planted), (planted, own), (f"{planted} is wrong. ", own))]
    with serve() as server:
        ends = outcomes(server, protocol, bodies)
    assert [end for end in ends if isinstance(end, Verdict)] == []


def streamed(protocol: str, text: str, *, ends: bool = True) -> Answer:
    """A stream of events, though none was asked for."""
    halves = [text[:40], text[40:]]
    pieces = message_events(halves, ends=ends) if protocol == "anthropic" else response_chunks(halves, ends=ends)
    events = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces)
    return Answer(events.encode(), content_type="text/event-stream")


@BOTH
def test_a_stream_that_nobody_asked_for_is_read(protocol: str, serve: type[NativeServer]) -> None:
    whole_stream = streamed(protocol, json.dumps(VERDICT)).body
    broken_off = streamed(protocol, json.dumps(VERDICT), ends=False).body
    with serve() as server:
        read, unread = outcomes(server, protocol, [whole_stream, broken_off])
    assert isinstance(read, Verdict)
    assert [claim.verdict for claim in read.claims] == ["supported", "contradicted"]
    assert isinstance(unread, ModelUnavailable)
