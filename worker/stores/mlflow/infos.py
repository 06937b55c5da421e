"""What MLflow tells of a trace without its spans: from this alone a trace is selected.

Tags and metadata are texts. Attributes of the process that sent the spans arrive as tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from assay.worker.otlp.traces import root_of
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.spans import Attributes, Span
from assay.worker.records.traces import TraceRoot

PREFIX = "tr-"
"""What MLflow puts before OpenTelemetry's id of a trace: `tr-5b8efff798038103d269b633813fc60c`."""
OWN_KEYS = "mlflow."
"""Before the keys of tags, metadata and attributes that MLflow itself writes."""
NAME = "mlflow.traceName"
LINKED = "mlflow.linkedPrompts"
"""The tag, or a span's attribute, that links prompts: `[{"name": "answer", "version": "4"}]`."""
UNFINISHED = "IN_PROGRESS"
"""The state of a trace whose root span has not come, or never will."""

_COLUMNS = {"mlflow.trace.user": "user.id", "mlflow.trace.session": "session.id"}
"""Metadata of MLflow's own that are columns of a root, and the attributes that they are elsewhere."""
_SAYS_YES = {"", "true", "True"}
"""Values of a tag that is meant by its key alone."""
_SECONDS = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)s")
"""A duration: `0.032s`."""

Info = Mapping[str, Any]


def id_of(info: Info) -> str:
    """MLflow's id of a trace."""
    return str(info.get("trace_id") or "")


def start_of(info: Info) -> datetime:
    """When a trace began, to the millisecond.

    Raises:
        StoreRejected: it does not say.
    """
    told = info.get("request_time")
    try:
        start = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise StoreRejected(f"trace {id_of(info)!a}: MLflow does not say when it began")
    return start


def root_in(info: Info, span: Span | None = None) -> TraceRoot:
    """The columns of a trace's root.

    Args:
        info: of the trace.
        span: its root span, where the spans were asked for. Without it id and name of the span are not known, and
            neither is what its attributes say.

    Raises:
        StoreRejected: the trace has no start.
    """
    start, tags, metadata = start_of(info), _texts(info, "tags"), _texts(info, "trace_metadata")
    columns: Attributes = {_COLUMNS[key]: value for key, value in metadata.items() if key in _COLUMNS and value}
    known = span or Span.model_construct(trace_id="", span_id="", start=start)
    whole = known.model_copy(
        update={
            "trace_id": id_of(info),
            "name": tags.get(NAME) or known.name,
            "start": start,
            "end": _end(info, start),
            "status": "ERROR" if info.get("state") == "ERROR" else known.status,
            "attributes": {**known.attributes, **_own(metadata), **_own(tags), **columns},
        }
    )
    root = root_of(whole)
    words = tuple(key for key, value in tags.items() if value in _SAYS_YES and not key.startswith(OWN_KEYS))
    return root.model_copy(update={"tags": tuple(dict.fromkeys((*root.tags, *words)))}) if words else root


def _end(info: Info, start: datetime) -> datetime | None:
    lasted = info.get("execution_duration")
    match = _SECONDS.fullmatch(lasted) if isinstance(lasted, str) else None
    return start + timedelta(milliseconds=round(float(match[1]) * 1000)) if match else None


def _texts(info: Info, key: str) -> dict[str, str]:
    pairs = info.get(key)
    return {name: value for name, value in pairs.items() if isinstance(value, str)} if isinstance(pairs, dict) else {}


def _own(texts: Mapping[str, str]) -> Attributes:
    """What the application wrote, without MLflow's own notes: previews of content are among these."""
    return {key: _value(value) for key, value in texts.items() if not key.startswith(OWN_KEYS)}


def linked_in(info: Info) -> Attributes:
    """The prompt that a trace links, as attributes."""
    return linked_prompt(_texts(info, "tags").get(LINKED))


def linked_prompt(linked: JsonValue) -> Attributes:
    """A linked prompt, as attributes. Of several nobody knows which the answer was written with."""
    prompts = _value(linked) if isinstance(linked, str) else linked
    prompt = prompts[0] if isinstance(prompts, list) and len(prompts) == 1 else None
    if not isinstance(prompt, dict) or not isinstance(prompt.get("name"), str):
        return {}
    named = {"gen_ai.prompt.name": prompt["name"], "gen_ai.prompt.version": prompt.get("version")}
    return {name: value for name, value in named.items() if value is not None}


def _value(value: str) -> JsonValue:
    """A list or an object where the text is one. All else stays the text that it is."""
    if value[:1] + value[-1:] not in {"{}", "[]"}:
        return value
    try:
        parsed: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed
