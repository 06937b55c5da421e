"""Servers that are not what was meant: one that answers everything alike, and one whose answer never ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.kept_spans import Answered, BackendServer


class OddServer(BackendServer):
    """Answers each request with what a test sets, as a proxy with a page of its own does."""

    def __init__(self, status: int = 200, body: bytes = b"{}", kind: str = "application/json") -> None:
        super().__init__()
        self.says = Answered(status, body, kind)
        self.heard = 0

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        self.heard += 1
        return self.says

    def take(self, path: str, body: bytes) -> Answered:
        self.heard += 1
        return self.says


@contextmanager
def trickling() -> Iterator[str]:
    """The address of a server that begins an answer and then gives a blank each 20 ms."""
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            while not ended.wait(0.02):
                connection.sendall(b"1\r\n \r\n")

    def listen(listener: socket.socket) -> None:
        with suppress(OSError):
            while not ended.is_set():
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
