"""The server itself: a real HTTP server on loopback, in threads of its own.

In a test::

    with MlflowServer() as server:
        ...  # server.url; server.tables holds what came, server.requests tells what was asked
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers.listening import ListeningServer
from tests.servers.mlflow.answers import Refused, kept_elsewhere, not_there
from tests.servers.mlflow.searching import search
from tests.servers.mlflow.tables import Tables

_ASSESSMENT = re.compile(r"/api/3\.0/mlflow/traces/([^/]+)/assessments(?:/([^/]+))?")
"""One assessment, or a trace's: `/api/3.0/mlflow/traces/tr-0f/assessments/a-1c`."""
VERSION = "3.17.2"


class MlflowServer:
    """An MLflow with one experiment. `faults` are answered instead, in order: a status, or a status with headers."""

    def __init__(self, *, token: str | None = None) -> None:
        self.tables = Tables()
        self.requests: list[str] = []
        self.faults: deque[tuple[str, int, dict[str, str]]] = deque()
        """Method and beginning of a path, status, headers: `("POST /api/3.0", 503, {})`."""
        self.before: Callable[[str], None] | None = None
        """Called with method and path before a request is answered: what another process does meanwhile."""
        self._token = token
        self._server = ListeningServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

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

    def fail(self, request: str, status: int, **headers: str) -> None:
        """Answer the next request that begins so with a status."""
        self.faults.append((request, status, headers))

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers for a request."""
        parts = urlsplit(target)
        asked = f"{method} {parts.path}"
        self.requests.append(asked)
        if self.before is not None:
            self.before(asked)
        if self.faults and asked.startswith(self.faults[0][0]):
            _, status, told = self.faults.popleft()
            return status, b'{"detail": "as the test wants it"}', told
        if self._token is not None and headers.get("Authorization") != f"Bearer {self._token}":
            return 401, b"You are not authenticated.", {}
        try:
            with self.tables.lock:
                answered = self._answer(method, parts.path, parse_qs(parts.query), headers, body)
        except Refused as refused:
            return refused.status, refused.body, {}
        return 200, answered if isinstance(answered, bytes) else json.dumps(answered).encode(), {}

    def _answer(self, method: str, path: str, query: Mapping[str, Sequence[str]], headers: Any, body: bytes) -> Any:
        if path in {"/version", "/health"}:
            return VERSION.encode() if path == "/version" else b"OK"
        if path == "/v1/traces":
            request = ExportTraceServiceRequest.FromString(body)
            self.tables.take(headers["x-mlflow-experiment-id"], request)
            return b""
        if path.startswith("/api/2.0/mlflow/experiments/get"):
            named, keyed = query.get("experiment_name"), query.get("experiment_id")
            return self.tables.experiment(name=named[0] if named else None, key=keyed[0] if keyed else None)
        if path == "/ajax-api/3.0/mlflow/get-trace-artifact":
            return self.tables.files.get(query["request_id"][0]) or {}
        return self._of_traces(method, path, query, json.loads(body) if body else {})

    def _of_traces(self, method: str, path: str, query: Mapping[str, Sequence[str]], body: dict[str, Any]) -> Any:
        tables, base = self.tables, "/api/3.0/mlflow/traces"
        if (method, path) == ("POST", f"{base}/search"):
            return search(tables, body)
        if (method, path) == ("POST", f"{base}/batchGetInfos"):
            return {"trace_infos": [tables.whole_info(key) for key in body["trace_ids"] if key in tables.infos]}
        if (method, path) == ("GET", f"{base}/batchGet"):
            return self._whole([key for key in query["trace_ids"] if key in tables.infos])
        match = _ASSESSMENT.fullmatch(path)
        if match is None:
            raise not_there(path)
        trace_id, key = unquote(match[1]), unquote(match[2] or "")
        if method == "POST":
            return {"assessment": tables.create(trace_id, body["assessment"])}
        if method == "PATCH":
            return {"assessment": tables.change(trace_id, key, body["assessment"], body["update_mask"].split(","))}
        tables.delete(trace_id, key)
        return {}

    def _whole(self, ids: list[str]) -> dict[str, Any]:
        """Traces with their spans. One whose spans lie in a file makes the whole request fail."""
        if any(key in self.tables.files for key in ids):
            raise kept_elsewhere()
        rows = [(self.tables.whole_info(key), list(self.tables.spans[key].values())) for key in ids]
        return {"traces": [{"trace_info": info, "spans": spans} for info, spans in rows]}

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                status, answered, told = server.answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **told}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answered)))
                self.end_headers()
                self.wfile.write(answered)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing: the test's own output is read."""

        return Handler
