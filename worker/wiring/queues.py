"""The names of the fleet's queues, and of what beat asks for again and again."""

from __future__ import annotations

ASSESS_QUEUE = "assess"
CONTROL_QUEUE = "control"
GOLDEN_QUEUE = "golden"

TICKS = (
    *("sweep", "reconcile", "verify", "golden_tick", "review", "release", "batches", "history"),
    *("signals", "alerts", "drift", "digest", "copies"),
)
"""Each has a setting NAME_every_s."""
