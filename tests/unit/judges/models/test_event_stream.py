"""A stream of events to a plain call makes up the completion that a plain answer would have been."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from assay.judges.models.answer_body import decoded_answer
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.base import ChatMessage, Reply
from tests.chat_models import open_model
from tests.servers.openai_server import Answer, OpenAIServer

TEXT = '{"kind":"answer","sentences":[{"supported":1,"evidence":[1],"p":97}]}'


def piece(delta: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One piece of a stream. Keywords that a choice has are put into the choice."""
    choice: dict[str, Any] = {"index": 0, "delta": delta or {}}
    choice |= {key: more.pop(key) for key in ("finish_reason", "logprobs") if key in more}
    return {"object": "chat.completion.chunk", "model": "m-1", "choices": [choice], **more}


def stream(*pieces: dict[str, Any] | str, end: str = "\n", done: bool = True) -> bytes:
    lines = [f"data: {event if isinstance(event, str) else json.dumps(event)}{end}{end}" for event in pieces]
    return "".join([*lines, *([f"data: [DONE]{end}{end}"] if done else [])]).encode()


def merged(*pieces: dict[str, Any] | str, **form: Any) -> dict[str, Any]:
    answer = decoded_answer(stream(*pieces, **form))
    assert isinstance(answer, dict)
    return answer


def message(*deltas: dict[str, Any]) -> Any:
    return merged(*map(piece, deltas))["choices"][0]["message"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("done", [True, False])
def test_pieces_make_up_one_completion(end: str, done: bool) -> None:  # parameters of the stream
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    pieces = [
        piece({"role": "assistant", "content": ""}),
        *(piece({"content": TEXT[at : at + 7]}) for at in range(0, 80, 7)),
    ]
    answer = merged(*pieces, piece(finish_reason="stop"), {"choices": [], "usage": usage}, end=end, done=done)
    assert answer["choices"][0]["message"]["content"] == TEXT
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == usage
    assert answer["model"] == "m-1"


def test_comments_names_and_data_on_two_lines_are_understood() -> None:
    first, second = json.dumps(piece({"content": TEXT})).split(" ", 1)
    body = f": wait\n\nevent: message\nid: 7\nretry: 10\ndata:{first}\ndata: {second}\n\n: wait\n\ndata: [DONE]\n\n"
    answer = decoded_answer(body.encode())
    assert answer is not None
    assert answer["choices"][0]["message"]["content"] == TEXT


def test_events_may_be_lines_of_json() -> None:
    pieces = [piece({"content": TEXT[:9]}), piece({"content": TEXT[9:]}, finish_reason="stop")]
    answer = decoded_answer("\n".join(map(json.dumps, pieces)).encode())
    assert answer is not None
    assert answer["choices"][0]["message"]["content"] == TEXT
    assert decoded_answer(json.dumps(pieces[0]).encode() + b"\n{") is None


def test_reasoning_refusal_and_parts_are_kept_apart() -> None:
    deltas = ({"reasoning_content": "h"}, {"reasoning_content": "m"}, {"content": "a"}, {"content": [{"text": "b"}]})
    told = message(*deltas, {"refusal": "n"}, {"refusal": "o"}, {"content": None})
    assert (told["content"], told["reasoning_content"], told["refusal"]) == ("ab", "hm", "no")


def test_calls_are_put_together_by_their_index() -> None:
    told = message(
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "verdict", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": TEXT[:9]}}]},
        {"tool_calls": [{"index": 1, "function": {"name": "other", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": TEXT[9:]}}]},
    )
    assert [call["function"] for call in told["tool_calls"]] == [
        {"name": "verdict", "arguments": TEXT},
        {"name": "other", "arguments": "{}"},
    ]
    older = message({"function_call": {"name": "verdict", "arguments": "{"}}, {"function_call": {"arguments": "}"}})
    assert older["function_call"] == {"name": "verdict", "arguments": "{}"}


def test_other_choices_are_left_out_and_tokens_joined() -> None:
    other = piece({"content": "x"})
    other["choices"][0]["index"] = 1
    told = merged(*(piece({"content": text}, logprobs={"content": [{"token": text}]}) for text in "ab"), other)
    assert told["choices"][0]["message"]["content"] == "ab"
    assert [token["token"] for token in told["choices"][0]["logprobs"]["content"]] == ["a", "b"]
    assert len(told["choices"]) == 1


def test_stream_that_breaks_off_is_no_answer() -> None:
    pieces = (piece({"content": TEXT[:9]}), piece({"content": TEXT[9:]}))
    assert decoded_answer(stream(*pieces, done=False)) is None
    assert decoded_answer(stream(*pieces)) is not None
    assert decoded_answer(stream(*pieces, piece(finish_reason="stop"), done=False)) is not None


def test_one_event_is_the_answer_and_several_of_no_known_kind_are_none() -> None:
    assert merged({"id": "x", "content": []}) == {"id": "x", "content": []}
    assert decoded_answer(stream({"part": TEXT}, {"part": TEXT})) is None


@pytest.mark.parametrize("before", [(), (piece({"content": TEXT}, finish_reason="stop"),)])
def test_error_in_a_stream_is_the_answer(before: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(AnswerError) as caught:
        decoded_answer(stream(*before, {"error": {"code": 502, "message": "gone"}}))
    assert caught.value.body == {"error": {"code": 502, "message": "gone"}}


@pytest.mark.parametrize(
    "odd", [{"choices": {}}, {"choices": [None]}, piece({"tool_calls": [None, 1]}), piece({"content": 5})]
)
def test_odd_pieces_add_nothing(odd: dict[str, Any]) -> None:
    assert merged(odd, piece({"content": TEXT}))["choices"][0]["message"]["content"] == TEXT


def test_stream_that_holds_no_json_is_no_answer() -> None:
    assert decoded_answer(stream("not json")) is None
    assert decoded_answer(stream("[1]")) is None


def test_stream_over_http_is_read_as_a_reply() -> None:
    async def asked(url: str) -> Reply:
        model = open_model(url)
        try:
            return await model.complete([ChatMessage(role="user", content="?")], json_schema={"type": "object"})
        finally:
            await model.close()

    body = stream(
        piece({"content": TEXT}), piece(finish_reason="stop", usage={"prompt_tokens": 9, "completion_tokens": 3})
    )
    with OpenAIServer([Answer(body, content_type="text/event-stream")]) as server:
        reply = asyncio.run(asked(server.url))
        assert len(server.requests) == 1
    assert reply.text == TEXT
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 3)
