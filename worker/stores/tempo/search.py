"""What the search is asked, and roots out of what it answers.

TraceQL's `nestedSetParent < 0` is true of roots alone. A span whose parent never came has another number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from assay.worker.extraction.names.columns import LEVEL, LEVEL_NAME, METADATA_BEHIND, METADATA_IN, ROOT_COLUMNS
from assay.worker.otlp.decoding import spans_in_resource_spans
from assay.worker.otlp.evaluation_names import EVALUATION
from assay.worker.otlp.traces import is_own, root_of, root_order
from assay.worker.records.spans import Span
from assay.worker.records.traces import TraceRoot
from assay.worker.store_clients.rows import listed

IS_ROOT = "{ nestedSetParent < 0 }"
HAS_NO_ROOT = '{ rootName = "" }'
"""Of a trace whose root did not come, at least into the block that is searched."""
ROOT_NOT_RECEIVED = "<root span not yet received>"
"""What stands in place of a root's name or service where there is none."""

INTRINSICS = frozenset({"status", "name", "nestedSetParent"})
"""What TraceQL knows of every span; answers list it among the attributes."""

OF_THE_PROCESS = ("environment", "release", "version")
"""Columns that are told by attributes of the resource, too."""

PROCESS_METADATA = "resource."
"""Before the key of metadata that tell of the process, e.g. `resource.service.name`."""
SERVICE_NAME = "service.name"

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
"""An attribute's name that needs no quotation, e.g. `user.id`."""


def roots_query(root_metadata: Collection[str]) -> str:
    """The query for roots, with the attributes that their columns are read from.

    Args:
        root_metadata: keys that selection looks at.
    """
    return f"{IS_ROOT} | select({', '.join(dict.fromkeys(_selected(root_metadata)))})"


def _selected(root_metadata: Collection[str]) -> Iterator[str]:
    yield "status"
    yield "name"
    for column, names in ROOT_COLUMNS.items():
        for name in names:
            yield _attribute("span", name)
            if column in OF_THE_PROCESS:
                yield _attribute("resource", name)
    for name in (LEVEL, LEVEL_NAME, *METADATA_IN, EVALUATION):
        yield _attribute("span", name)
    for name in sorted(process_names(root_metadata)):
        yield _attribute("resource", name)
    for key in sorted(root_metadata):
        yield _attribute("span", key)
        for prefix in METADATA_BEHIND:
            yield _attribute("span", prefix + key)


def process_names(root_metadata: Collection[str]) -> frozenset[str]:
    """Attributes of the process that are asked for as such: an answer does not say where an attribute was."""
    told = (key.removeprefix(PROCESS_METADATA) for key in root_metadata if key.startswith(PROCESS_METADATA))
    return frozenset((SERVICE_NAME, *told))


def _attribute(scope: str, name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return f"{scope}.{name}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{scope}."{escaped}"'


def roots_in(answer: Mapping[str, Any], of_process: Collection[str]) -> Iterator[TraceRoot]:
    """The roots of a search's answer, ours left out. Of several roots of one trace the one is given that a fetch takes.

    Args:
        answer: of the search.
        of_process: names of attributes that are the process's.
    """
    yield from listed(traces_in(answer), lambda trace: _root_of(trace, of_process))


def trace_ids_in(answer: Mapping[str, Any]) -> list[str]:
    """The ids of the traces in an answer, each of 32 digits: leading zeros are left out there."""
    return [str(trace.get("traceID", "")).lower().zfill(32) for trace in traces_in(answer)]


def traces_in(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The traces of an answer, without what is none."""
    traces = answer.get("traces")
    return [trace for trace in traces if isinstance(trace, dict)] if isinstance(traces, list) else []


def _root_of(trace: Mapping[str, Any], of_process: Collection[str]) -> TraceRoot | None:
    spans = [span for span in _spans_of(trace, of_process) if not is_own(span)]
    return root_of(min(spans, key=root_order)) if spans else None


def _spans_of(trace: Mapping[str, Any], of_process: Collection[str]) -> Sequence[Span]:
    """The spans that matched, as records. The answer's own forms of times and of the status are translated."""
    name = trace.get("rootTraceName", "")
    trace_id = str(trace.get("traceID", "")).lower().zfill(32)
    sets = trace.get("spanSets") or [trace.get("spanSet") or {}]
    groups = [
        _group(span, trace_id, "" if name == ROOT_NOT_RECEIVED else name, of_process)
        for matched in sets
        if isinstance(matched, dict)
        for span in matched.get("spans") or ()
        if isinstance(span, dict)
    ]
    return spans_in_resource_spans(groups).spans


def _group(span: Mapping[str, Any], trace_id: str, root_name: str, of_process: Collection[str]) -> dict[str, Any]:
    attributes = [pair for pair in span.get("attributes") or () if isinstance(pair, dict)]
    told = {pair.get("key"): (pair.get("value") or {}).get("stringValue") for pair in attributes}
    start = int(span.get("startTimeUnixNano") or 0)
    message = {
        "traceId": trace_id,
        "spanId": str(span.get("spanID", "")).lower().zfill(16),
        "name": span.get("name") or told.get("name") or root_name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(span.get("durationNanos") or 0)),
        "status": {"code": 2} if told.get("status") == "error" else {},
        "attributes": [pair for pair in attributes if pair.get("key") not in {*INTRINSICS, *of_process}],
    }
    around = [pair for pair in attributes if pair.get("key") in of_process]
    return {"resource": {"attributes": around}, "scopeSpans": [{"spans": [message]}]}
