"""The record's first format: a row per promise that ended, and what is true of the database as a whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v001"
down_revision = None


_COLUMNS = (
    sa.Column("row_key", sa.LargeBinary, primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("observation_id", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text, nullable=True),
    sa.Column("rubric", sa.Text, nullable=False),
    sa.Column("rubric_hash", sa.Text, nullable=False),
    sa.Column("calibration_hash", sa.Text, nullable=True),
    sa.Column("use_case", sa.Text, nullable=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("pi", sa.Double, nullable=False),
    sa.Column("stratum", sa.Text, nullable=False),
    sa.Column("sample", sa.Text, nullable=False),
    sa.Column("pi2", sa.Double, nullable=True),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger, nullable=True),
    sa.Column("selected_at", sa.BigInteger, nullable=False),
    sa.Column("trace_name", sa.Text, nullable=True),
    sa.Column("environment", sa.Text, nullable=True),
    sa.Column("release", sa.Text, nullable=True),
    sa.Column("version", sa.Text, nullable=True),
    sa.Column("level", sa.Text, nullable=True),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("prompt_name", sa.Text, nullable=True),
    sa.Column("prompt_version", sa.Text, nullable=True),
    sa.Column("model_asked", sa.Text, nullable=True),
    sa.Column("model_served", sa.Text, nullable=True),
    sa.Column("provider", sa.Text, nullable=True),
    sa.Column("finish_reason", sa.Text, nullable=True),
    sa.Column("duration_s", sa.Double, nullable=True),
    sa.Column("first_token_s", sa.Double, nullable=True),
    sa.Column("input_tokens", sa.BigInteger, nullable=True),
    sa.Column("cached_tokens", sa.BigInteger, nullable=True),
    sa.Column("output_tokens", sa.BigInteger, nullable=True),
    sa.Column("reasoning_tokens", sa.BigInteger, nullable=True),
    sa.Column("cost_usd", sa.Double, nullable=True),
    sa.Column("cost_from", sa.Text, nullable=True),
    sa.Column("model_calls", sa.BigInteger, nullable=True),
    sa.Column("passages", sa.BigInteger, nullable=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Text, nullable=True),
    sa.Column("judge", sa.Text, nullable=True),
    sa.Column("tier", sa.Text, nullable=True),
    sa.Column("judge_model", sa.Text, nullable=True),
    sa.Column("risk", sa.Double, nullable=True),
    sa.Column("faithfulness", sa.Double, nullable=True),
    sa.Column("groundedness", sa.Double, nullable=True),
    sa.Column("scores", sa.Text, nullable=False),
    sa.Column("flagged_kind", sa.Text, nullable=True),
    sa.Column("rule_hits", sa.Text, nullable=False),
    sa.Column("worst", sa.Text, nullable=True),
    sa.Column("sample_hash", sa.Text, nullable=True),
    sa.Column("calibrated", sa.Boolean, nullable=True),
    sa.Column("degraded", sa.Boolean, nullable=False),
    sa.Column("needs_review", sa.Boolean, nullable=False),
    sa.Column("judge_calls", sa.BigInteger, nullable=True),
    sa.Column("judge_input_tokens", sa.BigInteger, nullable=True),
    sa.Column("judge_output_tokens", sa.BigInteger, nullable=True),
    sa.Column("judge_cost_usd", sa.Double, nullable=True),
    sa.Column("screening", sa.Text, nullable=True),
    sa.Column("unanswered", sa.Text, nullable=True),
    sa.Column("from_store", sa.Boolean, nullable=False),
)
"""Identity, design, facts and verdict, in the order of `HistoryRow`."""


def upgrade() -> None:
    """Make the tables."""
    op.create_table("history", *_COLUMNS)
    op.create_index("history_by_trace", "history", ["trace_id"])
    op.create_index("history_by_start", "history", ["started_at", "trace_id", "rubric"])
    op.create_index("history_by_use_case", "history", ["use_case", "started_at", "trace_id", "rubric"])
    op.create_table(
        "history_meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
