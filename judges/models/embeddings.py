"""Vectors of texts by OpenAI's protocol `/embeddings`, made as small as those that are kept of every text.

A vector of any length is projected onto 64 random directions, the same everywhere, and written as 64 signed bytes. That
keeps angles well enough to see many texts move, and no text can be read back.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.judges.models.admission import Admission, CallBound, Ticket
from assay.judges.models.chat_completions import ChatCompletions
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpAnswer, HttpClient, HttpFault
from assay.judges.schema import Usage
from assay.judges.text.fingerprints import DIMENSIONS, READ

MOST_TEXTS = 64
"""Texts of one request. A batch of 16 traces has 32."""

_BYTES_OF_VECTOR = 200_000
"""Of one vector in JSON: 4,096 numbers of 25 characters take half of it."""

_BYTES_AROUND = 65_536

_LONGEST = 65_536
"""Numbers of a vector. No model has more than a few thousand."""

_PROMPT_TOKENS = re.compile(rb'"prompt_tokens"\s*:\s*(\d{1,9})')
"""What an answer says it took, e.g. `"prompt_tokens": 21`."""

_TAIL = 2_000
"""Bytes at the end of an answer in which that stands."""

_LARGEST = 127
_BUSY, _DENIED = 429, frozenset({401, 402})


class NoVectors(Exception):
    """There are none this time, and why: a status or a fault, never a text."""


class _Embeddings(ChatCompletions):
    """The same server, key and headers, and another path."""

    def path(self, model: str) -> str:
        """The same for all models: the body names it."""
        return "/embeddings"


def check_place(place: EndpointSettings, model: str) -> None:
    """Refuse an endpoint where nothing can be embedded. It is not asked.

    Raises:
        ConfigurationError: it speaks another protocol than OpenAI's, or its address or key cannot be used.
    """
    if place.protocol != "openai":
        raise ConfigurationError(
            f"drift.embeddings: endpoint {place.name} speaks {place.protocol}; name one with `protocol: openai`"
        )
    endpoint_of(place, _Embeddings(), model)


class EmbeddingModel:
    """One embedding model at its endpoint."""

    def __init__(self, model: str, place: EndpointSettings, *, admission: Admission, timeout_s: float) -> None:
        """Keep the parts. Nothing is sent yet.

        Args:
            model: its name there.
            place: where it is asked. It must speak OpenAI's protocol.
            admission: lets calls go.
            timeout_s: of one request, leave for it included.

        Raises:
            ConfigurationError: the endpoint speaks another protocol, or its address or key cannot be used.
        """
        check_place(place, model)
        self._model = model
        self._client = HttpClient(endpoint_of(place, _Embeddings(), model))
        self._admission = admission
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """Who made the vectors, e.g. `text-embedding-3-small@64`."""
        return f"{self._model}@{DIMENSIONS}"

    async def vectors(self, texts: Sequence[str]) -> list[str]:
        """The vectors of at most 64 texts, as the record keeps them. Only the first 4,000 characters are read.

        Raises:
            NoVectors: no answer in time, or none that can be used.
            CallHeld: the limits leave no room.
        """
        if not texts:
            return []
        if len(texts) > MOST_TEXTS:
            raise ValueError(f"{len(texts)} texts; at most {MOST_TEXTS} at once")
        body = {"model": self._model, "input": [text[:READ] for text in texts], "encoding_format": "float"}
        payload = json.dumps(body).encode()
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._asked(payload, len(texts))
        except TimeoutError:
            raise NoVectors(f"no answer within {self._timeout_s:g} s") from None
        return await in_thread(_read, answer.body, len(texts))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _asked(self, payload: bytes, count: int) -> HttpAnswer:
        # A token has a byte at least.
        ticket = await self._admission.admit(CallBound(prompt_tokens=len(payload), completion_tokens=0))
        began = time.monotonic()
        try:
            answer = await self._client.post(payload, most_bytes=_BYTES_AROUND + count * _BYTES_OF_VECTOR)
        except HttpFault as exc:
            await (ticket.unknown(timed_out=False) if exc.answering else ticket.failed())
            raise NoVectors(str(exc)) from None
        except asyncio.CancelledError:
            await asyncio.shield(ticket.unknown())
            raise
        if answer.status != 200:
            await _close_refused(ticket, answer.status)
            raise NoVectors(f"status {answer.status}")
        await ticket.answered(_usage(answer.body), latency_s=time.monotonic() - began)
        return answer


async def _close_refused(ticket: Ticket, status: int) -> None:
    if status == _BUSY:
        await ticket.refused(retry_after_s=None)
    elif status in _DENIED:
        await ticket.denied()
    elif status >= 500:
        await ticket.failed()
    else:
        await ticket.rejected()


def _usage(body: bytes) -> Usage:
    """What was used. It stands behind the vectors: the rest need not be read for it."""
    match = _PROMPT_TOKENS.search(body[-_TAIL:])
    return Usage(calls=1, prompt_tokens=int(match[1]) if match else 0)


def _read(body: bytes, count: int) -> list[str]:
    """The vectors of an answer in the order of the texts.

    Raises:
        NoVectors: it is no such answer.
    """
    try:
        data = json.loads(body)["data"]
        by_index = {int(item["index"]): item["embedding"] for item in data}
        vectors = [_numbers(by_index[at]) for at in range(count)]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NoVectors("the answer holds no vectors of these texts") from None
    return [_written(vector) for vector in vectors]


def _numbers(values: Any) -> NDArray[np.float64]:
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or not 1 <= vector.size <= _LONGEST or not np.isfinite(vector).all() or not vector.any():
        raise ValueError("no vector")
    scaled: NDArray[np.float64] = vector / np.abs(vector).max()
    return scaled


def _written(vector: NDArray[np.float64]) -> str:
    projected = vector @ _directions(vector.size)
    scaled = np.rint(projected * (_LARGEST / max(float(np.abs(projected).max()), 1e-12)))
    return base64.b64encode(scaled.astype(np.int8).tobytes()).decode("ascii")


@lru_cache(maxsize=4)
def _directions(length: int) -> NDArray[np.float64]:
    """64 directions of signs, from a hash: the same on every machine and in every version."""
    raw = hashlib.shake_256(f"assay embeddings {length}".encode()).digest(length * DIMENSIONS // 8)
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8)).reshape(length, DIMENSIONS)
    signs: NDArray[np.float64] = 2.0 * bits.astype(np.float64) - 1
    return signs
