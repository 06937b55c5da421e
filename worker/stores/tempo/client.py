"""The query API: traces by id, and the search."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.otlp.decoding import spans_in_resource_spans
from assay.worker.otlp.span_store import hex_id
from assay.worker.ports.store_errors import StoreError, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.spans import Span
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import Answer, AnswerTooLarge, Connection, error_of

WHOLE_AS_STORED = "already pruned before"
"""In the message of a trace that is partial only in that its sender left spans out."""
SPANS_PER_SET = 5
"""Roots of one trace that a search gives. Nearly all traces have one."""

ACCEPTED = frozenset({404, 422, 500})
"""Refusals that may mean one trace: it is not there, or it is too large."""


class LimitTooHigh(StoreRejected):
    """The server gives no so long an answer (`query_frontend.search.max_result_limit`)."""


class TempoClient:
    """Asks one tenant's query frontend."""

    def __init__(self, connection: Connection) -> None:
        """Keep the connection, which accepts `ACCEPTED`."""
        self.connection = connection
        self._has_v2 = True

    async def spans_of(self, trace_id: str) -> list[Span]:
        """All spans of a trace; none where it is not there.

        No time range is given: the server would look only into blocks of that range, and a span that came late lies
        in a block of the time when it came.

        Raises:
            TraceTooLarge: the server gives a part of it alone, or it is too large for us.
            StoreUnavailable, StoreRejected
        """
        asked = hex_id(trace_id)
        if asked is None:
            return []
        try:
            answer = await self._trace(asked)
        except AnswerTooLarge as exc:
            raise TraceTooLarge(str(exc)) from exc
        return [] if answer is None else await in_thread(_spans_in, answer, trace_id)

    async def search(self, query: str, start: datetime, end: datetime, limit: int) -> Mapping[str, Any]:
        """The first traces that were found, at most `limit`. The range is of whole seconds.

        Raises:
            LimitTooHigh
            StoreUnavailable, StoreRejected
        """
        first = int(start.timestamp())
        asked = [
            ("q", query),
            ("start", str(first)),
            ("end", str(max(first + 1, -int(-end.timestamp() // 1)))),
            ("limit", str(limit)),
            ("spss", str(SPANS_PER_SET)),
        ]
        try:
            answer = await self.connection.get("/api/search", asked)
        except StoreRejected as exc:
            if "max limit" in str(exc):
                raise LimitTooHigh(str(exc)) from exc
            raise
        if answer.status != 200:
            raise self._error(answer)
        return await in_thread(_object_in, answer, ("traces", "metrics"))

    async def echo(self) -> str:
        """What the server calls itself.

        Raises:
            StoreUnavailable, StoreRejected
        """
        answer = await self.connection.get("/api/status/buildinfo")
        if answer.status != 200:
            raise self._error(answer)
        return str((await in_thread(_object_in, answer, ("version",)))["version"] or "of unknown version")[:40]

    async def close(self) -> None:
        """Close the connections."""
        await self.connection.close()

    async def _trace(self, asked: str) -> Answer | None:
        if self._has_v2:
            answer = await self.connection.get(f"/api/v2/traces/{asked}")
            if answer.status == 200:
                return answer
            if answer.status != 404:
                raise self._meaning(answer)
            if "page not found" not in answer.message:
                self._check_absent(answer)
                return None
            self._has_v2 = False  # a server before 2.6: the route is not there
        answer = await self.connection.get(f"/api/traces/{asked}")
        if answer.status == 404:
            self._check_absent(answer)
            return None
        if answer.status != 200:
            raise self._meaning(answer)
        return answer

    def _check_absent(self, answer: Answer) -> None:
        """Check that a 404 is the server's own: it says in plain words that there is no such trace, or nothing.

        Raises:
            StoreUnavailable: it is a proxy's page or JSON, or says that there is no such route.
        """
        if answer.body.lstrip()[:1] in {b"{", b"<", b"["} or "page not found" in answer.message:
            raise self._error(answer)

    def _meaning(self, answer: Answer) -> StoreError:
        """Older servers refuse a trace that is too large by 500 or 422, and say so."""
        words = answer.message.lower()
        if answer.status == 422 or "max size" in words or "larger than the max" in words:
            return TraceTooLarge(f"{answer.where}: {answer.status}: {answer.message}")
        return self._error(answer)

    def _error(self, answer: Answer) -> StoreError:
        return error_of(answer, self.connection.remedy, answer.message)


def _spans_in(answer: Answer, trace_id: str) -> list[Span]:
    body = _object_in(answer, ("trace", "status", "metrics", "resourceSpans", "batches"))
    message = str(body.get("message") or "")
    if body.get("status") in {"PARTIAL", 1} and WHOLE_AS_STORED not in message:
        raise TraceTooLarge(f"trace {trace_id[:100]!a}: the server gives a part of it: {message[:200]}")
    trace = body.get("trace") or body
    groups = trace.get("resourceSpans") or trace.get("batches") or [] if isinstance(trace, dict) else None
    if not isinstance(groups, list):
        raise StoreUnavailable(f"{answer.where}: an answer without spans; is this the query frontend?")
    return spans_in_resource_spans(groups).spans


def _object_in(answer: Answer, keys: tuple[str, ...]) -> dict[str, Any]:
    """The JSON object of an answer, which has one of the keys at least: a proxy's page may be JSON, too."""
    try:
        body = loads(answer.body)
    except ValueError as exc:
        raise StoreUnavailable(f"{answer.where}: answered 200 without JSON; is this the query frontend?") from exc
    if not isinstance(body, dict) or not any(key in body for key in keys):
        raise StoreUnavailable(
            f"{answer.where}: answered 200 without any of {', '.join(keys)}; is this the query frontend?"
        )
    return body
