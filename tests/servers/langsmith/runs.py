"""Runs as the server keeps them, and how each of its two queries gives them."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.langsmith.filters import Test, parsed
from tests.servers.threaded_server import Reply, Request

Run = dict[str, Any]
LAST_DAY = timedelta(days=1)


class Runs:
    """All runs of a workspace, by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Run] = {}

    def take(self, given: Mapping[str, Any], sessions: dict[str, str]) -> None:
        """Take a run in, with the columns that the server makes of it."""
        run = {**given, "id": _uuid(given["id"]), "trace_id": _uuid(given.get("trace_id") or given["id"])}
        run["session_id"] = given.get("session_id") or sessions[given.get("session_name", "default")]
        run["parent_run_id"] = _uuid(given["parent_run_id"]) if given.get("parent_run_id") else None
        usage = (given.get("outputs") or {}).get("usage_metadata") or {}
        run |= {
            "status": "error" if given.get("error") else "success" if given.get("end_time") else "pending",
            "prompt_tokens": usage.get("input_tokens", 0),
            "completion_tokens": usage.get("output_tokens", 0),
            "prompt_token_details": usage.get("input_token_details"),
            "completion_token_details": usage.get("output_token_details"),
            "total_cost": usage.get("total_cost"),
            "first_token_time": _first_token(given.get("events") or ()),
            "trace_tier": "shortlived",
        }
        self.by_id[run["id"]] = self.by_id.get(run["id"], {}) | run

    def newer(self, request: Request) -> Reply:
        """POST /api/v2/runs/query."""
        asked = request.json or {}
        if not asked.get("project_ids"):
            return Reply(400, {"error": "project_ids is required", "code": "bad_request"})
        size = asked.get("page_size", 100)
        if not 1 <= size <= 1000:
            return Reply(400, {"error": "page_size must be between 1 and 1000", "code": "bad_request"})
        now = datetime.now(UTC)
        start = _moment(asked.get("min_start_time")) or now - LAST_DAY
        end = _moment(asked.get("max_start_time")) or now
        try:
            tests = self._tests(asked, ids=asked.get("ids"), trace=asked.get("trace_id"))
        except ValueError as error:
            return Reply(400, {"error": str(error), "code": "bad_request"})
        within = (r for r in self.by_id.values() if start <= _moment(r["start_time"]) <= end)  # type: ignore[operator]
        mine = (run for run in within if run["session_id"] in asked["project_ids"])
        rows, cursor = _page((run for run in mine if all(test(run) for test in tests)), size, asked.get("cursor"))
        selects = asked.get("selects") or ["ID"]
        return Reply(200, {"items": [self._newer_row(run, selects) for run in rows], "next_cursor": cursor})

    def older(self, request: Request) -> Reply:
        """POST /runs/query."""
        asked = request.json or {}
        size = asked.get("limit", 100)
        if size > 100:
            return Reply(422, {"detail": [{"loc": ["body", "limit"], "msg": "Input should be at most 100"}]})
        runs: Iterable[Run] = self.by_id.values()
        if asked.get("id"):
            runs = [run for run in runs if run["id"] in asked["id"]]
        else:
            start = _moment(asked.get("start_time")) or datetime.now(UTC) - LAST_DAY
            try:
                tests = self._tests(asked, ids=None, trace=asked.get("trace"))
            except ValueError as error:
                return Reply(400, {"detail": str(error)})
            runs = [run for run in runs if run["session_id"] in asked.get("session", [])]
            runs = [run for run in runs if _moment(run["start_time"]) >= start]  # type: ignore[operator]
            runs = [run for run in runs if all(test(run) for test in tests)]
        rows, cursor = _page(runs, size, asked.get("cursor"))
        fields = asked.get("select") or list(self.by_id and next(iter(self.by_id.values())))
        given = [{name: _older_value(run, name) for name in fields} for run in rows]
        return Reply(200, {"runs": given, "cursors": {"next": cursor}})

    def _tests(self, asked: Mapping[str, Any], *, ids: Any, trace: Any) -> list[Test]:
        tests: list[Test] = []
        if asked.get("is_root") is not None:
            tests.append(lambda run: (run["parent_run_id"] is None) == asked["is_root"])
        if ids:
            tests.append(lambda run: run["id"] in ids)
        if trace:
            tests.append(lambda run: run["trace_id"] == trace)
        if asked.get("filter"):
            tests.append(parsed(asked["filter"]))
        if asked.get("trace_filter"):
            of_root = parsed(asked["trace_filter"])
            tests.append(lambda run: run["trace_id"] in self.by_id and of_root(self.by_id[run["trace_id"]]))
        return tests

    def _newer_row(self, run: Run, selects: Iterable[str]) -> dict[str, Any]:
        values = {
            **run,
            "metadata": (run.get("extra") or {}).get("metadata") or {},
            "run_type": str(run["run_type"]).upper(),
            "status": str(run["status"]).upper(),
            "parent_run_ids": self._above(run),
            "project_id": run["session_id"],
            "is_root": run["parent_run_id"] is None,
            "prompt_token_details": {"raw": run["prompt_token_details"] or {}},
            "completion_token_details": {"raw": run["completion_token_details"] or {}},
        }
        return {name.lower(): values.get(name.lower()) for name in selects}

    def _above(self, run: Run) -> list[str]:
        above: list[str] = []
        parent = run["parent_run_id"]
        while parent and parent not in above:
            above.insert(0, parent)
            parent = (self.by_id.get(parent) or {}).get("parent_run_id")
        return above


def _older_value(run: Run, name: str) -> Any:
    """The older query gives money as text."""
    value = run.get(name)
    return f"{value:.12f}".rstrip("0") if name == "total_cost" and value is not None else value


def _page(runs: Iterable[Run], size: int, cursor: str | None) -> tuple[list[Run], str | None]:
    """Newest first, by position and not by offset: what is added meanwhile moves no page."""
    ordered = sorted(runs, key=_position, reverse=True)
    if cursor:
        at = tuple(base64.b64decode(cursor).decode().split("|"))
        ordered = [run for run in ordered if _position(run) < at]
    page = ordered[:size]
    more = len(ordered) > size
    return page, base64.b64encode("|".join(_position(page[-1])).encode()).decode() if more else None


def _position(run: Run) -> tuple[str, str]:
    moment = _moment(run["start_time"])
    assert moment is not None
    return moment.astimezone(UTC).isoformat(timespec="microseconds"), run["id"]


def _moment(value: str | None) -> datetime | None:
    moment = datetime.fromisoformat(value) if value else None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _first_token(events: Iterable[Mapping[str, Any]]) -> str | None:
    return next((event["time"] for event in events if event["name"] == "new_token"), None)


def _uuid(value: str) -> str:
    return str(uuid.UUID(value))
