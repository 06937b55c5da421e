"""An HTTP server in a thread, for servers that are made from a vendor's documentation: requests in, replies out."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.servers.langfuse.faults import Fault, Faults


@dataclass(frozen=True)
class Request:
    """A request as it came; names of headers are in lower case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body; None where it is no JSON."""
        try:
            return json.loads(self.body or b"null")
        except ValueError:
            return None

    def values(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return [value for key, value in self.query if key == name]

    def value(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return next(iter(self.values(name)), default)


@dataclass(frozen=True)
class Reply:
    """What is answered: JSON, or a text where one is given."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


class ThreadedServer:
    """Answers requests one at a time. `log` keeps each with the status it got; 0 stands for a closed connection."""

    def __init__(self, answer: Callable[[Request], Reply], faults: Faults | None = None) -> None:
        self.log: list[tuple[Request, int]] = []
        self.faults = faults or Faults()
        self._answer = answer
        self._port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def requests(self, path: str = "") -> list[Request]:
        """The requests whose path ends so."""
        return [request for request, _ in self.log if request.path.endswith(path)]

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        body = await raw.content.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in raw.headers.items()}
        request = Request(raw.method, raw.path, list(raw.query.items()), headers, body)
        fault = self.faults.of_request(raw.method, raw.path, raw.query_string)
        reply = await self._reply(request, fault)
        self.log.append((request, reply.status if reply else 0))
        if reply is None:
            if raw.transport is not None:
                raw.transport.abort()
            return web.Response(status=500)
        return _response(reply)

    async def _reply(self, request: Request, fault: Fault | None) -> Reply | None:
        if fault is None or fault.kind == "drop":
            return self._answer(request)
        if fault.kind == "status":
            wait = {"Retry-After": str(fault.retry_after_s)} if fault.status in (429, 503) else {}
            return Reply(fault.status, {"detail": "told to fail"}, wait, text=fault.text)
        if fault.kind == "cut":
            return None
        if fault.kind == "lost_answer":
            self._answer(request)
            return None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), fault.delay_s)
        return self._answer(request) if fault.kind == "slow" else None


def _response(reply: Reply) -> web.Response:
    if reply.text is not None:
        return web.Response(status=reply.status, text=reply.text, headers=dict(reply.headers))
    body = b"" if reply.body is None else json.dumps(reply.body, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Content-Type": "application/json", **reply.headers}
    return web.Response(status=reply.status, body=body, headers=headers)
