"""The record's third format: how likely a sampler before the trace store kept a trace, and what people said of answers.

A column is added at the end and may be unknown, so neither database rewrites a row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v003"
down_revision = "v002"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("history", sa.Column("upstream_pi", sa.Double, nullable=True))
    op.create_table(
        "history_reviews",
        sa.Column("review_key", sa.LargeBinary, primary_key=True),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("observation_id", sa.Text, nullable=False),
        sa.Column("rubric", sa.Text, nullable=False),
        sa.Column("use_case", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("review_pi", sa.Double, nullable=False),
        sa.Column("pi", sa.Double, nullable=False),
        sa.Column("risk", sa.Double, nullable=True),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("label", sa.BigInteger, nullable=True),
        sa.Column("reviewed_at", sa.BigInteger, nullable=True),
    )
    op.create_index("history_reviews_by_trace", "history_reviews", ["trace_id"])
    op.create_index("history_reviews_by_start", "history_reviews", ["started_at"])
