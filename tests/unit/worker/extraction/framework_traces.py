"""Recorded traces of frameworks, as a store's adapter reads them.

A recording holds spans as the framework exported them. Here they become OTLP, the test server stores them by the
rules of the real one, and the adapter reads what the server shows: metadata cut at first, as there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from assay.worker.extraction.needs import cut_keys_needed
from assay.worker.records.traces import Trace
from assay.worker.stores.langfuse.rows import trace_of
from tests.servers.langfuse.otlp_attributes import ROOT_MARKS, columns_of
from tests.servers.langfuse.rows import GROUPS, METADATA_CUT, make_row

RECORDINGS = Path(__file__).parents[4] / "tests" / "fixtures" / "framework-traces"

Values = dict[str, Any]

PARTS = ("question", "answer", "evidence")


@cache
def names() -> tuple[str, ...]:
    """Every recording, e.g. `openai-openinference-rag`."""
    return tuple(sorted(path.stem for path in RECORDINGS.glob("*-*.json")))


@cache
def recording(name: str) -> Values:
    """A recording: versions, what the application knows, spans."""
    content: Values = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return content


@cache
def expected(name: str) -> Values:
    """Question, answer and evidence: what the application knows, or what `expected.json` says the trace holds.

    White space around a text counts for nothing.
    """
    known = {**recording(name)["application"], **departure(name)}
    return {key: known[key].strip() if isinstance(known[key], str) else known[key] for key in PARTS}


def earlier_turns(name: str) -> list[tuple[str, str]]:
    """Role and text of each turn before the question."""
    return [(turn["role"], turn["content"]) for turn in recording(name)["application"].get("history", ())]


@cache
def departures() -> dict[str, Values]:
    """Patterns of recordings whose trace holds less or other than the application knows, each with the reason."""
    patterns: dict[str, Values] = json.loads((RECORDINGS / "expected.json").read_text(encoding="utf-8"))
    return patterns


def departure(name: str) -> Values:
    """What one trace holds less or other than its application knows, and why; empty for most."""
    return next((content for pattern, content in departures().items() if fnmatch(name, pattern)), {})


@cache
def trace(name: str) -> Trace:
    """The main trace of a recording as the adapter gives it."""
    return read_back(main_spans(name))


@cache
def trace_in_request(name: str) -> Trace:
    """The same run behind a web framework: a request's span, which holds no text, is the root of all."""
    spans = [{**span, "attributes": dict(span["attributes"])} for span in main_spans(name)]
    root = next(span for span in spans if span["parent_id"] is None)
    request = {
        **root,
        "span_id": "f" * 16,
        "name": "POST /chat",
        "scope": {"name": "opentelemetry.instrumentation.fastapi", "version": "0.66b2"},
        "attributes": {"http.route": "/chat", "http.request.method": "POST", "http.response.status_code": 200},
        "events": [],
        "start": root["start"] - 1_000_000,
        "end": max(span["end"] for span in spans) + 1_000_000,
    }
    for span in spans:
        span["parent_id"] = span["parent_id"] or request["span_id"]
        for mark in ROOT_MARKS:  # a newer SDK marks its own first span as the root: an older one does not
            span["attributes"].pop(mark, None)
    return read_back([request, *spans])


def read_back(spans: list[Values]) -> Trace:
    """Spans of one trace as the adapter reads them from the server, which cuts metadata at first."""
    rows = [make_row(columns_of(*otlp(span)), project_id="project", now=span["end"] // 1_000_000) for span in spans]
    cut = {key for row in rows for key, raw in row.metadata.items() if len(raw) >= METADATA_CUT}
    needed = cut_keys_needed(cut)
    read = trace_of([row.shown(GROUPS, needed) for row in rows], expanded=needed)
    assert read is not None, "no root"
    return read


def main_spans(name: str) -> list[Values]:
    return [span for span in recording(name)["spans"] if span["trace_id"] == main_trace(name)]


def main_trace(name: str) -> str:
    """The trace that holds most: AutoGen, for one, writes a trace of its own when an agent is made."""
    sizes: Counter[str] = Counter()
    for span in recording(name)["spans"]:
        sizes[span["trace_id"]] += len(json.dumps([span["attributes"], span["events"]]))
    return sizes.most_common(1)[0][0]


def otlp(span: Values) -> tuple[Values, Values, Values]:
    """Resource, scope and span as OTLP/JSON carries them."""
    status = {"OK": 1, "ERROR": 2}.get(span["status"]["code"], 0)
    plain = {
        "traceId": span["trace_id"],
        "spanId": span["span_id"],
        "parentSpanId": span["parent_id"] or "",
        "name": span["name"],
        "startTimeUnixNano": str(span["start"]),
        "endTimeUnixNano": str(span["end"]),
        "attributes": _attributes(span["attributes"]),
        "events": [{"name": event["name"], "attributes": _attributes(event["attributes"])} for event in span["events"]],
        "status": {"code": status, "message": span["status"]["message"] or ""},
    }
    scope = {**span["scope"], "attributes": _attributes(span["scope"].get("attributes", {}))}
    return {"attributes": _attributes(span["resource"])}, scope, plain


def _attributes(values: Mapping[str, Any]) -> list[Values]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> Values:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}
