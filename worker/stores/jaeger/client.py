"""The query API, version 3: services, traces by service and time, traces by id. Its answers are OTLP in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.otlp.connection import Answer, AnswerTooLarge, Connection
from assay.worker.otlp.decoding import spans_in_resource_spans
from assay.worker.otlp.span_store import hex_id
from assay.worker.ports.store_errors import StoreUnavailable, TraceTooLarge
from assay.worker.records.spans import Span

ACCEPTED = frozenset({404})
"""An answer to a question: no such trace, or none in that range."""
NO_ROUTE = "page not found"
"""In a 404 of a server, or of a proxy before it, that knows no such address."""


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
        told = [] if answer is None else await in_thread(_objects_in, answer)
        return sorted({str(name) for body in told for name in body.get("services") or ()})

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
            answer = await self._get(f"/api/v3/traces/{asked}", [("raw_traces", "true")])
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
        answer = await self._get("/api/v3/traces", asked)
        return [] if answer is None else await in_thread(_spans_in, answer)

    async def close(self) -> None:
        """Close the connections."""
        await self.connection.close()

    async def _get(self, path: str, query: list[tuple[str, str]]) -> Answer | None:
        """An answer; None where the server says that there is nothing."""
        answer = await self.connection.get(path, query)
        if answer.status == 200:
            return answer
        if NO_ROUTE in answer.message or not answer.message.startswith("{"):
            raise StoreUnavailable(
                f"{answer.where}: 404: {answer.message}; no such route: version 3 of the API is needed"
            )
        return None


def _spans_in(answer: Answer) -> list[Span]:
    """The spans of all messages: an answer may come in several."""
    spans = []
    for body in _objects_in(answer):
        result = body.get("result", body)
        groups = result.get("resourceSpans") or [] if isinstance(result, dict) else []
        if isinstance(groups, list):
            spans += spans_in_resource_spans(groups).spans
    return spans


def _objects_in(answer: Answer) -> list[dict[str, Any]]:
    try:
        return list(_decoded(answer.body.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as exc:
        raise StoreUnavailable(f"{answer.where}: answered 200 without JSON; is this the query service?") from exc


def _decoded(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects one after the other, with or without a line's end between."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        body, at = decoder.raw_decode(text, at)
        if isinstance(body, dict):
            yield body


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
