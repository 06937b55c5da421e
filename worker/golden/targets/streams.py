"""Streamed answers: the events of a reply that came in pieces, put together."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
from httpx_sse import EventSource
from pydantic import JsonValue

from judges.schema import Record
from worker.golden.json_paths import texts_at
from worker.golden.target_settings import StreamSettings

_OPENAI_END = "[DONE]"


class BrokenStream(ValueError):
    """A stream that holds no whole answer; the message says why."""


class StreamedAnswer(Record):
    """What the events of a stream add up to; `contexts` is None where no path to them was given."""

    response: str
    contexts: tuple[str, ...] | None = None


def read_stream(body: bytes, settings: StreamSettings, *, response: str, contexts: str | None) -> StreamedAnswer:
    """The answer in a streamed reply.

    Args:
        body: the whole reply.
        settings: how it is laid out.
        response: path of a piece of the answer in an event; events without it are passed over.
        contexts: path of evidence in an event.

    Raises:
        BrokenStream: it cannot be read, was cut off, tells of an error, or never names what the paths ask for.
    """
    if settings.format == "text":
        return StreamedAnswer(response=_decoded(body))
    pieces: list[str] = []
    evidence: list[str] | None = None
    for event in _events(body, settings):
        if isinstance(event, dict) and event.get("error"):
            raise BrokenStream("the stream tells of an error")
        pieces += _texts(event, response) or ()
        found = _texts(event, contexts) if contexts is not None else None
        if found is not None:
            evidence = [*(evidence or ()), *found]
    if not pieces:
        raise BrokenStream(f"no event has text at {response!r}")
    if contexts is not None and evidence is None:
        raise BrokenStream(f"no event has text at {contexts!r}")
    return StreamedAnswer(response="".join(pieces), contexts=None if evidence is None else tuple(evidence))


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
