"""What the fake Helicone keeps: versions of each request, which readers see late, and scores that wait for their batch.

As in the real one, a property or a score makes a new version of the whole row, of several score messages on one request
only the last is worked off in a batch, and what is no whole number is dropped without a word.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
SCORED_FOR = timedelta(days=30)


class Refused(Exception):
    """A 500, in the server's words."""


class Table:
    """Requests by id.

    Attributes:
        lag_s: how long a version takes until readers see it.
        batch_s: how long scores wait for their batch.
    """

    def __init__(self, lag_s: float, batch_s: float) -> None:
        self.lag_s, self.batch_s = lag_s, batch_s
        self.lock = threading.Lock()
        self._versions: dict[str, list[tuple[float, Row]]] = {}
        self._waiting: dict[str, tuple[float, Row]] = {}

    def add(self, row: Row) -> None:
        """A request that was logged."""
        self._insert({"scores": {}, "properties": {}, **row})

    def put_property(self, request_id: str, key: str, value: str) -> None:
        """Add a property to the newest version."""
        newest = self._newest(request_id)
        self._insert({**newest, "properties": {**newest["properties"], key: value}})

    def score(self, request_id: str, scores: Mapping[str, Any]) -> None:
        """Put scores into the batch. A second message on a request takes the first one's place."""
        due = self._waiting.get(request_id, (time.monotonic() + self.batch_s, {}))[0]
        self._waiting[request_id] = (due, dict(scores))

    def settle(self) -> None:
        """Work off the batches that are due."""
        now = time.monotonic()
        for request_id, (due, scores) in list(self._waiting.items()):
            if due <= now:
                del self._waiting[request_id]
                if request_id in self._versions:
                    self._work_off(request_id, scores)

    def query(self, asked: Mapping[str, Any]) -> list[Row]:
        """A page: counted in versions, of which the reader gets one for each request."""
        limit, offset = asked.get("limit", 10), asked.get("offset", 0)
        if not 0 <= limit <= 1000:
            raise Refused("invalid limit")
        visible = [seen for versions in self._versions.values() if (seen := self._seen(versions))]
        rows = [row for seen in visible if _passes(seen[-1], asked["filter"]) for row in [seen[-1]] * len(seen)]
        is_falling = asked.get("sort", {}).get("created_at", "desc") == "desc"
        rows.sort(key=lambda row: (_moment(row["request_created_at"]), row["request_id"]), reverse=is_falling)
        return list({row["request_id"]: row for row in rows[offset : offset + limit]}.values())

    def body(self, request_id: str) -> Row:
        """What lies at a signed URL."""
        newest = self._newest(request_id)
        return {"request": newest["request_body"], "response": newest["response_body"]}

    def _seen(self, versions: list[tuple[float, Row]]) -> list[Row]:
        now = time.monotonic()
        return [row for visible_at, row in versions if visible_at <= now]

    def _newest(self, request_id: str) -> Row:
        if request_id not in self._versions:
            raise Refused("Request not found")
        return self._versions[request_id][-1][1]

    def _insert(self, row: Row) -> None:
        now = time.monotonic()
        versions = self._versions.get(row["request_id"], [])
        seen = [version for version in versions if version[0] <= now][-2:]  # older ones are merged by then
        waiting = [version for version in versions if version[0] > now]
        self._versions[row["request_id"]] = [*seen, *waiting, (now + self.lag_s, row)]

    def _work_off(self, request_id: str, scores: Row) -> None:
        newest = self._newest(request_id)
        if _moment(newest["request_created_at"]) < datetime.now(UTC) - SCORED_FOR:
            return
        kept = dict(newest["scores"])
        for name, value in scores.items():
            if isinstance(value, bool):
                kept[f"{name}-hcone-bool"] = int(value)
            elif isinstance(value, int):
                kept[name] = value
        self._insert({**newest, "scores": kept})


def _passes(row: Row, condition: Any) -> bool:
    if condition == "all":
        return True
    if "operator" in condition:
        left, right = _passes(row, condition["left"]), _passes(row, condition["right"])
        return left and right if condition["operator"] == "and" else left or right
    ((column, test),) = condition["request_response_rmt"].items()
    ((operator, value),) = test.items()
    if column == "request_id" and operator == "equals":
        return bool(row["request_id"] == value)
    if column == "request_created_at":
        at, bound = _moment(row["request_created_at"]), _moment(value)
        return {"gte": at >= bound, "lt": at < bound, "lte": at <= bound, "gt": at > bound}[operator]
    raise Refused(f"unknown filter {column}")


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)
