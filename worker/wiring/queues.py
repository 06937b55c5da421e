"""The names of the fleet's queues."""

from __future__ import annotations

ASSESS_QUEUE = "assess"
CONTROL_QUEUE = "control"
GOLDEN_QUEUE = "golden"
