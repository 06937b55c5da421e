"""Scores as feedback. The server keeps four decimals of a score, so the exact number stands beside it as text."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import JsonValue

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.store_clients.rows import UNREADABLE
from assay.worker.stores.langsmith.codec import moment, uuid_of

DECIMALS = 4
"""Of a score. The server refuses more, and its SDK rounds."""
OURS = "assay"
"""In the metadata of the source: what feedback has no place for."""
_NAMESPACE = uuid.UUID("3d6f7a58-5a53-5f4e-9c0f-7f0c1d2e3b4a")
Row = Mapping[str, Any]

log = structlog.get_logger(__name__)


def feedback_id(score_id: str) -> str:
    """The id of the feedback: the score's own. One that is no UUID has one made of it."""
    return uuid_of(score_id) or str(uuid.uuid5(_NAMESPACE, score_id))


def checked(scores: Iterable[Score]) -> dict[str, Score]:
    """Scores by id, the last of each; refused before one is written.

    Raises:
        StoreRejected: a value or a text that JSON has no word for, or an id that no run has.
    """
    for score in scores:
        where = f"LangSmith: score {score.name!a} of trace {score.trace_id!a}"
        if not isinstance(score.value, str) and not math.isfinite(score.value):
            raise StoreRejected(f"{where}: {score.value} is no number")
        if uuid_of(score.trace_id) is None or (score.observation_id and uuid_of(score.observation_id) is None):
            raise StoreRejected(f"{where}: ids of LangSmith are UUIDs")
        try:
            score.model_dump_json().encode()
        except ValueError as exc:
            raise StoreRejected(f"{where}: a text that is none: half of a surrogate pair") from exc
    return {score.id: score for score in scores}


def body_of(score: Score, project: str, now: datetime) -> dict[str, Any]:
    """The body of a request that writes a score."""
    return {
        "id": feedback_id(score.id),
        "run_id": uuid_of(score.observation_id or score.trace_id),
        "trace_id": uuid_of(score.trace_id),
        "session_id": project,
        "key": score.name,
        **changes_of(score),
        "feedback_source": {"type": "model", "metadata": _metadata(score)},
        "created_at": now.isoformat(),
        "modified_at": now.isoformat(),
        # The default moves the trace to a tier that is kept longer, and paid for.
        "extend_trace_retention": False,
    }


def changes_of(score: Score) -> dict[str, Any]:
    """What may be changed of feedback that is there."""
    if isinstance(score.value, str):
        return {"score": None, "value": score.value, "comment": score.comment or None}
    rounded = round(score.value, DECIMALS)
    exact = None if rounded == score.value else repr(float(score.value))
    return {"score": rounded, "value": exact, "comment": score.comment or None}


def score_of(row: Row) -> Score | None:
    """A score of ours out of feedback; None where it is somebody else's."""
    source = row.get("feedback_source")
    given = source.get("metadata") if isinstance(source, dict) else None
    metadata = dict(given) if isinstance(given, dict) else {}
    ours = metadata.pop(OURS, None)
    trace_id, value = row.get("trace_id") or row.get("run_id"), _value(row)
    if not isinstance(ours, dict) or not isinstance(trace_id, str) or value is None:
        return None
    return Score(
        id=str(ours.get("id") or row.get("id")),
        trace_id=trace_id,
        observation_id=ours.get("observation_id"),
        name=str(row.get("key")),
        value=value,
        comment=str(row.get("comment") or ""),
        environment=str(ours.get("environment") or "default"),
        timestamp=moment(ours.get("timestamp")) or changed_at(row),
        metadata=metadata,
    )


def newest(rows: Iterable[Row]) -> dict[str, Score]:
    """Scores by id. Until a server has thrown away what was written over, it may show both."""
    scores: dict[str, Score] = {}
    unreadable = 0
    for row in sorted(rows, key=changed_at):
        try:
            score = score_of(row)
        except UNREADABLE:  # another program's, or one that somebody changed: no other takes harm
            unreadable += 1
            continue
        if score is not None:
            scores[score.id] = score
    if unreadable:
        log.warning("langsmith.feedback_unreadable", count=unreadable)
    return scores


def changed_at(row: Row) -> datetime:
    """When feedback was written last."""
    return moment(row.get("modified_at")) or moment(row.get("created_at")) or datetime.fromtimestamp(0, UTC)


def _metadata(score: Score) -> dict[str, JsonValue]:
    ours = {
        "id": score.id,
        "observation_id": score.observation_id,
        "environment": score.environment,
        "timestamp": score.timestamp.isoformat(),
    }
    return {**score.metadata, OURS: {key: value for key, value in ours.items() if value is not None}}


def _value(row: Row) -> float | str | None:
    """The number, exact where its text rounds to what is shown; or the text of a score that is none."""
    shown, text = row.get("score"), row.get("value")
    if shown is None:
        return None if text is None else str(text)
    rounded = float(shown)
    try:
        exact = float(text) if isinstance(text, str) else rounded
    except ValueError:
        return rounded
    return exact if round(exact, DECIMALS) == rounded else rounded
