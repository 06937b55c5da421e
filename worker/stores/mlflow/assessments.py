"""Scores as MLflow's assessments, and back.

MLflow lets the writer choose an assessment's id and refuses it the second time. So a score's own id is where it can be
found again, whoever wrote it. Metadata are texts there: a text stays as it is, all else is JSON.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from assay.judges.schema import Tier
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.store_clients.rows import UNREADABLE
from assay.worker.stores.mlflow.infos import Info, id_of

SCORE_ID = "assay.score_id"
ENVIRONMENT = "assay.environment"
_OURS = (SCORE_ID, ENVIRONMENT)
"""Keys of an assessment's metadata that hold what a score has a field for."""
_BY_MODEL = {Tier.DECISION.value, Tier.LLM.value, Tier.PANEL.value}
_LONGEST_NAME = 250
"""Characters of an assessment's name and of its source, in MLflow's tables."""

Assessment = Mapping[str, Any]


def assessment_id(score_id: str) -> str:
    """The id of a score's assessment: `a-0b7e3f5c...`, as MLflow's own look. Any score's id fits into it."""
    return f"a-{hashlib.sha256(score_id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def assessment_of(score: Score, now: datetime) -> dict[str, Any]:
    """What MLflow is sent for a score. Its creation is the score's moment, so that a rewrite is equal.

    Raises:
        StoreRejected: a value that is no number, or a text that is none.
    """
    _check(score)
    kept = {key: _text_of(value) for key, value in score.metadata.items()}
    body: dict[str, Any] = {
        "assessment_id": assessment_id(score.id),
        "assessment_name": score.name,
        "trace_id": score.trace_id,
        "source": {"source_type": _source_type(score), "source_id": _source(score)},
        "feedback": {"value": score.value},
        "rationale": score.comment,
        "metadata": {**kept, SCORE_ID: score.id, ENVIRONMENT: score.environment},
        "create_time": _iso(score.timestamp),
        "last_update_time": _iso(now),
        "valid": True,
    }
    return body if score.observation_id is None else {**body, "span_id": score.observation_id}


def score_of(assessment: Assessment) -> Score | None:
    """The score of an assessment; None for an assessment of a person or of another program, and for an error."""
    metadata, feedback = assessment.get("metadata"), assessment.get("feedback")
    if not isinstance(metadata, dict) or not isinstance(feedback, dict) or "error" in feedback:
        return None
    value, created = feedback.get("value"), _moment(assessment.get("create_time"))
    is_value = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not isinstance(metadata.get(SCORE_ID), str) or not is_value or created is None:
        return None
    return Score(
        id=metadata[SCORE_ID],
        trace_id=str(assessment.get("trace_id") or ""),
        observation_id=assessment.get("span_id") or None,
        name=str(assessment.get("assessment_name") or ""),
        value=value if isinstance(value, str) else float(value),  # type: ignore[arg-type]  # a number
        comment=str(assessment.get("rationale") or ""),
        environment=str(metadata.get(ENVIRONMENT) or "default"),
        timestamp=created,
        metadata={key: _value_of(text) for key, text in metadata.items() if key not in _OURS},
    )


def ours_in(info: Info) -> dict[str, list[Assessment]]:
    """The assessments on a trace that are scores of ours, by the score's id, the newest first."""
    held: dict[str, list[Assessment]] = {}
    for assessment in _listed(info):
        metadata = assessment.get("metadata")
        score_id = metadata.get(SCORE_ID) if isinstance(metadata, dict) else None
        if isinstance(score_id, str):
            held.setdefault(score_id, []).append(assessment)
    return {score_id: sorted(same, key=_age, reverse=True) for score_id, same in held.items()}


def scores_in(infos: Iterable[Info]) -> Iterator[Score]:
    """The scores of ours on traces. Of one that is there twice the newest."""
    for info in infos:
        for same in ours_in(info).values():
            try:
                score = score_of({**same[0], "trace_id": same[0].get("trace_id") or id_of(info)})
            except UNREADABLE:  # somebody else's, with our key in its metadata
                continue
            if score is not None:
                yield score


def is_same(there: Assessment, wanted: Assessment) -> bool:
    """Whether an assessment shows already what is to be written."""
    told = {**there, "trace_id": wanted["trace_id"]}
    return has_same_frame(there, wanted) and score_of(told) == score_of(wanted)


def has_same_frame(there: Assessment, wanted: Assessment) -> bool:
    """Whether two have the fields in common that MLflow never changes, and no key of metadata too many."""
    keys = set(there.get("metadata") or ()) - set(wanted["metadata"])
    return not keys and _fixed(there) == _fixed(wanted)


def _fixed(assessment: Assessment) -> tuple[Any, ...]:
    created = _moment(assessment.get("create_time"))
    return assessment.get("source"), assessment.get("span_id") or None, created, assessment.get("assessment_name")


def _check(score: Score) -> None:
    where = f"score {score.name!a} of trace {score.trace_id!a}"
    if isinstance(score.value, float) and not math.isfinite(score.value):
        raise StoreRejected(f"{where}: {score.value} is no number")
    if len(score.name) > _LONGEST_NAME:
        raise StoreRejected(f"{where}: MLflow takes no name of more than {_LONGEST_NAME} characters")
    try:
        score.model_dump_json().encode()
        json.dumps([score.comment, score.metadata, score.id], allow_nan=False, ensure_ascii=False).encode()
    except ValueError as exc:
        raise StoreRejected(f"{where}: a text or a number in it cannot be written: {type(exc).__name__}") from exc


def _source_type(score: Score) -> str:
    return "LLM_JUDGE" if score.metadata.get("tier") in _BY_MODEL else "CODE"


def _source(score: Score) -> str:
    judge = score.metadata.get("judge")
    return f"assay/{judge}"[:_LONGEST_NAME] if isinstance(judge, str) and judge else "assay"


def _text_of(value: JsonValue) -> str:
    """Metadata as text: `grounding`, `0.2`, `true`, `null`. A text that would read as JSON is quoted: `"1"`."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return value
    return json.dumps(value, ensure_ascii=False)


def _value_of(text: Any) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return text if isinstance(text, str) else None
    return value


def _listed(info: Info) -> list[Assessment]:
    listed = info.get("assessments")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _age(assessment: Assessment) -> tuple[datetime, str]:
    updated = _moment(assessment.get("last_update_time"))
    return updated or datetime.min.replace(tzinfo=UTC), str(assessment.get("assessment_id"))


def _iso(moment: datetime) -> str:
    """A moment in UTC with milliseconds, as MLflow keeps it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(told: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
