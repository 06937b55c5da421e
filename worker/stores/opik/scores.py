"""Scores as Opik keeps them: one value under a name, by each author, on a trace or on a span.

Opik has no place for an id, an environment, a moment or metadata. They stand in the last line of the reason, as JSON
behind `assay: `, below what a person reads. A score without that line is somebody else's.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime, Field, JsonValue, ValidationError

from assay.judges.schema import Record
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, ScoreSpec
from assay.worker.records.traces import utc_iso
from assay.worker.store_clients.rows import UNREADABLE

MARK = "assay: "
"""How the last line of a reason of ours begins: `assay: {"id": "...", ...}`."""
MOST_VALUE = 999_999_999.0
DECIMALS = 9
"""Opik keeps a value as a decimal of 18 digits, 9 of them behind the point."""

Row = Mapping[str, Any]


class _Trailer(Record):
    """What the last line of a reason says."""

    id: str
    at: AwareDatetime
    environment: str = "default"
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    on_root: bool = False


def body_of(score: Score, project: str, specs: Mapping[str, ScoreSpec]) -> dict[str, Any]:
    """A score as one item of a batch.

    A word stands in `category_name`. The number that Opik asks for beside it is the word's place in the rubric's list.

    Raises:
        StoreRejected: it is no number, no text, or hangs on what no trace of Opik can be.
    """
    where = f"score {score.name!a} of trace {score.trace_id!a}"
    _check_id(target_of(score), where)
    number = _number(score, specs.get(score.name))
    if not math.isfinite(number) or abs(number) > MOST_VALUE:
        raise StoreRejected(f"{where}: {number} is no number that Opik takes")
    body = {
        "id": target_of(score),
        "project_name": project,
        "name": score.name,
        "value": round(number, DECIMALS),
        "reason": _reason(score),
        "source": "sdk",
    } | ({"category_name": score.value} if isinstance(score.value, str) else {})
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise StoreRejected(f"{where}: its comment or metadata are no text (lone surrogates)") from exc
    return body


def target_of(score: Score) -> str:
    """The id of what a score hangs on: of the trace, or of a span. The root of a trace is the trace itself."""
    return score.trace_id if is_on_trace(score) else str(score.observation_id)


def is_on_trace(score: Score) -> bool:
    """Whether a score hangs on the trace as a whole."""
    return score.observation_id in (None, score.trace_id)


def scores_of(row: Row, trace_id: str, observation_id: str | None = None) -> Iterator[Score]:
    """Our scores on a trace or on one of its spans.

    Where several authors gave a value under one name, Opik shows their mean. Each author's own stands beside it.
    """
    shown = row.get("feedback_scores")
    for entry in shown if isinstance(shown, list) else ():
        authors = entry.get("value_by_author") if isinstance(entry, dict) else None
        for value in authors.values() if isinstance(authors, dict) and authors else (entry,):
            try:
                score = _score(value, entry.get("name"), trace_id, observation_id) if isinstance(value, dict) else None
            except UNREADABLE:  # changed by somebody: it counts as not there, and takes no other with it
                score = None
            if score is not None:
                yield score


def by_kind(scores: Sequence[Score]) -> Iterator[tuple[str, list[Score]]]:
    """Scores with the route that takes them."""
    for path, are_taken in (("traces", True), ("spans", False)):
        part = [score for score in scores if is_on_trace(score) is are_taken]
        if part:
            yield f"v1/private/{path}/feedback-scores", part


def _score(entry: Row, name: Any, trace_id: str, observation_id: str | None) -> Score | None:
    comment, trailer = _read_reason(entry.get("reason"))
    value, word = entry.get("value"), entry.get("category_name")
    if trailer is None or not isinstance(name, str) or not isinstance(value, int | float):
        return None
    return Score(
        id=trailer.id,
        trace_id=trace_id,
        observation_id=trace_id if trailer.on_root else observation_id,
        name=name,
        value=word if isinstance(word, str) and word else float(value),
        comment=comment,
        environment=trailer.environment,
        timestamp=trailer.at,
        metadata=trailer.metadata,
    )


def _number(score: Score, spec: ScoreSpec | None) -> float:
    if not isinstance(score.value, str):
        return score.value
    words = spec.categories if spec else ()
    return float(words.index(score.value)) if score.value in words else 0.0


def _reason(score: Score) -> str:
    trailer: dict[str, JsonValue] = {"id": score.id, "at": utc_iso(score.timestamp), "environment": score.environment}
    trailer |= {"metadata": score.metadata} if score.metadata else {}
    trailer |= {"on_root": True} if score.observation_id == score.trace_id else {}
    line = MARK + json.dumps(trailer, ensure_ascii=True, separators=(",", ":"))
    return f"{score.comment}\n\n{line}" if score.comment else line


def _read_reason(reason: Any) -> tuple[str, _Trailer | None]:
    """The comment, and what its last line says; None where it has no line of ours."""
    text = str(reason or "")
    above, _, line = text.rpartition("\n")
    if not line.startswith(MARK) or (above and not above.endswith("\n")):
        return "", None
    try:
        return above[:-1], _Trailer.model_validate_json(line.removeprefix(MARK))
    except ValidationError:
        return "", None


def _check_id(target: str, where: str) -> None:
    """Refuse an id that Opik refuses, before it takes its whole batch along."""
    try:
        is_known_form = uuid.UUID(target).version == 7
    except ValueError:
        is_known_form = False
    if not is_known_form:
        raise StoreRejected(f"{where}: {target[:40]!a} is no UUIDv7, and Opik has no such id")
