"""The server: what it refuses, and how it answers."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from tests.servers.kept_spans import Answered, BackendServer, Kept, as_json


@dataclass
class JaegerSettings:
    """What storages differ in.

    Attributes:
        counts_spans: the depth of a search bounds spans of the service, as in Cassandra, and not traces.
        in_parts: an answer comes in several JSON objects, one a trace.
        max_depth: a greater one is refused.
    """

    counts_spans: bool = False
    in_parts: bool = False
    max_depth: int = 10_000


class JaegerServer(BackendServer):
    """One process with all of Jaeger's parts."""

    def __init__(self, settings: JaegerSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or JaegerSettings()

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        if path == "/api/v3/services":
            names = {_service_of(kept) for of in self.kept.traces().values() for kept in of}
            return as_json({"services": sorted(names)})
        if path == "/api/v3/traces":
            return self._search(query)
        if path.startswith("/api/v3/traces/"):
            return self._said([self.kept.of(path.rpartition("/")[2])])
        return Answered(404, b"404 page not found\n", "text/plain; charset=utf-8")

    def _search(self, query: dict[str, str]) -> Answered:
        service, depth = query.get("query.service_name", ""), int(query.get("query.num_traces", "100"))
        if "query.start_time_min" not in query or "query.start_time_max" not in query:
            return _error(400, "query.start_time_min and query.start_time_max are required")
        if not service:
            return _error(400, "service name is required")
        if depth > self.settings.max_depth:
            return _error(400, f"search depth must be at most {self.settings.max_depth}")
        low, high = _nanos(query["query.start_time_min"]), _nanos(query["query.start_time_max"])
        matched = [
            (spans, begun)
            for spans in self.kept.traces().values()
            if (begun := sum(_service_of(k) == service and low <= k.span.start_time_unix_nano <= high for k in spans))
        ]
        random.shuffle(matched)
        if not self.settings.counts_spans:
            return self._said([spans for spans, _ in islice(matched, depth)])
        given, count = [], 0
        for spans, begun in matched:
            if count >= depth:
                break
            given.append(spans)
            count += begun
        return self._said(given)

    def _said(self, traces: list[list[Kept]]) -> Answered:
        known = [spans for spans in traces if spans]
        if not known:
            return _error(404, "No traces found")
        parts = known if self.settings.in_parts else [[kept for spans in known for kept in spans]]
        groups = (",".join(kept.hex_text for kept in part) for part in parts)
        told = [f'{{"result": {{"resourceSpans": [{group}]}}}}' for group in groups]
        return Answered(200, "\n".join(told).encode())


def _service_of(kept: Kept) -> str:
    return kept.service or "OTLPResourceNoServiceName"


def _error(status: int, message: str) -> Answered:
    body = json.dumps({"error": {"httpCode": status, "message": message}}) + "\n"
    return Answered(status, body.encode(), "text/plain; charset=utf-8")


def _nanos(written: str) -> int:
    since = datetime.fromisoformat(written) - datetime.fromisoformat("1970-01-01T00:00:00Z")
    return since // timedelta(microseconds=1) * 1000
