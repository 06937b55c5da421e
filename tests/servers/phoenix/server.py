"""The small Phoenix as an HTTP server on the loopback, in threads of its own.

In a test::

    with PhoenixServer(api_key="secret") as server:
        server.faults.append(Fault(429, {"Retry-After": "1"}))
        ...  # server.url; server.requests tells what was asked
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.listening import ListeningServer
from tests.servers.phoenix.project import Contents
from tests.servers.phoenix.routes import answer

VERSION = "20.26.1"
"""Of the Phoenix that this one was made after."""


class Fault(NamedTuple):
    """An answer that a request gets instead of its own.

    Attributes:
        after_s: how long it takes to come.
        is_done: whether what was asked is done all the same.
    """

    status: int = 503
    headers: Mapping[str, str] = {}
    body: bytes = b"Server is at capacity and cannot process more requests"
    after_s: float = 0.0
    is_done: bool = False


class PhoenixServer:
    """A Phoenix on a free port.

    Attributes:
        faults: answers to the next requests, in turn.
        requests: method, path and query of everything that came, in order.
    """

    def __init__(self, *, api_key: str | None = None) -> None:
        self.contents = Contents()
        self.api_key = api_key
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, list[str]]]] = []
        self._server = ListeningServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL, as `PHOENIX_ENDPOINT` has it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any, Any]:
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        self.requests.append((method, parts.path, query))
        if self.api_key and headers.get("authorization") != f"Bearer {self.api_key}":
            return 401, {}, "Invalid token"
        if self.faults:
            fault = self.faults.pop(0)
            time.sleep(fault.after_s)
            if fault.is_done:
                answer(self.contents, method, parts.path, query, headers, body)
            return fault.status, fault.headers, fault.body
        status, told = answer(self.contents, method, parts.path, query, headers, body)
        return status, {}, told

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, extra, told = server._answer(self.command, self.path, headers, body)
                is_text = isinstance(told, str | bytes)
                sent = told if isinstance(told, bytes) else (told if is_text else json.dumps(told)).encode()
                self.send_response(status)
                for name, value in {"x-phoenix-server-version": VERSION, **extra}.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "text/plain; charset=utf-8" if is_text else "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # http.server's names

            def log_message(self, *_: object) -> None:
                """Nothing: tests read `requests`."""

        return Handler
