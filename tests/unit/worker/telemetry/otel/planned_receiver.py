"""A receiver that answers as a test plans, and keeps requests as they came."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple, Self

from tests.servers.listening import ListeningServer
from tests.servers.tls_certificate import server_context


class Kept(NamedTuple):
    """A request. Names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Planned(NamedTuple):
    """An answer. Status 0: the connection ends without one."""

    status: int = 200
    retry_after: str = "0"


class PlannedReceiver:
    """Answers what `plan` says, in order; its last answer holds for all that follow."""

    def __init__(self, *plan: Planned, certificate: Path | None = None) -> None:
        self.plan = list(plan) or [Planned()]
        self.kept: list[Kept] = []
        self.has_asked = threading.Event()
        self._scheme = "https" if certificate else "http"
        self._server = ListeningServer(("127.0.0.1", 0), self._handler())
        if certificate is not None:
            context: ssl.SSLContext = server_context(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/v1/logs"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.kept.append(Kept(self.path, headers, body))
                answer = receiver.plan.pop(0) if len(receiver.plan) > 1 else receiver.plan[0]
                receiver.has_asked.set()
                if answer.status == 0:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Retry-After", answer.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
