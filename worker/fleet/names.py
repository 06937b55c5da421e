"""The names of the fleet's tasks. A message that names another is none of ours."""

from __future__ import annotations

TICKS = (
    *("sweep", "reconcile", "verify", "golden_tick", "review", "release", "batches", "history"),
    *("signals", "alerts", "drift", "digest"),
)
"""What beat asks for again and again."""

TASKS = frozenset(f"assay.{name}" for name in (*TICKS, "assess", "record", "golden_run", "golden_judge"))
"""All tasks."""
