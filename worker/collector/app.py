"""The receiver as an ASGI application: who may send, what is taken, what is answered."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.judges.errors import EvaluationError
from assay.worker.collector.admission import Door, Held
from assay.worker.collector.answers import JSON, PROTOBUF, Form, form_of, logs_taken, refused, traces_taken
from assay.worker.collector.body import read_body
from assay.worker.collector.counts import Counts
from assay.worker.collector.log_requests import NOT_KEPT, log_request
from assay.worker.collector.refusals import Refusal
from assay.worker.collector.trace_requests import trace_request
from assay.worker.collector.writer import SpanWriter
from assay.worker.config.collecting import Collecting
from assay.worker.ports.capabilities import SpanKey
from assay.worker.ports.source import Project

TRACES, LOGS, METRICS = "/v1/traces", "/v1/logs", "/v1/metrics"

READY_WITHIN_S = 3.0
"""How long the store may take to answer when somebody asks whether the receiver is ready."""

Take = Callable[[Form, bytes], Awaitable[Response]]
T = TypeVar("T")

log = structlog.get_logger(__name__)


class Receiver:
    """Takes requests in, one body after the other."""

    def __init__(
        self, project: Project, writer: SpanWriter, limits: Collecting, counts: Counts, *, token: SecretStr | None
    ) -> None:
        """Take nothing yet.

        Args:
            project: the store, asked whether it answers.
            writer: where spans go.
            limits: how much is taken.
            counts: what is counted.
            token: what senders must show. None: nothing.
        """
        self._project = project
        self._writer = writer
        self._limits = limits
        self._counts = counts
        self._door = Door(limits, counts)
        self._expected = token.get_secret_value().encode() if token is not None else None
        # One body at a time: what a body becomes takes several times its bytes.
        self._decoding: Executor = ThreadPoolExecutor(1, thread_name_prefix="otlp")

    def app(self) -> Starlette:
        """The application."""
        app = Starlette(
            routes=[
                Route(TRACES, self.traces, methods=["POST"]),
                Route(LOGS, self.logs, methods=["POST"]),
                Route("/healthz", self.health),
                Route("/readyz", self.ready),
            ],
            exception_handlers={HTTPStatus.NOT_FOUND: _not_here},
        )
        app.router.redirect_slashes = False  # it would lead to http:// also behind https://
        return app

    def close(self) -> None:
        """End the thread."""
        self._decoding.shutdown(wait=False)

    async def traces(self, request: Request) -> Response:
        """Spans."""
        return await self._answered("traces", request, self._take_traces)

    async def logs(self, request: Request) -> Response:
        """Log records, of which the events that hold content are kept."""
        return await self._answered("logs", request, self._take_logs)

    async def health(self, request: Request) -> Response:
        """200 while the process turns."""
        return JSONResponse({"ok": True, "role": "collector"})

    async def ready(self, request: Request) -> Response:
        """200 while spans can be written."""
        why = self._writer.trouble or await self._trouble_of_store()
        status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
        return JSONResponse({"ready": not why, "role": "collector", "why": why}, status_code=status)

    async def _trouble_of_store(self) -> str:
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._project.project_id()
        except TimeoutError:
            return "the store does not answer"
        except EvaluationError as exc:
            return str(exc)
        return ""

    async def _answered(self, signal: str, request: Request, take: Take) -> Response:
        form = form_of(request.headers.get("content-type", ""))
        try:
            self._check(request, form)
            with self._door.inside() as held:
                response = await take(form or JSON, await self._body(request, held))
        except Refusal as refusal:
            response = refused(form or JSON, refusal)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        self._counts.requests[signal, response.status_code] += 1
        return response

    def _check(self, request: Request, form: Form | None) -> None:
        if self._expected is not None:
            scheme, _, shown = request.headers.get("authorization", "").partition(" ")
            is_right = hmac.compare_digest(shown.encode("latin-1", "replace"), self._expected)
            if not is_right or scheme.lower() != "bearer":
                why = "a token is needed: send `Authorization: Bearer TOKEN` with the one of ASSAY_COLLECTOR_TOKEN"
                raise Refusal(HTTPStatus.UNAUTHORIZED, why)
        if form is None:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {PROTOBUF} or {JSON} is taken")

    async def _body(self, request: Request, held: Held) -> bytes:
        return await read_body(
            request.stream(),
            encoding=request.headers.get("content-encoding", "").strip().lower(),
            length=request.headers.get("content-length", ""),
            most=self._limits.body_bytes,
            held=held,
        )

    async def _take_traces(self, form: Form, body: bytes) -> Response:
        read = await self._in_thread(lambda: trace_request(form, body))
        not_taken = await self._writer.write(read.spans)
        keys = {SpanKey(span.trace_id, span.span_id) for span in read.spans} & set(not_taken) if not_taken else set()
        rejected = read.rejected + len(keys)
        why = read.why or next((not_taken[key] for key in keys), "")
        self._counts.spans["kept"] += len(read.spans) - len(keys)
        self._counts.spans["rejected"] += rejected
        self._counts.strange_times += read.strange_times
        return traces_taken(form, rejected, why)

    async def _take_logs(self, form: Form, body: bytes) -> Response:
        read = await self._in_thread(lambda: log_request(form, body))
        await self._writer.write((), read.events)
        self._counts.events["kept"] += len(read.events)
        self._counts.events["rejected"] += read.rejected
        return logs_taken(form, read.rejected, NOT_KEPT)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._decoding, work)
        except (Refusal, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("collector.request_failed")
            why = "this request could not be worked on; see the collector's log"
            raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, why) from None


async def _not_here(request: Request, exc: Exception) -> Response:
    """Say which addresses there are; senders of metrics are told how to send none."""
    if request.url.path == METRICS:
        why = "metrics are not kept here; set OTEL_METRICS_EXPORTER=none, or send them elsewhere"
    else:
        why = f"POST {TRACES} and {LOGS} are taken"
    form = form_of(request.headers.get("content-type", "")) or JSON
    return refused(form, Refusal(HTTPStatus.NOT_FOUND, why))
