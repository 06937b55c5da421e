"""Vectors by `/embeddings` from a real socket: what is sent, what is read, and every way in which there are none."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.admission import AtOnce
from assay.judges.models.embeddings import EmbeddingModel, NoVectors
from assay.judges.models.endpoint_settings import EndpointSettings
from tests.servers.openai_server import Answer, OpenAIServer, Step

RNG = np.random.default_rng(1)
TEXTS = ["What does it cost?", "It costs 12 euros."]


def place(url: str, **over: Any) -> EndpointSettings:
    return EndpointSettings(name="embedder", url=url, key=SecretStr("sk-embed"), **over)


def answer(vectors: Sequence[Any], **over: Any) -> Answer:
    data = [{"index": at, "embedding": [*map(_plain, vector)]} for at, vector in enumerate(vectors)]
    return Answer({"data": data[::-1], "model": "e", "usage": {"prompt_tokens": 21, "total_tokens": 21}}, **over)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


def asked(
    steps: Sequence[Step], texts: Sequence[str] = TEXTS, timeout_s: float = 5.0
) -> tuple[list[str], OpenAIServer]:
    with OpenAIServer(steps) as server:

        async def work() -> list[str]:
            model = EmbeddingModel("e-small", place(server.url), admission=AtOnce(2), timeout_s=timeout_s)
            try:
                assert model.name == "e-small@64"
                return await model.vectors(texts)
            finally:
                await model.close()

        return asyncio.run(work()), server


def angle(first: str, second: str) -> float:
    a, b = (np.frombuffer(base64.b64decode(text), dtype=np.int8).astype(float) for text in (first, second))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_texts_go_out_once_and_vectors_come_back_in_their_order() -> None:
    long, other = RNG.standard_normal(1536), RNG.standard_normal(1536)
    near = long + 0.3 * other
    (vectors, server) = asked([answer([long, near, other])], ["a", "b" * 9000, "c"])
    (request,) = server.requests
    assert request.path == "/v1/embeddings"
    assert request.headers["authorization"] == "Bearer sk-embed"
    assert request.body["model"] == "e-small"
    assert [len(text) for text in request.body["input"]] == [1, 4000, 1]
    assert all(len(base64.b64decode(vector)) == 64 for vector in vectors)
    assert angle(vectors[0], vectors[1]) > 0.85
    assert abs(angle(vectors[0], vectors[2])) < 0.45


def test_the_same_vector_is_written_alike_everywhere() -> None:
    first, _ = asked([answer([np.arange(1, 5), np.arange(1, 5)])])
    assert first[0] == first[1]
    assert first[0].startswith("ZjN/ZhmaGX8AgUyBGZqaAH/NM")


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (Answer({"error": {"message": "slow down"}}, status=429), "status 429"),
        (Answer({"error": {"message": "no"}}, status=401), "status 401"),
        (Answer({"error": {"message": "no"}}, status=404), "status 404"),
        (Answer({}, status=503), "status 503"),
        (Answer(disconnect=True), "no usable connection"),
        (Answer({"data": []}), "no vectors of these texts"),
        (Answer(b"[" * 100_000), "no vectors of these texts"),
        (answer([[1.0, "x"], [1.0, 2.0]]), "no vectors of these texts"),
        (answer([[0.0, 0.0], [1.0, 2.0]]), "no vectors of these texts"),
        (answer([[float("nan")], [1.0]]), "no vectors of these texts"),
        (Answer(b" " * 600_000), "longer than 465,536 bytes"),
        (answer([[1.0], [1.0]], delay_s=2.0), "no answer within 0.3 s"),
    ],
)
def test_whatever_is_no_answer_is_said_and_holds_no_text(step: Answer, why: str) -> None:
    with pytest.raises(NoVectors) as error:
        asked([step], timeout_s=0.3 if step.delay_s else 5.0)
    assert why in str(error.value)
    assert not any(text in str(error.value) for text in TEXTS)


def test_what_cannot_work_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match=r"drift\.embeddings: endpoint embedder speaks anthropic"):
        EmbeddingModel("e", place("http://x/v1", protocol="anthropic"), admission=AtOnce(1), timeout_s=1)
    with pytest.raises(ValueError, match="at most 64"):
        asked([], ["x"] * 65)
    assert json.dumps(asked([], [])[0]) == "[]"
