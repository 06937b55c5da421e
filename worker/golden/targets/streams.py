"""Streamed answers: the events of a reply that came in pieces, put together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import httpx
from httpx_sse import EventSource
from pydantic import JsonValue

from assay.judges.schema import Record
from assay.worker.golden.sets.json_paths import count_at, texts_at
from assay.worker.golden.sets.target_settings import StreamSettings

_OPENAI_END = "[DONE]"


class BrokenStream(ValueError):
    """A stream that holds no whole answer; the message says why."""


class StreamedAnswer(Record):
    """What the events of a stream add up to; `contexts` is None where no path to them was given."""

    response: str
    contexts: tuple[str, ...] | None = None
    tokens: int | None = None


class StreamPaths(NamedTuple):
    """Where things stand in an event: a piece of the answer, evidence, and the tokens used so far."""

    response: str
    contexts: str | None = None
    tokens: str | None = None


def read_stream(body: bytes, settings: StreamSettings, paths: StreamPaths) -> StreamedAnswer:
    """The answer in a streamed reply.

    Args:
        body: the whole reply.
        settings: how it is laid out.
        paths: of pieces and evidence all that is found counts, of tokens the last; other events are passed over.

    Raises:
        BrokenStream: it cannot be read, was cut off, tells of an error, or never names what the paths ask for.
    """
    if settings.format == "text":
        return StreamedAnswer(response=_decoded(body))
    pieces: list[str] = []
    evidence: list[str] | None = None
    tokens: int | None = None
    for event in _events(body, settings):
        if isinstance(event, dict) and event.get("error"):
            raise BrokenStream("the stream tells of an error")
        pieces += _texts(event, paths.response) or ()
        passages = _texts(event, paths.contexts) if paths.contexts is not None else None
        if passages is not None:
            evidence = [*(evidence or ()), *passages]
        counted = count_at(event, paths.tokens) if paths.tokens is not None else None
        tokens = tokens if counted is None else counted
    if not pieces:
        raise BrokenStream(f"no event has text at {paths.response!r}")
    if paths.contexts is not None and evidence is None:
        raise BrokenStream(f"no event has text at {paths.contexts!r}")
    told = None if evidence is None else tuple(evidence)
    return StreamedAnswer(response="".join(pieces), contexts=told, tokens=tokens)


def _events(body: bytes, settings: StreamSettings) -> Iterator[JsonValue]:
    ended = settings.until is None
    for data in _server_sent(body) if settings.format == "sse" else _lines(body):
        if settings.until is not None and data == settings.until:
            ended = True
            break
        if data == _OPENAI_END:
            break
        try:
            yield json.loads(data)
        except ValueError as exc:
            raise BrokenStream("an event is not JSON") from exc
    if not ended:
        raise BrokenStream(f"the stream ended without {settings.until!r}")


def _server_sent(body: bytes) -> Iterator[str]:
    """The data of each event; the last one may lack the empty line that the standard wants."""
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    for event in EventSource(httpx.Response(200, headers=headers, content=body + b"\n\n")).iter_sse():
        if event.event == "error":
            raise BrokenStream("the stream tells of an error")
        if event.data:
            yield event.data


def _lines(body: bytes) -> Iterator[str]:
    # By bytes: splitlines() would also break at U+2028 inside a string.
    return (_decoded(line) for line in body.split(b"\n") if line.strip())


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        raise BrokenStream("the stream is not UTF-8") from exc


def _texts(event: JsonValue, path: str) -> tuple[str, ...] | None:
    try:
        return texts_at(event, path)
    except LookupError:
        return None
