"""The record's second format: what a trace tells besides, what users said of it, and documents beside the rows.

Columns are added at the end and may be unknown, so neither database rewrites a row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v002"
down_revision = "v001"

_COLUMNS = (
    ("question_chars", sa.BigInteger),
    ("answer_chars", sa.BigInteger),
    ("question_language", sa.Text),
    ("answer_language", sa.Text),
    ("question_vector", sa.Text),
    ("answer_vector", sa.Text),
    ("vectors_from", sa.Text),
    ("feature", sa.Text),
    ("user_tier", sa.Text),
)
"""Facts, in the order of `HistoryRow`."""


def upgrade() -> None:
    """Add the columns and the tables."""
    for name, kind in _COLUMNS:
        op.add_column("history", sa.Column(name, kind, nullable=True))
    op.create_table(
        "history_opinions",
        sa.Column("opinion_key", sa.LargeBinary, primary_key=True),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("use_case", sa.Text, nullable=False),
        sa.Column("is_complaint", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("history_opinions_by_trace", "history_opinions", ["trace_id"])
    op.create_index("history_opinions_by_time", "history_opinions", ["at"])
    op.create_table(
        "history_documents",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("history_documents_by_time", "history_documents", ["kind", "at"])
