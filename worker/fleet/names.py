"""The names of the fleet's tasks. A message that names another is none of ours."""

from __future__ import annotations

from assay.worker.wiring.queues import TICKS

TASKS = frozenset(f"assay.{name}" for name in (*TICKS, "assess", "record", "golden_run", "golden_judge"))
"""All tasks."""
