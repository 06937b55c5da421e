"""A small real HTTP server that stands for an application under test: question in, answer and sources out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from assay.worker.golden.sets.target_settings import HttpTargetSettings

Answers = dict[str, dict[str, Any]]


class _Http(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False


class _Handler(BaseHTTPRequestHandler):
    chat: ChatServer

    def do_GET(self) -> None:
        self._reply(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_PUT(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def _reply(self, body: dict[str, Any]) -> None:
        status, payload = self.chat.reply(self.command, body, {k.lower(): v for k, v in self.headers.items()})
        self.send_response(status)
        self.send_header("Content-Type", self.chat.content_type)
        if self.chat.retry_after is not None:
            self.send_header("Retry-After", self.chat.retry_after)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        try:
            self.wfile.write(payload)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Quiet."""


@dataclass
class ChatServer:
    """A real HTTP server: answers with what its script says for the question it was sent."""

    answers: Answers
    status: int = 200
    first_statuses: list[int] = field(default_factory=list)
    retry_after: str | None = None
    raw: bytes | None = None
    content_type: str = "application/json"
    shape: Callable[[dict[str, Any]], bytes] | None = None
    delay_s: float = 0.0
    methods: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._server = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"chat": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def reply(self, method: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, bytes]:
        """Note a request; status and content of the reply to it."""
        with self._lock:
            self.methods.append(method)
            self.requests.append(body)
            self.headers.append(headers)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        time.sleep(self.delay_s)
        with self._lock:
            self.in_flight -= 1
            answer = self.answers.get(body.get("message", ""))
            status = self.status if answer is not None or self.raw is not None else 404
            status = self.first_statuses.pop(0) if self.first_statuses else status
        return status, self._payload(answer)

    def _payload(self, answer: dict[str, Any] | None) -> bytes:
        if self.raw is not None:
            return self.raw
        if answer is None:
            return b'{"error": "unknown"}'
        if self.shape is not None:
            return self.shape(answer)
        sources = [{"text": context} for context in answer["contexts"]]
        return json.dumps({"data": {"answer": answer["response"]}, "sources": sources}).encode()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/chat"

    def settings(self, **changes: Any) -> HttpTargetSettings:
        base = {
            "kind": "http",
            "url": self.url,
            "response": "data.answer",
            "contexts": "sources[*].text",
            "timeout_s": 120,
            "retries": 0,
        }
        return HttpTargetSettings.model_validate({**base, **changes})
