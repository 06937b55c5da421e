"""Scores as evaluations, and evaluations as a span shows them back."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.store_clients.rows import UNREADABLE
from assay.worker.stores.datadog.codec import has_tag, start_of
from assay.worker.stores.datadog.spans import Span, is_root

OURS = "assay"
"""In an evaluation's metadata: what it has no place for."""
ID_TAG, NAME_TAG = "assay_score_id:", "assay_score:"
OTEL_TAG = "source:otel"
LONGEST_LABEL = 200
_RUBRIC = ("rubric", "rubric_hash")
_NO_LABEL = re.compile(r"[^A-Za-z0-9_]")
"""What no label may hold, e.g. the dot of `rag.groundedness`."""
_HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f]{16}")
"""An id as OpenTelemetry writes it, e.g. `00f067aa0ba902b7`."""


def label_of(name: str) -> str:
    """The label of a score: its name. Where a label may not be so, it is made fit, with a mark of the name behind it.

    Labels are one per application: two names must not become one label.
    """
    label = _NO_LABEL.sub("_", name)
    if not re.match("[A-Za-z]", label):
        label = f"score_{label}"
    if label == name and len(label) <= LONGEST_LABEL:
        return label
    return f"{label[: LONGEST_LABEL - 7]}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def checked(scores: Iterable[Score]) -> dict[str, Score]:
    """Scores by id, the last of each; refused before one is written.

    Raises:
        StoreRejected: a value or a text that JSON has no word for.
    """
    for score in scores:
        where = f"Datadog: score {score.name!a} of trace {score.trace_id!a}"
        if not isinstance(score.value, str) and not math.isfinite(score.value):
            raise StoreRejected(f"{where}: {score.value} is no number")
        try:
            score.model_dump_json().encode()
        except ValueError as exc:
            raise StoreRejected(f"{where}: a text that is none: half of a surrogate pair") from exc
    return {score.id: score for score in scores}


def metric_of(score: Score, span: Span, ml_app: str, now: datetime) -> dict[str, Any]:
    """A score as an evaluation of a span."""
    is_otel = has_tag(span, OTEL_TAG)
    join = {"span_id": str(span["span_id"]), "trace_id": str(span["trace_id"])}
    if is_otel:
        join = {key: _decimal(value) for key, value in join.items()}
    kind = "categorical" if isinstance(score.value, str) else "score"
    metric: dict[str, Any] = {
        "event_kind": "evaluation",
        "join_on": {"span": join},
        "label": label_of(score.name),
        "metric_type": kind,
        f"{kind}_value": score.value,
        "ml_app": ml_app,
        # Of two evaluations with one label the later counts, so it is the moment of writing.
        "timestamp_ms": round(now.timestamp() * 1000),
        "tags": [*_tags(score), f"ml_app:{ml_app}", *([OTEL_TAG] if is_otel else [])],
        "eval_scope": "span",
        "metadata": _metadata(score),
    }
    return metric | ({"reasoning": score.comment} if score.comment else {})


def scores_in(span: Span) -> Iterator[Score]:
    """The scores of ours that a span shows, of each label one."""
    shown = span.get("evaluation")
    for label, metric in shown.items() if isinstance(shown, dict) else ():
        try:
            score = _score(span, str(label), metric) if isinstance(metric, dict) else None
        except UNREADABLE:  # another program's, or changed by somebody: it takes no other with it
            continue
        if score is not None:
            yield score


def is_shown_as(shown: Score | None, score: Score) -> bool:
    """Whether a score is there already. Where no metadata are listed, tags tell the rubric alone."""
    if shown is None or (shown.trace_id, shown.name, shown.value) != (score.trace_id, score.name, score.value):
        return False
    told = {key: str(score.metadata[key]) for key in _RUBRIC if score.metadata.get(key)}
    return shown.comment == score.comment and shown.metadata in (score.metadata, told)


def _score(span: Span, label: str, metric: Mapping[str, Any]) -> Score | None:
    """A score of ours; None where it is somebody else's. Metadata may be left out of a listing, tags tell the rest."""
    tags = [tag for tag in metric.get("tags") or () if isinstance(tag, str)]
    metadata = dict(_object(metric.get("eval_metric_metadata")) or _object(metric.get("metadata")))
    ours, start, value = _object(metadata.pop(OURS, None)), start_of(span), metric.get("value")
    score_id = ours.get("id") or _behind(tags, ID_TAG)
    if not score_id or start is None or not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    is_text = metric.get("eval_metric_type") == "categorical"
    named = {key: told for key in _RUBRIC if (told := _behind(tags, f"{key}:"))}
    return Score(
        id=str(score_id),
        trace_id=str(span.get("trace_id")),
        observation_id=ours.get("observation_id", None if is_root(span) else str(span.get("span_id"))),
        name=str(ours.get("name") or _behind(tags, NAME_TAG) or label),
        value=str(value) if is_text else float(value),
        comment=str(metric.get("reasoning") or ""),
        environment=str(ours.get("environment") or "default"),
        timestamp=datetime.fromisoformat(ours["timestamp"]) if "timestamp" in ours else start,
        metadata=metadata or dict(named),
    )


def _tags(score: Score) -> list[str]:
    told = [f"{key}:{score.metadata[key]}" for key in _RUBRIC if score.metadata.get(key)]
    return [f"{ID_TAG}{score.id}", f"{NAME_TAG}{score.name}", *told]


def _metadata(score: Score) -> dict[str, JsonValue]:
    ours = {
        "id": score.id,
        "name": score.name,
        "observation_id": score.observation_id,
        "environment": score.environment,
        "timestamp": score.timestamp.isoformat(),
    }
    return {**score.metadata, OURS: {key: value for key, value in ours.items() if value is not None}}


def _decimal(value: str) -> str:
    """An id of OpenTelemetry as the decimal number that evaluations of such spans are joined by."""
    return str(int(value, 16)) if _HEX.fullmatch(value.lower()) else value


def _behind(tags: Iterable[str], start: str) -> str | None:
    return next((tag.removeprefix(start) for tag in tags if tag.startswith(start)), None)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
