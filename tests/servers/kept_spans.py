"""Spans as a backend keeps them: the protocol's own messages, by trace, each with the moment when it came.

And what the servers made of it share: a loopback server, faults, and the intake of OTLP.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from tests.servers.listening import ListeningServer
from tests.servers.otlp_server import attributes_of


@dataclass(frozen=True)
class Kept:
    """One span, and what it came with."""

    group: ResourceSpans
    span: Span
    came: float

    @property
    def attributes(self) -> dict[str, Any]:
        """Its own attributes and those of its process; its own count first."""
        return {**attributes_of(self.group.resource.attributes), **attributes_of(self.span.attributes)}

    @cached_property
    def service(self) -> str:
        return str(attributes_of(self.group.resource.attributes).get("service.name", ""))

    @cached_property
    def as_base64(self) -> dict[str, Any]:
        """As protobuf's own JSON: ids in base64."""
        group = ResourceSpans()
        group.CopyFrom(self.group)
        group.scope_spans[0].spans.append(self.span)
        return MessageToDict(group)

    @cached_property
    def as_hex(self) -> dict[str, Any]:
        """As JSON of OTLP: ids in hex."""
        message: dict[str, Any] = json.loads(json.dumps(self.as_base64))
        told = message["scopeSpans"][0]["spans"][0]
        told["traceId"], told["spanId"] = self.span.trace_id.hex(), self.span.span_id.hex()
        if self.span.parent_span_id:
            told["parentSpanId"] = self.span.parent_span_id.hex()
        return message

    @cached_property
    def hex_text(self) -> str:
        """As JSON of OTLP, written."""
        return json.dumps(self.as_hex)


class Answered(NamedTuple):
    """What a server answers."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = {}


@dataclass
class Fault:
    """An answer given in place of the right one, so many times."""

    path: str
    answer: Answered
    times: int = 1


@dataclass
class KeptSpans:
    """All spans of one backend.

    Attributes:
        shown_after_s: spans that came later than this long ago are not shown, as before a backend's list of blocks is
            read anew.
        drops: says 200 and keeps nothing.
        rejects: so many spans of each request are refused, and the answer says so.
        longest_attribute: longer texts are cut, where a backend does so.
    """

    shown_after_s: float = 0.0
    drops: bool = False
    rejects: int = 0
    longest_attribute: int | None = None
    _traces: dict[str, list[Kept]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes) -> Answered:
        """Take a request in."""
        request = ExportTraceServiceRequest.FromString(body)
        if self.drops:
            return _said(ExportTraceServiceResponse())
        now, refused = time.monotonic(), self.rejects
        with self._lock:
            for group in request.resource_spans:
                for scope in group.scope_spans:
                    for span in scope.spans:
                        if refused:
                            refused -= 1
                        else:
                            around = ResourceSpans(resource=group.resource)
                            around.scope_spans.add(scope=scope.scope)
                            self._traces.setdefault(span.trace_id.hex(), []).append(Kept(around, self._cut(span), now))
        answer = ExportTraceServiceResponse()
        if self.rejects:
            answer.partial_success.rejected_spans = self.rejects
            answer.partial_success.error_message = "LIVE_TRACES_EXCEEDED"
        return _said(answer)

    def of(self, trace_id: str) -> list[Kept]:
        """The spans of a trace that are shown."""
        with self._lock:
            return [kept for kept in self._traces.get(trace_id, ()) if self._is_shown(kept)]

    def traces(self) -> dict[str, list[Kept]]:
        """All that is shown."""
        with self._lock:
            shown = {
                trace_id: [kept for kept in spans if self._is_shown(kept)] for trace_id, spans in self._traces.items()
            }
        return {trace_id: spans for trace_id, spans in shown.items() if spans}

    def _is_shown(self, kept: Kept) -> bool:
        return time.monotonic() - kept.came >= self.shown_after_s

    def _cut(self, span: Span) -> Span:
        if self.longest_attribute is not None:
            for pair in span.attributes:
                if pair.value.HasField("string_value"):
                    whole = pair.value.string_value.encode()[: self.longest_attribute]
                    pair.value.string_value = whole.decode("utf-8", "ignore")
        return span


class BackendServer:
    """A server on the loopback over kept spans. Subclasses answer queries."""

    def __init__(self) -> None:
        self.kept = KeptSpans()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self._server = ListeningServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, path: str, status: int, body: str = "", *, times: int = 1, **headers: str) -> None:
        """Answer requests whose path begins so with a fault."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(path, Answered(status, body.encode(), "text/plain; charset=utf-8", named), times))

    def asked(self, path: str) -> int:
        """How many requests went to a path."""
        return sum(1 for known, _ in self.requests if known.startswith(path))

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        """The answer to a GET."""
        raise NotImplementedError

    def respond(self, path: str, query: dict[str, str], body: bytes | None) -> Answered:
        """The answer to any request."""
        self.requests.append((path, query))
        for fault in self.faults:
            if path.startswith(fault.path) and fault.times:
                fault.times -= 1
                return fault.answer
        return self.answer(path, query) if body is None else self.take(path, body)

    def take(self, path: str, body: bytes) -> Answered:
        """The answer to a POST."""
        return self.kept.take(body) if path == "/v1/traces" else Answered(404, b"404 page not found", "text/plain")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply(None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._reply(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)

            def _reply(self, body: bytes | None) -> None:
                parts = urlsplit(self.path)
                backend.headers.append({name.lower(): value for name, value in self.headers.items()})
                answer = backend.respond(parts.path, dict(parse_qsl(parts.query)), body)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def as_json(body: Any, status: int = 200) -> Answered:
    """An answer of JSON."""
    return Answered(status, json.dumps(body).encode())


def _said(response: ExportTraceServiceResponse) -> Answered:
    return Answered(200, response.SerializeToString(), "application/x-protobuf")


def roots_of(spans: list[Kept]) -> Iterator[Kept]:
    """The spans without a parent."""
    return (kept for kept in spans if not kept.span.parent_span_id)
