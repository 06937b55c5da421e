"""The server: what it refuses, and how it answers."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from google.protobuf.json_format import MessageToDict

from tests.servers.kept_spans import Answered, BackendServer, Kept, as_json, roots_of

TEXT = "text/plain; charset=utf-8"
LONGEST_RANGE_S = 168 * 3600
SCOPES = ("span", "resource")
NOT_RECEIVED = "<root span not yet received>"


@dataclass
class TempoSettings:
    """What operators set.

    Attributes:
        max_limit: `query_frontend.search.max_result_limit`.
        has_v2: whether `/api/v2/traces` is there: since 2.6.
        max_bytes: of one trace; a larger one is given in part, or by older servers refused.
        tenants: whether X-Scope-OrgID is needed.
    """

    max_limit: int = 262_144
    has_v2: bool = True
    max_bytes: int | None = None
    tenants: bool = False


class TempoServer(BackendServer):
    """One process with all of Tempo's parts."""

    def __init__(self, settings: TempoSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or TempoSettings()

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        if self.settings.tenants and "x-scope-orgid" not in self.headers[-1]:
            return Answered(401, b"no org id", TEXT)
        if path == "/api/status/buildinfo":
            return as_json({"version": "2.9.0"})
        if path == "/api/search":
            return self._search(query)
        version, _, trace_id = path.removeprefix("/api/").rpartition("traces/")
        if version == "v2/" and self.settings.has_v2:
            return self._trace_v2(trace_id)
        return self._trace_v1(trace_id) if version == "" else Answered(404, b"404 page not found\n", TEXT)

    def _trace_v2(self, trace_id: str) -> Answered:
        spans = _deduplicated(self.kept.of(trace_id))
        if not spans:
            return Answered(404, b"trace not found", TEXT)
        limit = self.settings.max_bytes
        size = 0
        given: list[Kept] = []
        for kept in spans:
            size += kept.span.ByteSize()
            if limit is not None and size > limit:
                message = f"Trace exceeds maximum size of {limit} bytes, a partial trace is returned"
                whole = {"trace": {"resourceSpans": [kept.as_base64 for kept in given]}}
                return as_json({**whole, "status": "PARTIAL", "message": message})
            given.append(kept)
        return as_json({"trace": {"resourceSpans": [kept.as_base64 for kept in given]}, "metrics": {}})

    def _trace_v1(self, trace_id: str) -> Answered:
        spans = _deduplicated(self.kept.of(trace_id))
        if not spans:
            return Answered(404, b"", TEXT)
        limit = self.settings.max_bytes
        if limit is not None and sum(kept.span.ByteSize() for kept in spans) > limit:
            return Answered(500, f"trace exceeds max size (max bytes: {limit})".encode(), TEXT)
        return as_json({"batches": [kept.as_base64 for kept in spans]})

    def _search(self, query: dict[str, str]) -> Answered:
        start, end = int(query["start"]), int(query["end"])
        limit, spss = int(query.get("limit", "20")), int(query.get("spss", "3"))
        for refused, words in (
            (limit > self.settings.max_limit, f"limit {limit} exceeds max limit {self.settings.max_limit}"),
            (start >= end, f"http parameter start must be before end. received start={start} end={end}"),
            (
                end - start > LONGEST_RANGE_S,
                f"range specified by start and end exceeds 168h0m0s. received start={start} end={end}",
            ),
            (spss > 100, f"spans per span set exceeds 100. received {spss}"),
        ):
            if refused:
                return Answered(400, words.encode(), TEXT)
        chosen = re.fullmatch(r"\{ (nestedSetParent < 0|rootName = \"\") \}(?: \| select\((.*)\))?", query["q"])
        if chosen is None:
            return Answered(400, b"invalid TraceQL query: parse error", TEXT)
        running = [(trace_id, spans) for trace_id, spans in self.kept.traces().items() if _overlaps(spans, start, end)]
        random.shuffle(running)  # the first N that are found, and others the next time
        told = (_found(trace_id, spans, chosen[1], chosen[2] or "", spss) for trace_id, spans in running)
        found = list(islice(filter(None, told), limit))
        return as_json({"traces": found, "metrics": {"totalBlocks": 1}})


def _deduplicated(spans: list[Kept]) -> list[Kept]:
    """One span of each id: that which came first."""
    first: dict[bytes, Kept] = {}
    for kept in spans:
        first.setdefault(kept.span.span_id, kept)
    return list(first.values())


def _overlaps(spans: list[Kept], start: int, end: int) -> bool:
    first = min(kept.span.start_time_unix_nano for kept in spans)
    last = max(kept.span.end_time_unix_nano for kept in spans)
    return first <= end * 10**9 and last >= start * 10**9


def _found(trace_id: str, spans: list[Kept], condition: str, selected: str, spss: int) -> dict[str, Any] | None:
    roots = list(roots_of(spans))
    if condition.startswith("rootName"):
        if roots:
            return None
        matched = spans
    else:
        matched = roots
    if not matched:
        return None
    first = min(kept.span.start_time_unix_nano for kept in spans)
    last = max(kept.span.end_time_unix_nano for kept in spans)
    names = [name.strip() for name in selected.split(",")] if selected else []
    return {
        "traceID": trace_id.lstrip("0"),
        "rootServiceName": roots[0].service if roots else NOT_RECEIVED,
        "rootTraceName": roots[0].span.name if roots else NOT_RECEIVED,
        "startTimeUnixNano": str(first),
        "durationMs": (last - first) // 10**6,
        "spanSets": [{"spans": [_span(kept, names) for kept in matched[:spss]], "matched": len(matched)}],
    }


def _span(kept: Kept, names: list[str]) -> dict[str, Any]:
    span = kept.span
    told = [*_selected(kept, names)]
    if "status" in names:
        told.append({"key": "status", "value": {"stringValue": "error" if span.status.code == 2 else "unset"}})
    return {
        "spanID": span.span_id.hex(),
        "startTimeUnixNano": str(span.start_time_unix_nano),
        "durationNanos": str(span.end_time_unix_nano - span.start_time_unix_nano),
        "attributes": told,
    }


def _selected(kept: Kept, names: list[str]) -> list[dict[str, Any]]:
    wanted = {scope: {n.partition(".")[2].strip('"') for n in names if n.startswith(f"{scope}.")} for scope in SCOPES}
    told = {"span": kept.span.attributes, "resource": kept.group.resource.attributes}
    return [
        {"key": pair.key, "value": _value(pair.value)}
        for scope in SCOPES
        for pair in told[scope]
        if pair.key in wanted[scope]
    ]


def _value(value: Any) -> dict[str, Any]:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return {"stringValue": value.string_value}
    told: dict[str, Any] = MessageToDict(value)
    return told
