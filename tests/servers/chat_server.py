"""A small real HTTP server that stands for an application under test: question in, answer and sources out."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from worker.golden.schema import HttpTargetSettings

Answers = dict[str, dict[str, Any]]


class _Http(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False


@dataclass
class ChatServer:
    """A real HTTP server: answers with what its script says for the question it was sent."""

    answers: Answers
    status: int = 200
    raw: bytes | None = None
    delay_s: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def __enter__(self) -> Self:
        chat = self
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    chat.requests.append(body)
                    chat.headers.append({name.lower(): value for name, value in self.headers.items()})
                    chat.in_flight += 1
                    chat.most_in_flight = max(chat.most_in_flight, chat.in_flight)
                time.sleep(chat.delay_s)
                with lock:
                    chat.in_flight -= 1
                self._reply(body)

            def _reply(self, body: dict[str, Any]) -> None:
                answer = chat.answers.get(body.get("message", ""))
                status = chat.status if answer is not None or chat.raw is not None else 404
                payload = chat.raw if chat.raw is not None else json.dumps(self._shape(answer)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                try:
                    self.wfile.write(payload)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            @staticmethod
            def _shape(answer: dict[str, Any] | None) -> dict[str, Any]:
                if answer is None:
                    return {"error": "unknown"}
                return {"data": {"answer": answer["response"]}, "sources": [{"text": c} for c in answer["contexts"]]}

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                """Quiet."""

        self._server = _Http(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

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
            "timeout_s": 5,
        }
        return HttpTargetSettings.model_validate({**base, **changes})
