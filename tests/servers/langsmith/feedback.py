"""Feedback as the server keeps it: written over by id, or not, as the settings say; LangSmith tells neither."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.servers.langsmith.settings import LangSmithSettings
from tests.servers.threaded_server import Reply, Request

Row = dict[str, Any]
_CHANGEABLE = ("score", "value", "comment", "correction")


class Feedback:
    """All feedback of a workspace. `superseded` rows are still listed where the settings say so."""

    def __init__(self, settings: LangSmithSettings) -> None:
        self.settings = settings
        self.by_id: dict[str, Row] = {}
        self.superseded: list[Row] = []

    def post(self, request: Request, runs: Mapping[str, Row], *, is_dropped: bool) -> Reply:
        """POST /feedback."""
        row = request.json
        problem = self._problem(row)
        if problem is not None:
            return problem
        run_id = str(uuid.UUID(row["run_id"]))
        if run_id not in runs:
            return Reply(404, {"detail": "Run not found"})
        row_id = str(uuid.UUID(row.get("id") or str(uuid.uuid4())))
        if row_id in self.by_id and not self.settings.writes_over:
            return Reply(409, {"detail": "Feedback with this id already exists"})
        if row.get("extend_trace_retention", True):
            runs[run_id]["trace_tier"] = "longlived"
        kept = {**row, "id": row_id, "run_id": run_id, "session_id": runs[run_id]["session_id"]}
        kept.pop("extend_trace_retention", None)
        if row_id in self.by_id:
            self.superseded.append(self.by_id[row_id])
        if not is_dropped:
            self.by_id[row_id] = kept
        return Reply(200, kept)

    def _problem(self, row: Any) -> Reply | None:
        if not isinstance(row, dict) or not row.get("key") or not row.get("run_id"):
            return Reply(422, {"detail": [{"loc": ["body"], "msg": "Field required"}]})
        if not row.get("session_id") and self.settings.generation == "newer":
            return Reply(422, {"detail": [{"loc": ["body", "session_id"], "msg": "Field required"}]})
        score = row.get("score")
        if isinstance(score, float) and round(score, 4) != score:
            return Reply(422, {"detail": [{"loc": ["body", "score"], "msg": "at most 4 decimal places"}]})
        return None

    def list_rows(self, request: Request) -> Reply:
        """GET /feedback: by runs, keys and sources, with an offset."""
        limit, offset = int(request.value("limit", "100")), int(request.value("offset", "0"))
        if not 1 <= limit <= 100:
            return Reply(422, {"detail": [{"loc": ["query", "limit"], "msg": "Input should be at most 100"}]})
        wanted = {name: set(request.values(name)) for name in ("run", "key", "source", "session")}
        if wanted["run"] and not wanted["session"] and self.settings.generation == "newer":
            return Reply(422, {"detail": "session is required"})
        rows = [*self.by_id.values(), *(self.superseded if self.settings.shows_superseded else ())]
        shown = [row for row in rows if _is_wanted(row, wanted)]
        return Reply(200, shown[offset : offset + limit])

    def one(self, request: Request, row_id: str) -> Reply:
        """GET, PATCH and DELETE of one."""
        row = self.by_id.get(str(uuid.UUID(row_id)))
        if row is None:
            return Reply(404, {"detail": "Resource not found"})
        if request.method == "DELETE":
            del self.by_id[row["id"]]
            return Reply(200, {})
        if request.method == "PATCH":
            row |= {name: value for name, value in request.json.items() if name in _CHANGEABLE}
        return Reply(200, row)


def _is_wanted(row: Row, wanted: Mapping[str, set[str]]) -> bool:
    told = {
        "run": row["run_id"],
        "key": row["key"],
        "source": (row.get("feedback_source") or {}).get("type", "api"),
        "session": row["session_id"],
    }
    return all(not values or told[name] in values for name, values in wanted.items())
