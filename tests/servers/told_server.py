"""A server that is told things by POST, and answers as a test plans: taken, refused, slowed down, hung, cut off."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal, NamedTuple, Self

from tests.servers.listening import ListeningServer


class Reply(NamedTuple):
    """One planned answer.

    Attributes:
        way: `hang`: nothing is ever sent; `cut`: the connection ends at once; `late`: it is taken, and then the
            connection ends; `taken`: it is taken, and no answer comes.
    """

    status: int = 200
    retry_after: str | None = None
    way: Literal["answer", "hang", "cut", "late", "taken"] = "answer"
    words: bytes = b"ok"


HANG, CUT, LATE, TAKEN = (Reply(way=way) for way in ("hang", "cut", "late", "taken"))


class ToldServer:
    """Takes JSON on a free port of the loopback.

    Attributes:
        plan: answers to the next requests; after them everything is looked at by `check`.
        requests: paths and contents of everything that came, in order.
        taken: contents that were accepted.
    """

    def __init__(self, check: Callable[[str, Any], Reply]) -> None:
        self.plan: list[Reply] = []
        self.requests: list[tuple[str, Any]] = []
        self.taken: list[Any] = []
        self._check = check
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._server = ListeningServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, *replies: Reply | int) -> None:
        """Plan the answers to the next requests; a number is a status."""
        with self._lock:
            self.plan += [Reply(reply) if isinstance(reply, int) else reply for reply in replies]

    def _next(self, path: str, content: Any) -> Reply:
        with self._lock:
            self.requests.append((path, content))
            checked = self._check(path, content)
            reply = self.plan.pop(0) if self.plan else checked
            if checked.status < 300 and (
                reply.way in {"late", "taken"} or (reply.way == "answer" and reply.status < 300)
            ):
                self.taken.append(content)
            return checked if reply.way == "answer" and reply.status < 300 else reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                reply = server._next(self.path, json.loads(raw))
                if reply.way in {"hang", "taken"}:
                    server._ended.wait(60)
                if reply.way != "answer":
                    with suppress(OSError):
                        self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                if reply.retry_after is not None:
                    self.send_header("retry-after", reply.retry_after)
                self.send_header("content-length", str(len(reply.words)))
                self.end_headers()
                self.wfile.write(reply.words)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def too_long(texts: Sequence[tuple[str, int]]) -> bool:
    """Whether any text is empty, or longer than it may be."""
    return any(not text or len(text) > most for text, most in texts)
