"""GET /v2/observations: the one read of traces that a v4 server has."""

from __future__ import annotations

import base64
import binascii
import heapq
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, whole_number
from tests.servers.langfuse.filters import Condition, parse_filter
from tests.servers.langfuse.issues import MISSING, Reply
from tests.servers.langfuse.rows import Key, Row, trace_hash
from tests.servers.langfuse.tables import FOREVER, Bounds

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

TYPES = (
    "GENERATION", "SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL",
)  # fmt: skip
LEVELS = ("DEBUG", "DEFAULT", "WARNING", "ERROR")
TEXTS = ("name", "userId", "sessionId", "traceId", "version", "type", "level")
NO_JSON_IO = (
    "parseIoAsJson=true is no longer supported on the v2 observations endpoint. Input/output fields are always "
    "returned as raw strings. Remove the parseIoAsJson parameter or set it to false."
)


@dataclass(frozen=True)
class Listing:
    """What a listing asks for."""

    conditions: tuple[Condition, ...]
    bounds: Bounds
    before: Key | None
    limit: int

    @property
    def trace_ids(self) -> list[str] | None:
        """The traces it is about, where it names them: those are looked up, not scanned for."""
        for one in self.conditions:
            if one.column == "traceId" and one.operator in {"=", "any of"}:
                return [one.value] if isinstance(one.value, str) else list(one.value)
        return None


def list_observations(project: Project, call: Call) -> Reply:
    """Rows, newest first, as many as the limit, with a cursor when there are more."""
    listing = _listing(call)
    if project.too_wide(listing.bounds) and listing.trace_ids is None:
        raise issues.too_heavy()
    found = list(itertools.islice(matching(project, listing), listing.limit + 1)) if listing.limit else []
    groups = call.words("fields") or ["core", "basic"]
    most = project.settings.most_rows_read
    if most is not None and "io" in groups and min(len(found), listing.limit) > most:
        raise issues.too_heavy()
    expand = frozenset(call.words("expandMetadata") or ())
    shown = found[: listing.limit]
    meta = {"cursor": _cursor(shown[-1])} if len(found) > listing.limit else {}
    return Reply(200, {"data": [row.shown(groups, expand) for row in shown], "meta": meta})


def matching(project: Project, listing: Listing) -> Iterator[Row]:
    """The rows a listing is about, in order."""
    now = clock.millis(project.clock.now())
    for row in _candidates(project, listing):
        if row.visible <= now and all(one.holds(row) for one in listing.conditions):
            yield from project.copies(row)


def _candidates(project: Project, listing: Listing) -> Iterator[Row]:
    trace_ids = listing.trace_ids
    if trace_ids is None:
        roots = any(one.column == "isRootObservation" and one.value is True for one in listing.conditions)
        streams = [one.descending(listing.bounds, listing.before, roots_only=roots) for one in project.filled_sources]
        # Merging works out every row's hash, which is not worth it for one stream.
        merged = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=lambda row: row.key, reverse=True)
        yield from merged
        return
    low, high = listing.bounds
    rows = [row for source in project.sources for row in source.of_traces(trace_ids) if low <= row.start < high]
    for row in sorted(rows, key=lambda row: row.key, reverse=True):
        if listing.before is None or row.key < listing.before:
            yield row


def _listing(call: Call) -> Listing:
    limit = whole_number(call, "limit", default=50, least=0, most=1000)
    _check_words(call)
    before = _parse_cursor(call.first("cursor"))
    conditions = parse_filter(call.first("filter"))
    filtered = {one.column for one in conditions}
    simple = [one for one in _simple(call) if one.column not in filtered]
    bounds = FOREVER if "startTime" in filtered else _bounds(call)
    return Listing((*conditions, *simple), bounds, before, limit)


def _check_words(call: Call) -> None:
    checks: list[tuple[str, tuple[str, ...]]] = [
        ("isRootObservation", ("true", "false")),
        ("type", TYPES),
        ("level", LEVELS),
    ]
    for name, values in checks:
        value = call.first(name)
        if value is not None:
            issues.check(issues.one_of(value, values, [name]))
    if call.first("parseIoAsJson") == "true":
        raise issues.invalid([issues.custom(NO_JSON_IO, ["parseIoAsJson"])])


def _simple(call: Call) -> Iterator[Condition]:
    for name in TEXTS:
        value = call.first(name)
        if value is not None:
            yield Condition("string", name, "=", value)
    environments = call.all("environment")
    if environments:
        yield Condition("stringOptions", "environment", "any of", environments)
    root, parent = call.first("isRootObservation"), call.first("parentObservationId")
    if root is not None:
        yield Condition("boolean", "isRootObservation", "=", root == "true")
    if parent == "":
        yield Condition("boolean", "hasParentObservation", "=", False)
    elif parent is not None:
        yield Condition("string", "parentObservationId", "=", parent)


def _bounds(call: Call) -> Bounds:
    low, high = FOREVER
    first, last = call.first("fromStartTime"), call.first("toStartTime")
    for name, value in (("fromStartTime", first), ("toStartTime", last)):
        if value is not None:
            issues.check(issues.datetime_text(value, [name]))
    return clock.parse(first) if first else low, clock.parse(last) if last else high


def _cursor(row: Row) -> str:
    place = {
        "lastStartTimeTo": row.fields["startTime"],
        "lastTraceId": row.fields["traceId"],
        "lastId": row.fields["id"],
    }
    return base64.b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def _parse_cursor(text: str | None) -> Key | None:
    if text is None:
        return None
    try:
        place: Any = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (ValueError, binascii.Error):
        raise issues.refuse(400, "Invalid cursor format", "InvalidRequestError") from None
    if not isinstance(place, dict):
        raise issues.invalid([issues.wrong_type("object", place, ["cursor"])])
    try:
        start = clock.parse(place.get("lastStartTimeTo", ""))
        bad = []
    except (TypeError, ValueError):
        bad = [issues.bad_date(["cursor", "lastStartTimeTo"])]
    for name in ("lastTraceId", "lastId"):
        bad += issues.string(place.get(name, MISSING), ["cursor", name])
    issues.check(bad)
    return start, trace_hash(place["lastTraceId"]), place["lastId"]
