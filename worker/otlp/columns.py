"""The columns of a trace's root, from the attributes of its span and of the process that sent it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.names.columns import LEVEL, LEVEL_NAME, ROOT_COLUMNS
from assay.worker.otlp.span_content import content_of, own_metadata
from assay.worker.otlp.steps import facts_of_call, is_leaf, level_of, taken_by_step
from assay.worker.records.spans import Span
from assay.worker.records.traces import TraceRoot

_RESOURCE = "resource."
"""What stands before the names of a resource's attributes in a root's metadata: `resource.service.name`."""
_SCOPE = "scope.name"


def root_columns(span: Span) -> TraceRoot:
    """The columns of a root, from its span alone."""
    columns: dict[str, Any] = {}
    taken, taken_around = {LEVEL_NAME, LEVEL}, set[str]()
    for column in ROOT_COLUMNS:
        columns[column], name = _column(column, span.attributes)
        if name:
            taken.add(name)
        else:
            columns[column], name = _column(column, span.resource)
            taken_around.add(name)
    return TraceRoot.model_construct(
        trace_id=span.trace_id,
        observation_id=span.span_id,
        name=columns["name"] or span.name,
        environment=columns["environment"] or "default",
        start=span.start,
        end=span.end,
        level=level_of(span),
        release=columns["release"],
        version=columns["version"],
        user_id=columns["user_id"],
        session_id=columns["session_id"],
        tags=columns["tags"] or (),
        metadata=_metadata(span, taken, taken_around),
    )


def taken_by_root(span: Span) -> set[str]:
    """Attributes of a root that became its columns."""
    return {name for column in ROOT_COLUMNS if (name := _column(column, span.attributes)[1])}


def environment_of(span: Span) -> str | None:
    """The environment that a span was made in; None where it says none."""
    environment: str | None = _column("environment", span.attributes)[0] or _column("environment", span.resource)[0]
    return environment


def _metadata(span: Span, taken: Iterable[str], taken_around: set[str]) -> dict[str, JsonValue]:
    rest = content_of(span).rest
    in_columns = {*taken, *(taken_by_step(rest, facts_of_call(rest)) if is_leaf(span) else ())}
    around = {f"{_RESOURCE}{name}": value for name, value in span.resource.items() if name not in taken_around}
    scope: dict[str, JsonValue] = {_SCOPE: span.scope} if span.scope else {}
    return scope | around | own_metadata(rest, in_columns)


def _column(column: str, attributes: Mapping[str, JsonValue]) -> tuple[Any, str]:
    """A column's value and the attribute that has it; None and no name where none has."""
    for name in ROOT_COLUMNS[column]:
        if name in attributes:
            value = _tags(attributes[name]) if column == "tags" else _text(attributes[name])
            if value:
                return value, name
    return None, ""


def _text(value: JsonValue) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _tags(value: JsonValue) -> tuple[str, ...]:
    """Tags in a list, in a list as JSON, or with commas between."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return ()
    if isinstance(value, str):
        value = [tag.strip() for tag in value.split(",") if tag.strip()]
    tags = value if isinstance(value, list) else []
    return tuple(tag for tag in tags if isinstance(tag, str))
