"""Scores as Phoenix's annotations. An annotation is known by what it hangs on, its name and its identifier.

The identifier is the score's id, so a rewrite replaces. Phoenix dates annotations by the moment of writing and has no
environment: both lie in the metadata under one key of ours, beside the trace's id, and are taken out again when read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import JsonValue

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, SessionScore
from assay.worker.records.traces import utc_iso
from assay.worker.store_clients.rows import UNREADABLE

OWN_KEY = "assay"
"""In an annotation's metadata: what Phoenix has no field for."""
RESERVED = "note"
"""Phoenix keeps this name for what people write."""
_MODEL_TIERS = {"decision", "llm", "panel"}

Row = Mapping[str, Any]


def annotation_of(score: Score) -> dict[str, Any]:
    """A score as an annotation of a trace, or of a span where it names one.

    Raises:
        StoreRejected: a value that is no finite number, text that is none, or a name that is Phoenix's own.
    """
    own = {
        "trace_id": score.trace_id,
        "environment": score.environment,
        "timestamp": utc_iso(score.timestamp),
    }
    on = {"span_id": score.observation_id} if score.observation_id else {"trace_id": score.trace_id}
    return _annotation(score, own, f"trace {score.trace_id[:100]!a}") | on


def session_annotation_of(score: SessionScore) -> dict[str, Any]:
    """A session's score as an annotation.

    Raises:
        StoreRejected: as `annotation_of`.
    """
    own = {"environment": score.environment, "timestamp": utc_iso(score.timestamp)}
    return _annotation(score, own, f"session {score.session_id[:100]!a}") | {"session_id": score.session_id}


def _annotation(score: Score | SessionScore, own: Mapping[str, JsonValue], where: str) -> dict[str, Any]:
    value = score.value
    if score.name == RESERVED:
        raise StoreRejected(
            f"{where}: score {score.name!a}: Phoenix keeps this name for notes; name the score otherwise"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise StoreRejected(f"{where}: score {score.name!a}: {value} is no finite number")
    result = {"label": value} if isinstance(value, str) else {"score": value}
    annotation = {
        "name": score.name,
        "annotator_kind": annotator_of(score.metadata),
        "identifier": score.id,
        "result": {**result, **({"explanation": score.comment} if score.comment else {})},
        "metadata": {**score.metadata, OWN_KEY: dict(own)},
    }
    _check_text(annotation, f"{where}: score {score.name!a}")
    return annotation


def annotator_of(metadata: Mapping[str, JsonValue]) -> Literal["LLM", "CODE"]:
    """Who judged: a model, or code; the built-in screen and rules are code."""
    return "LLM" if metadata.get("tier") in _MODEL_TIERS else "CODE"


def _check_text(value: Any, where: str) -> None:
    """Half of a surrogate pair is in no UTF-8, and a NUL in no text of PostgreSQL, which Phoenix may run on."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise StoreRejected(f"{where}: holds half a character, which is no text") from exc
    elif isinstance(value, dict):
        for key, content in value.items():
            _check_text(key, where)
            _check_text(content, where)
    elif isinstance(value, list):
        for content in value:
            _check_text(content, where)


def score_of(row: Row, trace_id: str | None = None) -> Score | None:
    """The score that an annotation stands for; None for one that holds no value, or cannot be read.

    Args:
        row: as the server shows it.
        trace_id: of the span that it hangs on, for annotations that do not tell it themselves.
    """
    try:
        return _score_of(row, trace_id)
    except UNREADABLE:  # somebody else's, with an identifier of ours
        return None


def _score_of(row: Row, trace_id: str | None) -> Score | None:
    metadata = dict(row.get("metadata") or {})
    told = metadata.pop(OWN_KEY, None)
    own: Mapping[str, Any] = told if isinstance(told, dict) else {}
    result = row.get("result") or {}
    value = result.get("score") if result.get("score") is not None else result.get("label")
    trace = row.get("trace_id") or trace_id or own.get("trace_id")
    if not isinstance(trace, str) or not isinstance(value, str | int | float) or not row.get("identifier"):
        return None
    return Score(
        id=row["identifier"],
        trace_id=trace,
        observation_id=row.get("span_id") or None,
        name=row["name"],
        value=value if isinstance(value, str) else float(value),
        comment=result.get("explanation") or "",
        environment=str(own.get("environment") or "default"),
        timestamp=_moment(own.get("timestamp")) or _moment(row.get("created_at")) or datetime.fromtimestamp(0, UTC),
        metadata=metadata,
    )


def is_of_a_rubric(row: Row) -> bool:
    """Whether an annotation is a score of a rubric: its metadata say so."""
    metadata = row.get("metadata")
    return isinstance(metadata, dict) and isinstance(metadata.get("rubric"), str) and "rubric_hash" in metadata


def newest(rows: Iterable[Row]) -> dict[str, Row]:
    """Annotations by identifier. One that was renamed is there under both names; what changed last is the score."""
    known: dict[str, Row] = {}
    for row in rows:
        identifier = row.get("identifier")
        if not isinstance(identifier, str) or not identifier:
            continue
        before = known.get(identifier)
        if before is None or (row.get("updated_at") or "") >= (before.get("updated_at") or ""):
            known[identifier] = row
    return known


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
