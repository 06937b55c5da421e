"""The web server around the application: deadlines for slow connections, a bound on their number, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from assay.judges.errors import ConfigurationError

HEAD_WITHIN_S = 10.0
"""How long a connection may take until the head of a request is there, the first one as the next."""

KEEP_ALIVE_S = 60
"""How long a connection may rest between two requests. Senders have a batch every few seconds."""

MOST_CONNECTIONS = 512
"""With one more the oldest is closed that has no request under way."""

ENDS_WITHIN_S = 30
"""How long requests under way may take to come to their end, when the process is asked to end."""


class PatientProtocol(H11Protocol):
    """Connections that do not get on with their request are closed. The server itself waits for them for ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._came_at = self.loop.time()

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
        """Give it a time for its first head, and make room for it."""
        if len(self.connections) >= MOST_CONNECTIONS:
            self._make_room()
        super().connection_made(transport)
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        """Read on. A head that is begun has its deadline, one that is whole has none."""
        super().data_received(data)
        if not self.is_idle:
            self._drop_deadline()
        elif self._deadline is None:
            self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._drop_deadline()
        super().connection_lost(exc)

    def close_idle(self) -> None:
        """End a connection without a request under way."""
        if self.is_idle and self.transport is not None and not self.transport.is_closing():
            self.transport.abort()

    def _make_room(self) -> None:
        idle = [each for each in self.connections if isinstance(each, PatientProtocol) and each.is_idle]
        if idle:
            oldest = min(idle, key=lambda each: each._came_at)  # noqa: SLF001  # another one of this class
            oldest.close_idle()
            self.connections.discard(oldest)

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(HEAD_WITHIN_S, self.close_idle)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Server(uvicorn.Server):
    """Leaves signals to us: its own way ends the process by the signal, which is no orderly exit code."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._end, number)
        yield

    def _end(self, number: int) -> None:
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigurationError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        raise ConfigurationError(
            f"environment: ASSAY_COLLECTOR_PORT: port {port} of {host} cannot be had: {why}; "
            "end what listens there, or set another port or ASSAY_COLLECTOR_HOST"
        ) from exc


async def serve(app: Any, sock: socket.socket) -> None:
    """Serve an application until SIGTERM, SIGINT or SIGHUP. Requests under way come to their end first.

    Args:
        app: the application.
        sock: listens.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a bad request is no event of ours
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=ENDS_WITHIN_S,
    )
    await _Server(config).serve(sockets=[sock])
