"""The fake Opik itself: a real HTTP server on loopback, in a thread of its own, that can be told to be unkind.

In a test::

    with OpikServer(lag_s=0.1) as server:
        server.faults.append(OpikFault("feedback-scores", "drop"))
        ...  # server.url, server.api_key; server.asked tells what was asked
"""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

from tests.servers.opik.tables import Refused, Row, Tables

BASE = "/api/v1/private"
PROJECT_ID = "01999999-0000-7000-8000-000000000001"


@dataclass
class OpikFault:
    """What goes wrong with the next requests whose path has a text.

    Attributes:
        way: `status`: refused. `drop`: 204, and nothing is kept. `half`: a stream that ends after half its rows as if
            that were all. `cut`: one that ends in the middle of a row. `error_row`: one that ends with an error.
            `gone`: a 404 as of a route that is not there. `hang`: no answer. `trickle`: an answer of blanks that come
            slowly, for five seconds.
    """

    path: str
    way: Literal["status", "drop", "half", "cut", "error_row", "gone", "hang", "trickle"] = "status"
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    message: str = "it is not to be"


class OpikServer:
    """An Opik with one workspace and one project."""

    api_key = "key-of-the-test"
    workspace = "team"
    project = "Default Project"

    def __init__(self, *, lag_s: float = 0.0) -> None:
        self.tables = Tables(lag_s)
        self.faults: list[OpikFault] = []
        self.asked: list[tuple[str, str]] = []
        self.projects = {self.project: PROJECT_ID}
        self._first_names = {PROJECT_ID: self.project}
        self.user = "admin"
        self._port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="opik", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    @property
    def url(self) -> str:
        """As `OPIK_URL_OVERRIDE` has it."""
        return f"http://127.0.0.1:{self._port}/api"

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
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(BASE)
        self.asked.append((request.method, path))
        content = await request.read()  # aiohttp undoes gzip
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        is_known = request.headers.get("Authorization") == self.api_key
        if not is_known or request.headers.get("Comet-Workspace") != self.workspace:
            return _json({"code": 401, "message": "API key should be provided"}, 401)
        if request.path == "/api/is-alive/ping":
            return _json({"message": "Healthy Server"})
        fault = self._fault(path)
        if fault is not None and fault.way == "hang":
            await asyncio.sleep(30)
        if fault is not None and fault.way == "trickle":
            return await _trickling(request)
        if fault is not None and fault.way in {"status", "gone"}:
            status = 404 if fault.way == "gone" else fault.status
            message = "HTTP 404 Not Found" if fault.way == "gone" else fault.message
            return _json({"code": status, "message": message}, status, fault.headers)
        body = json.loads(content) if content else {}
        try:
            with self.tables.lock:
                self.tables.settle()
                return await self._route(request, path, body, fault)
        except Refused as exc:
            return _json({"errors": [str(exc)]}, 400)

    def _fault(self, path: str) -> OpikFault | None:
        for fault in self.faults:
            if fault.path in path and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _route(self, request: web.Request, path: str, body: Any, fault: OpikFault | None) -> web.StreamResponse:
        kind = "Trace" if path.startswith("/traces") else "Span"
        match (request.method, path.strip("/").split("/")):
            case (_, ["projects", wanted]):
                return self._project(wanted, body)
            case ("POST", ["traces" | "spans", "batch"]):
                rows = body["traces" if kind == "Trace" else "spans"]
                self.tables.add_rows(kind, [self._kept(row) for row in rows])
            case ("PATCH", ["traces" | "spans", row_id]):
                self.tables.update_row(kind, row_id, body)
            case ("PUT", ["traces" | "spans", "feedback-scores"]):
                self._score(body["scores"], fault)
            case ("POST", ["traces" | "spans", "search"]):
                return await self._stream(request, self.tables.search(kind, self._by_first_name(body)), fault)
            case ("GET", ["traces", trace_id]):
                return self._trace(trace_id)
            case ("POST", ["traces", trace_id, "feedback-scores", "delete"]):
                self.tables.later(lambda: self.tables.delete_score(trace_id, body["name"]))
            case _:
                return _json({"code": 404, "message": "HTTP 404 Not Found"}, 404)
        return web.Response(status=204)

    def _project(self, wanted: str, body: Row) -> web.Response:
        if wanted == "retrieve":
            known = self.projects.get(body["name"])
            missing = _json({"errors": ["Project not found"]}, 404)
            return _json({"id": known, "name": body["name"]}) if known else missing
        named = {known: name for name, known in self.projects.items()}
        if wanted not in named:
            return _json({"code": 404, "message": f"Project id: {wanted} not found"}, 404)
        return _json({"id": wanted, "name": named[wanted]})

    def _trace(self, trace_id: str) -> web.Response:
        row = self.tables.traces.get(trace_id)
        if row is None:
            return _json({"code": 404, "message": f"Trace id: {trace_id} not found"}, 404)
        return _json(self.tables.shown(row, "Trace"))

    def rename(self, name: str) -> None:
        """Give the project another name, as a person does."""
        self.projects = {name: PROJECT_ID}

    def _by_first_name(self, body: Row) -> Row:
        """A search by the name that the project had when its rows came: rows hang on its id, whatever it is called."""
        project_id = body.get("project_id") or self.projects.get(body.get("project_name") or "", "")
        name = self._first_names.get(project_id)
        return {**body, "project_name": name or f"unknown: {body.get('project_name')}"}

    def _kept(self, row: Row) -> Row:
        """As the server keeps a row: with an id and a project, where the client left them out."""
        named = row.get("project_name") or self.project
        return {**row, "id": row.get("id") or str(uuid.uuid4()), "project_name": named, "project_id": PROJECT_ID}

    def _score(self, items: list[Row], fault: OpikFault | None) -> None:
        if not 1 <= len(items) <= 1000:
            raise Refused("scores size must be between 1 and 1000")
        for item in items:
            self.projects.setdefault(item.get("project_name") or self.project, str(uuid.uuid4()))
        if fault is None or fault.way != "drop":
            self.tables.add_scores(items, self.user)

    async def _stream(self, request: web.Request, rows: list[Row], fault: OpikFault | None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        way = fault.way if fault else ""
        for row in rows[: len(rows) // 2] if way == "half" else rows:
            await response.write(json.dumps(row).encode() + b"\r\n")
        if way == "cut":
            await response.write(b'{"id": "0199')
        if way == "error_row":
            await response.write(b'{"code":500,"message":"Streaming operation timed out"}\r\n')
        await response.write_eof()
        return response


async def _trickling(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"\n")
        await asyncio.sleep(0.05)
    return response


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=dict(headers or {}))
