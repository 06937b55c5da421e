"""The query API, version 3: services, traces by service and time, traces by id. Its answers are OTLP in JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.otlp.decoding import spans_in_resource_spans
from assay.worker.otlp.span_store import hex_id
from assay.worker.ports.store_errors import StoreUnavailable, TraceTooLarge
from assay.worker.records.spans import Span
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import Answer, AnswerTooLarge, Connection

ACCEPTED = frozenset({404})
"""An answer to a question: no such trace, or none in that range."""
SEARCH = "/api/v3/traces"


class JaegerClient:
    """Asks one query service. Traces are asked for as they were stored: clock skew is not guessed at."""

    def __init__(self, connection: Connection) -> None:
        """Keep the connection, which accepts `ACCEPTED`."""
        self.connection = connection

    async def services(self) -> list[str]:
        """The names of all services.

        Raises:
            StoreUnavailable, StoreRejected
        """
        answer = await self._get("/api/v3/services", [])
        return await in_thread(_services_in, answer) if answer else []

    async def spans_of(self, trace_id: str) -> list[Span]:
        """All spans of a trace; none where it is not there.

        Raises:
            TraceTooLarge: it is larger than we take at once.
            StoreUnavailable, StoreRejected
        """
        asked = hex_id(trace_id)
        if asked is None:
            return []
        try:
            answer = await self._get(f"{SEARCH}/{asked}", [("raw_traces", "true")])
        except AnswerTooLarge as exc:
            raise TraceTooLarge(str(exc)) from exc
        return [] if answer is None else await in_thread(_spans_in, answer)

    async def search(self, service: str, start: datetime, end: datetime, depth: int) -> list[Span]:
        """Spans of traces, whole, in which the service began a span within a range: about `depth` traces at most.

        Raises:
            AnswerTooLarge
            StoreUnavailable, StoreRejected
        """
        asked = [
            ("query.service_name", service),
            ("query.start_time_min", _rfc3339(start)),
            ("query.start_time_max", _rfc3339(end)),
            ("query.num_traces", str(depth)),
            ("query.raw_traces", "true"),
        ]
        answer = await self._get(SEARCH, asked)
        return [] if answer is None else await in_thread(_spans_in, answer)

    async def close(self) -> None:
        """Close the connections."""
        await self.connection.close()

    async def _get(self, path: str, query: list[tuple[str, str]]) -> Answer | None:
        """An answer; None where the server says that there are no such traces. Of other things it never says so."""
        answer = await self.connection.get(path, query)
        if answer.status == 200:
            return answer
        if not path.startswith(SEARCH) or not _is_own_refusal(answer.body):
            raise StoreUnavailable(
                f"{answer.where}: {answer.status}: {answer.message}; no such route: version 3 of the API is needed"
            )
        return None


def _is_own_refusal(body: bytes) -> bool:
    """Whether a 404 is of the API itself: `{"error": {"httpCode": 404, "message": ...}}`, or gRPC's code and message.

    A proxy's 404 may be JSON, too. Taken for this one, it would close windows without their traces.
    """
    try:
        told = loads(body)
    except ValueError:
        return False
    if not isinstance(told, dict):
        return False
    error = told.get("error", told)
    return isinstance(error, dict) and isinstance(error.get("httpCode", error.get("code")), int) and "message" in error


def _services_in(answer: Answer) -> list[str]:
    named: set[str] = set()
    for body in _objects_in(answer):
        services = body.get("services", [] if not body else None)  # `{}`: protobuf's JSON leaves out what is empty
        if not isinstance(services, list):
            raise _no_such_answer(answer)
        named.update(name for name in services if isinstance(name, str))
    return sorted(named)


def _spans_in(answer: Answer) -> list[Span]:
    """The spans of all messages: an answer may come in several."""
    spans = []
    for body in _objects_in(answer):
        result = body.get("result", body)
        is_empty = "result" in body and not result
        groups = result.get("resourceSpans", [] if is_empty else None) if isinstance(result, dict) else None
        if not isinstance(groups, list):
            raise _no_such_answer(answer)
        spans += spans_in_resource_spans(groups).spans
    return spans


def _objects_in(answer: Answer) -> list[dict[str, Any]]:
    """JSON objects one after the other, each in a line or several, at least one."""
    try:
        objects = _decoded(answer.body)
    except ValueError as exc:
        raise StoreUnavailable(f"{answer.where}: answered 200 without JSON; is this the query service?") from exc
    if not objects or not all(isinstance(body, dict) for body in objects):
        raise _no_such_answer(answer)
    return objects


def _decoded(body: bytes) -> list[Any]:
    text, decoder, at = body.decode("utf-8", "replace"), json.JSONDecoder(), 0
    objects = []
    try:
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            value, at = decoder.raw_decode(text, at)
            objects.append(value)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):  # a number too long or a value too deep: one message after the other, mended
        return [loads(line) for line in _messages(text)]
    return objects


def _messages(text: str) -> list[str]:
    """The messages of a body: one where it is one, else one in each line."""
    try:
        loads(text)
    except ValueError:
        return [line for line in text.splitlines() if line.strip()]
    return [text]


def _no_such_answer(answer: Answer) -> StoreUnavailable:
    return StoreUnavailable(f"{answer.where}: answered 200 without what was asked; is this the query service?")


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
