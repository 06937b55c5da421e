"""Which answers people were asked to review, and what they said, in SQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from assay.worker.history.connection import Connection
from assay.worker.history.fetching import fetched
from assay.worker.history.table import REVIEWS
from assay.worker.ports.review_record import MOST_REVIEWS, AskedReview, ReviewLabel
from assay.worker.ports.reviews import ReviewDesign
from assay.worker.records.history import HistoryQuery, microseconds, moment_of
from assay.worker.records.storable import storable_text

_DESIGN = tuple(ReviewDesign.model_fields)
_TEXTS = ("store", "project", "trace_id", "observation_id", "rubric", "use_case", "queue")
_MOMENTS = ("asked_at", "reviewed_at", "started_at")
_COLUMNS = (*(name for name in AskedReview.model_fields if name != "design"), *_DESIGN)


class SqlReviewRecord:
    """`assay.worker.ports.review_record.ReviewRecord` in the table beside the rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note_asked(self, reviews: Sequence[AskedReview]) -> None:
        """Keep that people were asked. Of one key the first stays, and its label."""
        rows = {row["review_key"]: row for row in map(_parameters, reversed(reviews))}
        if rows:
            # In the order of their keys, so that writers that lock rows never wait for each other in a circle.
            values = [rows[key] for key in sorted(rows)]
            await self._connection.write(lambda opened: opened.execute(_insert(opened.dialect.name), values))

    async def note_labels(self, labels: Sequence[ReviewLabel]) -> None:
        """Keep what people say, in the place of what they said before."""
        values = [_said(label) for label in labels]
        if values:
            await self._connection.write(lambda opened: opened.execute(_LABEL, values))

    async def asked(self, query: HistoryQuery) -> Sequence[AskedReview]:
        """Those of traces that started in a period, in the order of their start."""
        known = REVIEWS.c
        latest = select(*(known[name] for name in _COLUMNS)).where(
            known.started_at >= microseconds(query.since), known.started_at < microseconds(query.until)
        )
        for column, wanted in ((known.use_case, query.use_cases), (known.rubric, query.rubrics)):
            if wanted:
                latest = latest.where(column.in_([storable_text(name) for name in wanted]))
        order = (known.started_at.desc(), known.review_key.desc())
        rows = await fetched(self._connection, latest.order_by(*order).limit(MOST_REVIEWS))
        return [_review(row) for row in reversed(rows)]


def remove_reviews(connection: sqlalchemy.Connection, before: int, limit: int) -> None:
    """Remove the oldest of traces that started before a moment."""
    known = REVIEWS.c
    oldest = select(known.review_key).where(known.started_at < before).order_by(known.started_at).limit(limit)
    connection.execute(delete(REVIEWS).where(known.review_key.in_(oldest)))


_LABEL = (
    update(REVIEWS)
    .where(
        REVIEWS.c.trace_id == bindparam("of_trace"),
        REVIEWS.c.observation_id == bindparam("of_observation"),
        REVIEWS.c.queue == bindparam("of_queue"),
    )
    .values(label=bindparam("new_label"), reviewed_at=bindparam("new_moment"))
)


def _parameters(review: AskedReview) -> dict[str, Any]:
    design = review.design
    texts = {name: storable_text(getattr(review, name)) for name in _TEXTS}
    return {
        "review_key": hashlib.sha256(json.dumps(review.key).encode("ascii")).digest()[:16],
        **texts,
        "review_pi": design.review_pi,
        "pi": design.pi,
        "risk": design.risk,
        "revision": storable_text(design.revision),
        "started_at": microseconds(design.started_at),
        "asked_at": microseconds(review.asked_at),
        "label": review.label,
        "reviewed_at": None if review.reviewed_at is None else microseconds(review.reviewed_at),
    }


def _said(label: ReviewLabel) -> dict[str, Any]:
    return {
        "of_trace": storable_text(label.trace_id),
        "of_observation": storable_text(label.observation_id),
        "of_queue": storable_text(label.queue),
        "new_label": label.label,
        "new_moment": None if label.at is None else microseconds(label.at),
    }


def _review(row: Sequence[Any]) -> AskedReview:
    fields = dict(zip(_COLUMNS, row, strict=True))
    known = {name: moment_of(fields[name]) for name in _MOMENTS if fields[name] is not None}
    fields |= known
    design = {name: fields.pop(name) for name in _DESIGN}
    return AskedReview.model_validate({**fields, "design": design})


def _insert(dialect: str) -> sqlalchemy.Executable:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(REVIEWS)
    return insert.on_conflict_do_nothing(index_elements=[REVIEWS.c.review_key])
