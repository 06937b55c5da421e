"""The tables of the record. Columns of rows are the fields of `HistoryRow`, in their order, behind key and numbers.

What reports read is in front: SQLite walks over every column before the one that it is asked for.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from assay.worker.records.history import HistoryRow
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind

_TYPES: dict[ColumnKind, type[TypeEngine[Any]]] = {
    "text": Text,
    "integer": BigInteger,
    "number": Double,
    "truth": Boolean,
    "moment": BigInteger,
    "texts": Text,
    "json": Text,
}
"""Moments are whole microseconds since 1970 in UTC, JSON is text: both databases hold and order them alike."""

METADATA = MetaData()

HISTORY = Table(
    "history",
    METADATA,
    Column("row_key", LargeBinary, primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    *(
        Column(name, _TYPES[COLUMN_KINDS[name]], nullable=not field.is_required() and field.default is None)
        for name, field in HistoryRow.model_fields.items()
    ),
    # A month of everything, and pruning. A month of one use case. All rows of a trace. The first two give the rows in
    # the order in which they are read, so that nothing is sorted.
    Index("history_by_start", "started_at", "trace_id", "rubric"),
    Index("history_by_use_case", "use_case", "started_at", "trace_id", "rubric"),
    Index("history_by_trace", "trace_id"),
)

OPINIONS = Table(
    "history_opinions",
    METADATA,
    Column("opinion_key", LargeBinary, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("store", "project", "trace_id", "name", "use_case")),
    Column("is_complaint", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    # What was said of a trace, and pruning.
    Index("history_opinions_by_trace", "trace_id"),
    Index("history_opinions_by_time", "at"),
)
"""The fields of `UserOpinion`, behind a hash of what makes two the same. A complaint stays a truth value, no text."""

REVIEWS = Table(
    "history_reviews",
    METADATA,
    Column("review_key", LargeBinary, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("store", "project", "trace_id", "observation_id", "rubric")),
    *(Column(name, Text, nullable=False) for name in ("use_case", "queue")),
    Column("review_pi", Double, nullable=False),
    Column("pi", Double, nullable=False),
    Column("risk", Double, nullable=True),
    Column("revision", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("label", BigInteger, nullable=True),
    Column("reviewed_at", BigInteger, nullable=True),
    # What people said of a trace. Reports, and pruning.
    Index("history_reviews_by_trace", "trace_id"),
    Index("history_reviews_by_start", "started_at"),
)
"""The fields of `AskedReview` and its design, behind a hash of what makes two the same. No word that people wrote."""

DOCUMENTS = Table(
    "history_documents",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("content", Text, nullable=False),
    Index("history_documents_by_time", "kind", "at"),
)
"""The fields of `RecordDocument`."""

META = Table("history_meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
"""What is true of the database as a whole: `identity`, and `made_at`."""
