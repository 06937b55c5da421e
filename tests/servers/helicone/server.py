"""The fake Helicone itself: a real HTTP server on loopback, in a thread of its own, that can be told to be unkind.

In a test::

    with HeliconeServer(lag_s=0.1) as server:
        server.faults.append(HeliconeFault("/score", "drop"))
        ...  # server.url, server.api_key; server.asked tells what was asked

Requests are logged to it by a route of the test (`/logged`): how applications log is not what is tested.
"""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from aiohttp import web

from tests.servers.helicone.table import Refused, Row, Table

PLACEHOLDER = {"helicone_message": "fetching body from signed_url..."}


@dataclass
class HeliconeFault:
    """What goes wrong with the next requests whose path has a text.

    Attributes:
        way: `status`: refused. `drop`: taken, and nothing is kept. `error_in_200`: an error with a status of success.
            `gone`: a route that is not there. `hang`: no answer. `no_json`: a page of a proxy. `empty`: `{}`.
    """

    path: str
    way: Literal["status", "drop", "error_in_200", "gone", "hang", "no_json", "empty"] = "status"
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    message: str = "it is not to be"


class HeliconeServer:
    """A Helicone with one organisation."""

    api_key = "sk-helicone-test"

    def __init__(self, *, lag_s: float = 0.0, batch_s: float = 0.0, inline: bool = False) -> None:
        self.table = Table(lag_s, batch_s)
        self.inline = inline
        self.faults: list[HeliconeFault] = []
        self.asked: list[tuple[str, str]] = []
        self._port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="helicone", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application(client_max_size=256 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        content = await request.read()
        fault = next((fault for fault in self.faults if fault.path in request.path and fault.times > 0), None)
        if fault is not None:
            fault.times -= 1
            if fault.way == "hang":
                await asyncio.sleep(30)
            if fault.way != "drop":
                return _refusal(fault)
        with self.table.lock:
            self.table.settle()
            try:
                return self._route(request, content, is_dropped=fault is not None)
            except Refused as exc:
                return web.json_response({"data": None, "error": str(exc)}, status=500)

    def _route(self, request: web.Request, content: bytes, *, is_dropped: bool) -> web.Response:
        parts = request.path.strip("/").split("/")
        if parts[0] == "bodies":  # an object store: a signature in the URL, and no second way to get in
            is_signed = "X-Amz-Signature" in request.query and "Authorization" not in request.headers
            return web.json_response(self.table.body(parts[1])) if is_signed else web.Response(status=400)
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return web.json_response({"error": "Invalid authentication."}, status=401)
        body = json.loads(content)
        match (request.method, parts):
            case ("POST", ["logged"]):
                for row in body["rows"]:
                    self.table.add(row)
            case ("POST", ["v1", "request", "query-clickhouse"]):
                return web.json_response({"data": [self._shown(row) for row in self.table.query(body)], "error": None})
            case ("PUT", ["v1", "request", request_id, "property"]):
                if not is_dropped:
                    self.table.put_property(request_id, body["key"], body["value"])
            case ("POST", ["v1", "request", request_id, "score"]):
                if not is_dropped:
                    self.table.score(request_id, body["scores"])
                return web.json_response({"data": None, "error": None}, status=201)
            case _:
                return web.json_response({"message": "Not Found"}, status=404)
        return web.json_response({"data": None, "error": None})

    def _shown(self, row: Row) -> Row:
        """A row as the API answers it: with both bodies, or a signed URL of them."""
        shared = {"request_properties": row["properties"], "cache_reference_id": str(uuid.UUID(int=0)), "costUSD": 0}
        if self.inline:
            return {**row, **shared, "storage_location": "clickhouse"}
        url = f"{self.url}/bodies/{row['request_id']}?X-Amz-Signature=0f"
        return {**row, **shared, "request_body": PLACEHOLDER, "response_body": PLACEHOLDER, "signed_body_url": url}


def _refusal(fault: HeliconeFault) -> web.Response:
    if fault.way == "error_in_200":
        return web.json_response({"data": None, "error": "Error adding scores to request."})
    if fault.way == "empty":
        return web.json_response({})
    if fault.way == "no_json":
        return web.Response(text="<html>maintenance</html>", content_type="text/html")
    status = 404 if fault.way == "gone" else fault.status
    return web.json_response({"data": None, "error": fault.message}, status=status, headers=dict(fault.headers))
