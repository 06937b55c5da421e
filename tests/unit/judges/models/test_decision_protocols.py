"""The two shapes of decision models over real HTTP: what is sent, what is read, and what errors mean."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import pytest

from assay.judges.errors import (
    EvaluationError,
    ModelAccessDenied,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    UnjudgeableSample,
)
from assay.judges.models.base import ChatMessage, Reply
from tests.chat_models import open_model
from tests.servers.decision_server import DecisionServer
from tests.servers.openai_server import Answer, Request, Step

STATE = (ChatMessage(role="system", content="Rules."), ChatMessage(role="user", content="E1: It opened in 1932."))
SCHEMA = {
    "type": "object",
    "properties": {
        "R1": {"type": "number", "description": "Is it so?\nR1: It opened in 1932."},
        "R2": {"type": "number", "description": "Is it so?\nR2: Elephants painted houses."},
    },
}
Shape = Literal["systemone", "decisions"]
SHAPES = pytest.mark.parametrize("shape", ["systemone", "decisions"])


def ask(shape: Shape, *script: Step, key: str | None = "k", **server: Any) -> tuple[Reply, list[Request]]:
    async def run(url: str) -> Reply:
        model = open_model(url, model="jev", key=key, protocol=shape, attempts=1)
        try:
            return await model.complete(STATE, json_schema=SCHEMA, max_tokens=100)
        finally:
            await model.close()

    with DecisionServer(script, **server) as open_server:
        return asyncio.run(run(open_server.url)), open_server.requests


def test_systemone_is_asked_as_documented() -> None:
    reply, (request,) = ask("systemone")
    assert request.path == "/v1/systemone"
    assert request.headers["authorization"] == "Bearer k"
    assert request.body == {
        "model": "jev",
        "state": "Rules.\n\nE1: It opened in 1932.",
        "questions": {
            name: {"type": "noul", "instructions": each["description"]}
            for name, each in SCHEMA["properties"].items()  # type: ignore[attr-defined]
        },
    }
    assert json.loads(reply.text) == {"R1": 1.0, "R2": 0.0}
    assert (reply.model_served, reply.usage.calls, reply.usage.completion_tokens) == ("jev-20260917", 1, 42)
    assert reply.usage.prompt_tokens > 0


def test_decisions_are_asked_as_documented() -> None:
    reply, (request,) = ask("decisions")
    assert request.path == "/v1/decisions"
    assert set(request.body) == {"model", "input", "questions"}
    assert [each["type"] for each in request.body["questions"]] == ["predicate", "predicate"]
    assert [each["name"] for each in request.body["questions"]] == ["R1", "R2"]
    assert json.loads(reply.text) == {"R1": 1.0, "R2": 0.0}


@SHAPES
def test_a_server_of_ones_own_needs_no_key(shape: Shape) -> None:
    _, (request,) = ask(shape, key=None)
    assert "authorization" not in request.headers


@SHAPES
def test_a_wrong_key_is_an_access_fault(shape: Shape) -> None:
    with pytest.raises(ModelAccessDenied):
        ask(shape, key="wrong", api_key="right")


ERRORS: dict[str, tuple[Answer, type[EvaluationError]]] = {
    "state too long": (
        Answer({"detail": {"error_type": "max_tokens_exceeded"}}, status=400), UnjudgeableSample
    ),
    "throttled": (Answer({"detail": "slow down"}, status=429), RateLimited),
    "overloaded": (Answer({"detail": "overloaded"}, status=529), ModelUnavailable),
    "a moderated text inside a 200": (
        Answer({"error": {"code": 403, "message": "requires moderation and your input was flagged"}}), ModelRefused
    ),
    "too long inside a 200": (Answer({"detail": {"error_type": "max_tokens_exceeded"}}), UnjudgeableSample),
    "a wrong key inside a 200": (Answer({"error": {"code": 401, "message": "User not found."}}), ModelAccessDenied),
    "an error beside answers": (
        Answer({"answers": {"R1": {"noul": 0.9}}, "error": {"code": 401, "message": "User not found."}}),
        ModelAccessDenied,
    ),
    "no answers": (Answer({"model": "jev"}), ModelUnavailable),
    "a chat completion": (Answer({"choices": [{"message": {"content": "Yes"}}]}), ModelUnavailable),
    "answers of no shape": (Answer({"answers": "yes"}), ModelUnavailable),
    "a list": (Answer(b"[]"), ModelUnavailable),
}  # fmt: skip


@SHAPES
@pytest.mark.parametrize("name", ERRORS)
def test_errors_mean_what_they_mean_anywhere(shape: Shape, name: str) -> None:
    answer, expected = ERRORS[name]
    with pytest.raises(expected):
        ask(shape, answer)


ODD: dict[str, Any] = {
    "answers of another shape": {"R1": 0.9, "R2": [0.8]},
    "another type of question": {"R1": {"type": "choice", "choice": "yes", "probabilities": {"yes": 1.0}}},
    "another type with such a number": {"R1": {"type": "enum", "noul": 0.9}},
    "names nobody asked": {"R9": {"type": "noul", "noul": 0.9}},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_answer_that_is_none_is_left_out_and_never_guessed(odd: str) -> None:
    reply, _ = ask("systemone", Answer({"model": "jev", "answers": ODD[odd], "usage": {"input_tokens": 1}}))
    read = json.loads(reply.text)
    assert not {name: p for name, p in read.items() if name in {"R1", "R2"} and isinstance(p, float)}
