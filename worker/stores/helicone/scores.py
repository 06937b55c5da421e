"""Scores as Helicone keeps them: whole numbers by name on a request, and beside them a property that tells the rest.

Helicone drops what is no whole number without a word, so a value goes there in thousandths. Its scores have no comment,
no id and no words. These stand as JSON in a property of the request, one for each rubric, with each value in full:
`assay.grounding`. A word has a property of its own as well, by which people may filter: `assay_answer_check`.

A score counts as shown when both are: the thousandths (or the word) and the entry that they were rounded from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Record
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.records.traces import utc_iso
from assay.worker.store_clients.rows import UNREADABLE
from assay.worker.stores.helicone.traces import OWN_PROPERTIES, properties_of

STEPS = 1000
"""Of one: 0.873 is written as 873."""
MOST = 2**53 / STEPS
"""What a value may be: more is no exact number in JavaScript, in which Helicone is written."""

DOCUMENT, WORD = OWN_PROPERTIES
"""How the names of our properties begin: `assay.grounding`, `assay_answer_check`."""

Row = Mapping[str, Any]


class _Entry(Record):
    """What the property says of one score."""

    id: str
    value: float | str
    at: AwareDatetime
    comment: str = ""
    environment: str = "default"
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    observation_id: str | None = None


Named = Mapping[str, Score]
"""Scores of a request by name."""


def check(score: Score) -> None:
    """Refuse what can be kept nowhere.

    Raises:
        StoreRejected: it is no number, or no text.
    """
    where = f"score {score.name!a} of request {score.trace_id!a}"
    if isinstance(score.value, float) and not (math.isfinite(score.value) and abs(score.value) <= MOST):
        raise StoreRejected(f"{where}: {score.value} is no number that Helicone takes")
    try:
        json.dumps(_fields(score), ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise StoreRejected(f"{where}: its comment or metadata are no text (lone surrogates)") from exc


def told_in(row: Row) -> list[Score]:
    """What our properties say, whether the numbers beside them are there or not."""
    documents = [text for key, text in properties_of(row).items() if key.startswith(DOCUMENT)]
    entries = [item for text in documents for item in _items(_decoded(text))]
    read = (_score(name, entry, str(row["request_id"])) for name, entry in entries)
    return [score for score in read if score is not None]


def shown_in(row: Row) -> Iterator[Score]:
    """The scores that a request shows in both places."""
    return (score for score in told_in(row) if is_shown(score, row))


def is_shown(score: Score, row: Row) -> bool:
    """Whether a row has a score's number, or its word, apart from what our own property says."""
    if isinstance(score.value, str):
        return properties_of(row).get(f"{WORD}{score.name}") == score.value
    return _numbers(row).get(score.name) == steps_of(score.value)


def steps_of(value: float) -> int:
    """A value in thousandths."""
    return round(value * STEPS)


def properties_with(given: Named, told: Named) -> dict[str, str]:
    """The properties to write: each word's, and for each rubric the one that tells all of its scores."""
    words = {f"{WORD}{name}": score.value for name, score in given.items() if isinstance(score.value, str)}
    rubrics: dict[str, dict[str, Any]] = {}
    groups = {_group_of(score) for score in given.values()}
    for name, score in sorted({**told, **given}.items()):
        if _group_of(score) in groups:
            rubrics.setdefault(_group_of(score), {})[name] = _fields(score)
    documents = {f"{DOCUMENT}{group}": _encoded(entries) for group, entries in rubrics.items()}
    return words | documents


def numbers_of(given: Named, told: Named, row: Row) -> dict[str, int]:
    """The scores to write, and with them those that were written before and are not shown yet.

    They may wait in the same batch, of which Helicone heeds only the last message on a request.
    """
    waiting = {name: score for name, score in told.items() if not is_shown(score, row)}
    numbers = {**waiting, **given}
    return {name: steps_of(score.value) for name, score in numbers.items() if not isinstance(score.value, str)}


def by_request(scores: Sequence[Score]) -> dict[str, dict[str, Score]]:
    """Scores by request and name; the last of a name counts."""
    grouped: dict[str, dict[str, Score]] = {}
    for score in scores:
        grouped.setdefault(score.trace_id, {})[score.name] = score
    return grouped


def _fields(score: Score) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": score.id, "value": score.value, "at": utc_iso(score.timestamp)}
    fields |= {"comment": score.comment} if score.comment else {}
    fields |= {"environment": score.environment} if score.environment != "default" else {}
    fields |= {"metadata": score.metadata} if score.metadata else {}
    return fields | ({"observation_id": score.observation_id} if score.observation_id else {})


def _score(name: str, entry: Any, request_id: str) -> Score | None:
    try:
        read = _Entry.model_validate_json(json.dumps(entry))
    except UNREADABLE:
        return None
    return Score(
        id=read.id,
        trace_id=request_id,
        observation_id=read.observation_id,
        name=name,
        value=read.value,
        comment=read.comment,
        environment=read.environment,
        timestamp=read.at,
        metadata=read.metadata,
    )


def _numbers(row: Row) -> dict[str, Any]:
    """Scores of a row: a number by name, or an object with the number, as the older route has it."""
    scores = row.get("scores")
    return {name: value.get("value") if isinstance(value, dict) else value for name, value in _items(scores)}


def _group_of(score: Score) -> str:
    return str(score.metadata.get("rubric") or score.name)


def _encoded(entries: Mapping[str, Any]) -> str:
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
