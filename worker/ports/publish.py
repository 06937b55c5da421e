"""Publishing messages to the queues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from assay.worker.records.messages import AssessMessage, GoldenJudgeMessage, GoldenRunMessage, RecordMessage

Publish = Callable[[Sequence[AssessMessage | RecordMessage]], Awaitable[None]]
"""Rings the doorbell: hands messages to the queue they belong to. Losing one is harmless, the ledger remembers."""

PublishGolden = Callable[[Sequence[GoldenRunMessage | GoldenJudgeMessage]], Awaitable[None]]
"""The same for golden runs. What such a message asks for lies in the state as well."""
