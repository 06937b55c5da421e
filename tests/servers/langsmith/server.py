"""The routes of a LangSmith, with `/api/v1` before them or without, as its SDK asks."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.servers.langfuse.faults import Faults
from tests.servers.langsmith.feedback import Feedback
from tests.servers.langsmith.runs import Runs
from tests.servers.langsmith.settings import LangSmithSettings
from tests.servers.threaded_server import Reply, Request, ThreadedServer

_PREFIX = re.compile(r"^(/api/v1|/api(?!/v2))?(?P<rest>/.*)$")


class LangSmithServer(ThreadedServer):
    """A workspace. A project is made by the first run that names it, or by `sessions`."""

    def __init__(self, settings: LangSmithSettings | None = None, *, faults: Faults | None = None) -> None:
        super().__init__(self._route, faults)
        self.settings = settings or LangSmithSettings()
        self.runs = Runs()
        self.feedback = Feedback(self.settings)
        self.sessions: dict[str, str] = {}
        self._queried: list[float] = []

    def session(self, name: str) -> str:
        """The id of a project, which is made if need be."""
        return self.sessions.setdefault(name, str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))

    def _route(self, request: Request) -> Reply:
        if request.path.endswith("/info"):
            return Reply(200, self._info())
        if request.headers.get("x-api-key") != self.settings.key:
            return Reply(401 if "x-api-key" not in request.headers else 403, {"detail": "Invalid token"})
        match = _PREFIX.match(request.path)
        path = match["rest"] if match else request.path
        routes: dict[str, Callable[[], Reply]] = {
            "/api/v2/runs/query": lambda: self._query(request, is_newer=True),
            "/runs/query": lambda: self._query(request, is_newer=False),
            "/runs/batch": lambda: self._take(request),
            "/feedback": lambda: self._feedback(request),
        }
        if path in routes:
            return routes[path]()
        top, _, rest = path.strip("/").partition("/")
        if top == "feedback":
            return self.feedback.one(request, rest)
        return self._sessions(request, rest) if top == "sessions" else Reply(404, {"detail": "Not Found"})

    def _feedback(self, request: Request) -> Reply:
        if request.method != "POST":
            return self.feedback.list_rows(request)
        return self.feedback.post(request, self.runs.by_id, is_dropped=self.faults.drops_score())

    def _info(self) -> dict[str, Any]:
        flags = {
            "ch_query_enabled": self.settings.generation != "newer",
            "sdb_query_enabled": self.settings.generation != "older",
        }
        return {
            "version": "0.16.2",
            "instance_flags": flags,
            "batch_ingest_config": {
                "use_multipart_endpoint": False,
                "size_limit": 100,
                "size_limit_bytes": 20_000_000,
                "scale_up_qsize_trigger": 1000,
                "scale_up_nthreads_limit": 16,
                "scale_down_nempty_trigger": 4,
            },
        }

    def _query(self, request: Request, *, is_newer: bool) -> Reply:
        if self.settings.generation == ("older" if is_newer else "newer"):
            return Reply(self.settings.gone_status, {"detail": "Not Found"})
        now = time.monotonic()
        self._queried = [at for at in self._queried if now - at < 10] + [now]
        most = self.settings.queries_in_10_s
        if most is not None and len(self._queried) > most:
            return Reply(429, {"detail": "Rate limit exceeded"}, {"Retry-After": "1"})
        return self.runs.newer(request) if is_newer else self.runs.older(request)

    def _take(self, request: Request) -> Reply:
        body = request.json or {}
        for run in (*body.get("post", ()), *body.get("patch", ())):
            self.session(run.get("session_name", "default"))
            self.runs.take(run, self.sessions)
        return Reply(202, {"message": "Runs batch ingested"})

    def _sessions(self, request: Request, session_id: str) -> Reply:
        known = [self._session_row(name, one) for name, one in self.sessions.items()]
        if session_id:
            row = next((row for row in known if row["id"] == session_id), None)
            return Reply(200, row) if row else Reply(404, {"detail": "Project not found"})
        if request.method == "POST":
            name = (request.json or {}).get("name", "default")
            return Reply(200, self._session_row(name, self.session(name)))
        name = request.value("name")
        return Reply(
            200, [row for row in known if not name or row["name"] == name][: int(request.value("limit", "100"))]
        )

    def _session_row(self, name: str, session_id: str) -> dict[str, Any]:
        tenant = str(uuid.uuid5(uuid.NAMESPACE_DNS, "tenant"))
        return {"id": session_id, "name": name, "tenant_id": tenant, "reference_dataset_id": None}
