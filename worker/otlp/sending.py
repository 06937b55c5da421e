"""Results out by OTLP over HTTP: protobuf, packed, in requests that every receiver takes, and what it says of them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import structlog
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from assay.judges.cpu_executor import in_thread
from assay.worker.otlp.evaluations import evaluation_logs, evaluation_spans
from assay.worker.ports.store_errors import StorePartlyRejected, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import Answer, Connection, RequestNotValid, RequestTooLarge
from assay.worker.store_clients.rows import UNREADABLE

TRACES, LOGS = "/v1/traces", "/v1/logs"
AT_ONCE = 500
MOST_BYTES = 3_000_000
"""Of the texts in one request: receivers that pass on to gRPC take 4 MiB."""

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}

Request: TypeAlias = ExportTraceServiceRequest | ExportLogsServiceRequest

log = structlog.get_logger(__name__)


class ResultSender:
    """Sends scores as spans and as events."""

    def __init__(self, connection: Connection, *, traces_path: str = TRACES, logs_path: str = LOGS) -> None:
        """Keep the parts. Nobody is asked yet."""
        self._connection = connection
        self._traces_path = traces_path
        self._logs_path = logs_path

    async def send_spans(self, scores: Sequence[Score]) -> None:
        """Send each score as a back-dated span. The last one wins where an id comes twice.

        Raises:
            StorePartlyRejected: the server has all but some of them.
            StoreRejected: a score that cannot be such a span, or that the server refused.
            StoreUnavailable
        """
        await self._send(scores, self._traces_path, evaluation_spans, ExportTraceServiceResponse)

    async def send_events(self, scores: Sequence[Score]) -> None:
        """Send each score as an event. The last one wins where an id comes twice.

        Raises:
            StorePartlyRejected: the server has all but some of them.
            StoreRejected: a score that cannot be such an event, or that the server refused.
            StoreUnavailable
        """
        await self._send(scores, self._logs_path, evaluation_logs, ExportLogsServiceResponse)

    async def send_nothing(self, *, spans: bool, events: bool) -> str:
        """Ask with empty requests whether the server would take what we send: the specification lets it agree.

        Returns:
            What a server answered that is there and refuses empty requests, as some do; empty where it agreed.

        Raises:
            StoreRejected, StoreUnavailable
        """
        refusals = []
        for is_asked, path, request, response in (
            (spans, self._traces_path, ExportTraceServiceRequest(), ExportTraceServiceResponse),
            (events, self._logs_path, ExportLogsServiceRequest(), ExportLogsServiceResponse),
        ):
            try:
                if is_asked:
                    await self._post(path, request, response)
            except RequestNotValid as exc:
                refusals.append(str(exc))
        return "; ".join(refusals)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _send(
        self, scores: Sequence[Score], path: str, request_of: Callable[[Sequence[Score]], Request], response: Any
    ) -> None:
        last = list({score.id: score for score in scores}.values())
        refusals = [words for part in _parts(last) for words in await self._send_part(part, path, request_of, response)]
        if refusals:
            raise StorePartlyRejected("; ".join(refusals[:3]))

    async def _send_part(
        self, part: Sequence[Score], path: str, request_of: Callable[[Sequence[Score]], Request], response: Any
    ) -> list[str]:
        """Send a part. Returns what the server says of those that it refused while it took the others."""
        try:
            return await self._post(path, await in_thread(request_of, part), response)
        except RequestTooLarge:
            if len(part) == 1:
                raise
            halves = (part[: len(part) // 2], part[len(part) // 2 :])
            return [w for half in halves for w in await self._send_part(half, path, request_of, response)]

    async def _post(self, path: str, request: Request, response: Any) -> list[str]:
        """Send a request. Returns what the server says of those that it refused while it took the others.

        Raises:
            StoreRejected: it refused all.
            StoreUnavailable
        """
        answer = await self._connection.post(path, await in_thread(_packed, request), HEADERS)
        rejected, message = _partial_success(answer, response)
        if rejected:
            words = f"{answer.where}: the server refused {rejected} of {_count(request)}: {message}"
            if rejected >= _count(request):
                raise StoreRejected(words)
            return [words]
        if message:
            log.warning("otlp.server_warns", address=answer.where, message=message)
        return []


def _parts(scores: Sequence[Score]) -> Iterator[list[Score]]:
    """The scores in requests of bounded size."""
    part: list[Score] = []
    size = 0
    for score in scores:
        bytes_of_score = len(score.comment) * 2 + 2_000  # twice: few texts have more bytes than that for a character
        if part and (len(part) == AT_ONCE or size + bytes_of_score > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(score)
        size += bytes_of_score
    if part:
        yield part


def _packed(request: Request) -> bytes:
    return gzip.compress(request.SerializeToString(), compresslevel=4)


def _partial_success(answer: Answer, response: Any) -> tuple[int, str]:
    """How many were refused although the answer is 2xx, and the server's words; an empty body refuses nothing.

    Raises:
        StoreUnavailable: the answer is none of the protocol's, so that nobody can tell what became of the request.
    """
    if not answer.body:
        return 0, ""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            told = loads(answer.body).get("partialSuccess") or {}
            refused = told.get("rejectedSpans") or told.get("rejectedLogRecords") or 0
            return max(0, int(refused)), str(told.get("errorMessage") or "")[:200]
        if kind == "application/x-protobuf":
            partial = response.FromString(answer.body).partial_success
            refused = getattr(partial, "rejected_spans", 0) or getattr(partial, "rejected_log_records", 0)
            return max(0, refused), partial.error_message[:200]
    except (*UNREADABLE, DecodeError) as exc:
        raise StoreUnavailable(f"{answer.where}: answered {answer.status} with a broken message") from exc
    if answer.status != 200:
        return 0, ""  # taken; the protocol gives only 200 a message
    raise StoreUnavailable(f"{answer.where}: answered 200, but not as OTLP does ({kind!a}); is this its address?")


def _count(request: Request) -> int:
    if isinstance(request, ExportTraceServiceRequest):
        return sum(len(scope.spans) for group in request.resource_spans for scope in group.scope_spans)
    return sum(len(scope.log_records) for group in request.resource_logs for scope in group.scope_logs)
