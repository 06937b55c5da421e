"""Publishing messages to the queues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from assay.worker.records.messages import AssessMessage, GoldenJudgeMessage, GoldenRunMessage, RecordMessage

Publish = Callable[[Sequence[AssessMessage | RecordMessage]], Awaitable[None]]
"""Hands messages to the queue they belong to. Losing one is harmless: the ledger remembers the work, and
the reconciler publishes it again."""

PublishGolden = Callable[[Sequence[GoldenRunMessage | GoldenJudgeMessage]], Awaitable[None]]
"""The same for golden runs. What such a message asks for lies in the state, so it can be published again."""
