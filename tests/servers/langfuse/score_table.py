"""Scores behind the answer: a worker merges them seconds later and drops without a word what breaks its config."""

from __future__ import annotations

import heapq
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.servers.langfuse import clock
from tests.servers.langfuse.rows import as_text
from tests.servers.langfuse.score_checks import clean_environment, type_of

DAY_MS = 86_400_000
Identity = tuple[str, str, int]
"""Id, name and UTC day: what makes a score one row."""


@dataclass(frozen=True)
class ScoreEvent:
    """One post of a score; only the fields that were sent count."""

    id: str
    score_id: str
    timestamp: int
    received: int
    body: dict[str, Any]
    order: int


@dataclass
class ScoreRow:
    """A stored score."""

    id: str
    name: str
    timestamp: int
    created: int
    updated: int
    data_type: str
    value: float | str
    environment: str
    source: str
    subject: dict[str, str]
    comment: str | None = None
    config_id: str | None = None
    queue_id: str | None = None
    author: str | None = None
    """Who edited it on a page of the server; no request of the API can say."""
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def shown_value(self) -> Any:
        """The value in JSON: BOOLEAN as true or false, whole numbers without a point."""
        if self.data_type == "BOOLEAN":
            return bool(self.value)
        whole = isinstance(self.value, float) and self.value.is_integer()
        return int(self.value) if whole else self.value


@dataclass
class _Fields:
    """What is known of a score so far: later values win, what is not sent stays, metadata is merged by key."""

    body: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def take(self, body: dict[str, Any]) -> None:
        """Merge one post; only a comment can be cleared by null, and the first environment stays."""
        environment = self.body.get("environment")
        self.body |= {name: value for name, value in body.items() if value is not None or name == "comment"}
        if environment is not None:
            self.body["environment"] = environment
        given = body.get("metadata") or {}
        entries = given if isinstance(given, dict) else {"metadata": given}
        self.metadata |= {key: as_text(value) for key, value in entries.items()}


class ScoreTable:
    """All scores of the project."""

    def __init__(self, config_of: Callable[[str], dict[str, Any] | None]) -> None:
        self._config_of = config_of
        self._events: dict[str, dict[str, ScoreEvent]] = {}
        self._due: list[tuple[int, int, str, str]] = []
        self._rows: dict[str, dict[Identity, ScoreRow]] = {}
        self._first: dict[str, ScoreEvent] = {}
        self._known: dict[str, _Fields] = {}
        self._orders = itertools.count()

    def post(self, event_id: str, body: dict[str, Any], *, timestamp: int, now: int, due: int) -> None:
        """Queue one post; the same event id replaces what it brought before."""
        event = ScoreEvent(event_id, body["id"], timestamp, now, body, next(self._orders))
        self._events.setdefault(event.score_id, {})[event_id] = event
        heapq.heappush(self._due, (due, event.order, "merge", event.score_id))

    def delete(self, score_id: str, *, due: int) -> None:
        """Queue a deletion."""
        heapq.heappush(self._due, (due, next(self._orders), "delete", score_id))

    def settle(self, now: int) -> None:
        """Do the worker's work that is due."""
        while self._due and self._due[0][0] <= now:
            due, _, what, score_id = heapq.heappop(self._due)
            if what == "merge":
                self._merge(score_id, due)
            else:
                for table in (self._rows, self._events, self._first, self._known):
                    table.pop(score_id, None)

    def rows(self, ids: Iterable[str] | None = None) -> Iterator[ScoreRow]:
        """Every stored row, or those of these ids."""
        wanted = self._rows if ids is None else [one for one in dict.fromkeys(ids) if one in self._rows]
        for score_id in wanted:
            yield from self._rows[score_id].values()

    def _merge(self, score_id: str, now: int) -> None:
        # Of equal timestamps the first post counts, so it is applied last.
        events = sorted(self._events.get(score_id, {}).values(), key=lambda one: (one.timestamp, -one.order))
        good = [one for one in events if self._fits(one.body)]
        if not good:
            return
        # What an earlier merge fixed stays: a later post moves neither the day nor the subject.
        first = self._first.setdefault(score_id, min(good, key=lambda one: one.order))
        # The stored row is where merging starts: what only it still knows is kept.
        fields = self._known.setdefault(score_id, _Fields())
        for event in good:
            fields.take(event.body)
        row = _row_of(first, fields, good[-1].body, self._config_of)
        row.updated = now
        self._rows.setdefault(score_id, {})[row.id, row.name, row.timestamp // DAY_MS] = row

    def _fits(self, body: dict[str, Any]) -> bool:
        """Whether the score keeps to its config; else the worker drops it without a word."""
        config_id = body.get("configId")
        if config_id is None:
            return True
        config = self._config_of(config_id)
        if config is None or config["isArchived"] or config["dataType"] != type_of(body):
            return False
        value = body["value"]
        if config["dataType"] == "CATEGORICAL":
            return value in {one["label"] for one in config["categories"]}
        if config["dataType"] != "NUMERIC":
            return True
        least, most = config["minValue"], config["maxValue"]
        return (least is None or value >= least) and (most is None or value <= most)


def _row_of(
    first: ScoreEvent, fields: _Fields, latest: dict[str, Any], config_of: Callable[[str], dict[str, Any] | None]
) -> ScoreRow:
    body = fields.body
    config = config_of(body["configId"]) if body.get("configId") else None
    # The type follows the value of the last post, which need not repeat the type.
    kind = type_of(latest)
    return ScoreRow(
        id=first.score_id,
        name="output" if kind == "CORRECTION" else config["name"] if config else latest["name"],
        timestamp=first.timestamp,
        created=first.received // 1000 * 1000,
        updated=0,
        data_type=kind,
        value=latest["value"] if isinstance(latest["value"], str) else _stored(float(latest["value"])),
        environment=clean_environment(body.get("environment")) or "default",
        source=body.get("source", "API"),
        subject=subject_of(first.body),
        comment=body.get("comment"),
        config_id=body.get("configId"),
        queue_id=body.get("queueId"),
        metadata=dict(fields.metadata),
    )


def _stored(value: float) -> float:
    """A number as the database keeps it: one that is too small for its full precision is 0."""
    return 0.0 if abs(value) < sys.float_info.min else value


def subject_of(body: dict[str, Any]) -> dict[str, str]:
    """What a score is about, as v3 shows it."""
    if body.get("observationId"):
        return {"kind": "observation", "id": body["observationId"], "traceId": body["traceId"]}
    if body.get("sessionId"):
        return {"kind": "session", "id": body["sessionId"]}
    if body.get("datasetRunId"):
        return {"kind": "experiment", "id": body["datasetRunId"]}
    return {"kind": "trace", "id": body["traceId"]}


def moment(row: ScoreRow) -> dict[str, str]:
    """The three times of a row."""
    return {
        "timestamp": clock.iso(row.timestamp),
        "createdAt": clock.iso(row.created),
        "updatedAt": clock.iso(row.updated),
    }
