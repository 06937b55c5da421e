"""Spans as Phoenix's REST API shows them, turned back into the spans that were sent, as far as that can be known.

Phoenix takes a span's attributes apart at their dots and joins them again when asked. What was JSON text, as the
metadata, comes back in as many attributes as it has leaves: here it becomes one value again. The span's kind is lifted
out, and attributes of the GenAI conventions are repeated in OpenInference's words. The attributes of the resource, the
scope and the protocol's own kind of span are not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from assay.worker.records.spans import Attributes, Span, SpanEvent
from assay.worker.store_clients.rows import UNREADABLE

KIND = "openinference.span.kind"
_JSON_TEXT = re.compile(
    r"(?P<name>(?:.*?\.)??(?:metadata|tool\.parameters|llm\.prompt_template\.variables))\.(?P<path>.+)", re.DOTALL
)
"""A leaf of what was sent as JSON text: `retrieval.documents.0.document.metadata.source`."""
_ANSWERED = ("gen_ai.response.id", "gen_ai.response.model")
_OUTPUT, _OUTPUT_TYPE = "output.value", "output.mime_type"


def span_of(row: Mapping[str, Any]) -> Span | None:
    """The span that a row stands for; None where it lacks what makes it one."""
    try:
        context = row["context"]
        return Span(
            trace_id=context["trace_id"],
            span_id=context["span_id"],
            parent_id=row.get("parent_id") or None,
            name=row.get("name") or "",
            start=_moment(row["start_time"]),
            end=_moment(row["end_time"]) if row.get("end_time") else None,
            status="" if row.get("status_code") == "UNSET" else row.get("status_code") or "",
            status_message=row.get("status_message") or "",
            attributes=_attributes(row),
            events=tuple(_event(event) for event in row.get("events") or ()),
        )
    except UNREADABLE:
        return None


def _attributes(row: Mapping[str, Any]) -> Attributes:
    given: Mapping[str, Any] = row.get("attributes") or {}
    kind = row.get("span_kind")
    attributes: Attributes = {} if kind in {None, "", "UNKNOWN"} else {KIND: str(kind)}
    apart: dict[str, dict[str, JsonValue]] = {}
    for name, value in given.items():
        leaf = _JSON_TEXT.fullmatch(name)
        if leaf is None:
            attributes[name] = value
        else:
            apart.setdefault(leaf["name"], {})[leaf["path"]] = value
    attributes |= {name: json.dumps(joined(leaves), ensure_ascii=False) for name, leaves in apart.items()}
    return _without_invented_output(attributes)


def _without_invented_output(attributes: Attributes) -> Attributes:
    """Of a model call that sent no output of its own, Phoenix makes one of the answer's id and model alone."""
    told = {name.rpartition(".")[2]: attributes[name] for name in _ANSWERED if name in attributes}
    if not told or attributes.get(_OUTPUT) != json.dumps(told, ensure_ascii=False):
        return attributes
    return {name: value for name, value in attributes.items() if name not in {_OUTPUT, _OUTPUT_TYPE}}


def joined(leaves: Mapping[str, JsonValue]) -> JsonValue:
    """Leaves under their paths as the value they were.

    Example: `{"deep.a.0.b": 1, "n": 2}` is `{"deep": {"a": [{"b": 1}]}, "n": 2}`.
    """
    tree: dict[str, Any] = {}
    # A leaf before a branch of its name: only keys that hold dots themselves make both.
    for path, value in sorted(leaves.items(), key=lambda leaf: leaf[0].count(".")):
        *steps, last = path.split(".")
        at = tree
        for step in steps:
            below = at.setdefault(step, {})
            if not isinstance(below, dict):
                break
            at = below
        else:
            at[last] = value
            continue
        tree[path] = value
    return _listed(tree)


def _listed(value: Any) -> JsonValue:
    """Mappings whose keys count from 0, and that hold mappings alone, as the lists they were."""
    if not isinstance(value, dict):
        plain: JsonValue = value
        return plain
    below = {key: _listed(content) for key, content in value.items()}
    is_list = bool(below) and all(isinstance(content, dict) for content in below.values())
    if is_list and sorted(below) == sorted(map(str, range(len(below)))):
        return [below[str(number)] for number in range(len(below))]
    return below


def _event(event: Mapping[str, Any]) -> SpanEvent:
    return SpanEvent(
        name=event.get("name") or "",
        at=_moment(event["timestamp"]) if event.get("timestamp") else None,
        attributes=event.get("attributes") or {},
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def spans_in(rows: Any) -> Iterator[Span]:
    """The spans of an answer."""
    for row in rows or ():
        span = span_of(row)
        if span is not None:
            yield span
