"""300 broken answers over real HTTP: broken JSON, wrong content types, bodies cut off, completions of other shapes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.prices import PriceTable
from assay.judges.schema import Scored
from tests.chat_models import open_model
from tests.hostile.bases import BASES, sample_of
from tests.hostile.fuzzed_replies import bytes_changed, fuzzed, literal, node_dropped, node_replaced, truncated, valid
from tests.hostile.test_fuzzed_replies import check_outcome
from tests.hostile.trial import rubric
from tests.servers.openai_server import Answer, Body, OpenAIServer, completion

_CHUNKS, _EACH = 3, 100
_SAMPLE = sample_of(BASES[0])
_TYPES = ("application/json", "text/html", "text/event-stream", "application/octet-stream", "", "json; charset=\xff")
_TOOL_CALLS: tuple[Any, ...] = (
    *(None, [], {}, "x", [None], [1], [{}], [{"function": None}]),
    [{"type": "function", "function": {"name": None, "arguments": None}}],
    [{"type": "function", "function": {"name": "verdict", "arguments": "{"}}],
    [{"type": "function", "function": {"name": "other", "arguments": {"a": 1}}}],
)
_CONTENTS: tuple[Any, ...] = (*(None, [], {}, 1, [None, 1, "x"], [{"type": "text"}], [{"type": "text", "text": None}]),)
_REFUSALS: tuple[Any, ...] = ("no", 1, {}, "\ud800")
_MESSAGES: tuple[Any, ...] = (
    *(None, "", [], {}, [None], "supported", 1, True, {"role": 1, "content": "{}"}),
    *[{"content": content} for content in _CONTENTS],
    *[{"content": None, "tool_calls": calls} for calls in _TOOL_CALLS],
    *[{"content": "{}", "refusal": refusal} for refusal in _REFUSALS],
)
_FINISHES: tuple[Any, ...] = (None, 1, [], "\ud800")
_CHOICES: tuple[Any, ...] = (None, [], {}, "x", [None], [[]], [{}], [{"message": None}], [{"text": "old style"}], 1)
_BODIES: tuple[Any, ...] = (
    *(None, [], "ok", 1, {}, {"error": {"message": "overloaded"}}, {"error": "no"}, {"object": "error", "code": 500}),
    *[{"choices": choices} for choices in _CHOICES],
    *[{"choices": [{"message": message, "finish_reason": "stop"}]} for message in _MESSAGES],
    *[{"choices": [{"message": {"content": "{}"}, "finish_reason": finish}]} for finish in _FINISHES],
)
_USAGES: tuple[Any, ...] = (None, [], "x", {}, {"prompt_tokens": -1}, {"prompt_tokens": 1e9}, {"prompt_tokens": "9"})
_RAW = (b"", b" ", b"{", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"data: {}\n\n", b"<html>", b"NaN", b"[" * 50_000)


def _answer(request: Body, random: Random) -> Answer:
    """One broken answer."""
    numbers = range(1, 3)
    good = completion(valid(numbers, 6, random), request)
    said = completion(fuzzed(numbers, 6, random), request)
    shape = random.choice(_BODIES)
    if isinstance(shape, dict) and random.random() < 0.3:
        shape = {**shape, "usage": random.choice(_USAGES), "model": random.choice((None, 1, "\ud800", "m"))}
    data = json.dumps(random.choice((shape, shape, said, said, good, {**good, "usage": random.choice(_USAGES)})))
    if random.random() < 0.4:
        data = random.choice((truncated, bytes_changed, node_replaced, node_dropped, literal))(data, random)
    body = data.encode("utf-8", "replace") if random.random() < 0.9 else random.choice(_RAW)
    status = 200 if random.random() < 0.85 else random.choice((201, 204, 301, 400, 401, 404, 409, 418, 422, 451, 503))
    headers = {} if random.random() < 0.85 else _broken_headers(body, random)
    kind = "application/json" if random.random() < 0.8 else random.choice(_TYPES)
    return Answer(body, status=status, headers=headers, content_type=kind, disconnect=random.random() < 0.03)


def _broken_headers(body: bytes, random: Random) -> dict[str, str]:
    """Headers that the body does not keep to."""
    return random.choice(
        (
            {"Content-Length": str(len(body) + 100)},
            {"Content-Length": str(len(body) // 2)},
            {"Content-Length": "many"},
            {"Transfer-Encoding": "chunked"},
            {"Content-Encoding": "gzip"},
            {"Content-Encoding": "unknown"},
            {"Location": "http://127.0.0.1:9/"},
            {"Retry-After": "soon"},
        )
    )


async def _outcomes(url: str, count: int) -> Counter[str]:
    model = open_model(model="m", key="k", url=url, timeout_s=2.0, attempts=1, max_wait_s=0.0)
    evaluator = Evaluator(rubric(), LlmJudge(model, PriceTable(checked="2026-11", models={})))
    found: Counter[str] = Counter()
    try:
        for _ in range(count):
            outcome = await evaluator.evaluate(_SAMPLE)
            check_outcome(_SAMPLE, outcome)
            found[getattr(outcome, "error", outcome.outcome)] += 1
            if isinstance(outcome, Scored):
                assert outcome.verdict is not None
                assert outcome.verdict.usage.calls >= 1
    finally:
        await model.close()
    return found


@pytest.mark.parametrize("seed", range(_CHUNKS))
def test_broken_answer_over_http_becomes_a_whole_verdict_or_a_failure(seed: int) -> None:
    random = Random(seed)
    with OpenAIServer(default=lambda request: _answer(request, random)) as server:
        found = asyncio.run(_outcomes(server.url, _EACH))
    assert sum(found.values()) == _EACH
    assert found["scored"] >= 5
    assert found["ModelUnavailable"] >= 20
    assert found["InvalidVerdict"] + found["IncompleteVerdict"] >= 1
