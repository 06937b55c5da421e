"""Reconcile: publish again whatever is open past its deadline.

The queue may lose a message: the Redis transport does when a worker dies between taking a message and
noting it. The ledger loses nothing. This is also the only way a failed try comes back: its deadline is its
backoff.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from assay.worker.flow.batching import chunks, group_messages
from assay.worker.ports.clock import Clock
from assay.worker.ports.deliveries import Deliveries
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.publish import Publish
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.reports import Report

FULL_QUEUE = 64
"""Messages waiting above this are reason enough to wait: what is overdue then is late, not lost."""
_AT_ONCE = 800
_RECORD_BATCH = 100


class ReconcileReport(Report):
    """What was published again."""

    assess: int = 0
    record: int = 0
    queue_is_full: bool = False


@dataclass(frozen=True)
class Reconciler:
    """Publishes what is overdue. `assess_queue` names the queue that must not be full."""

    ledger: Ledger
    deliveries: Deliveries
    publish: Publish
    clock: Clock
    ledger_deadline: timedelta
    assess_queue: str

    async def reconcile(self) -> ReconcileReport:
        """Publish again up to 800 overdue entries, unless the queue still holds plenty of work."""
        record = await self._overdue(LedgerState.JUDGED)
        await self.publish(_record_messages(record))
        if await self.deliveries.queue_depth(self.assess_queue) >= FULL_QUEUE:
            return ReconcileReport(record=len(record), queue_is_full=True)
        assess = await self._overdue(LedgerState.OPEN)
        await self.publish(_assess_messages(assess))
        return ReconcileReport(assess=len(assess), record=len(record))

    async def _overdue(self, state: LedgerState) -> Sequence[LedgerEntry]:
        now = self.clock.now()
        return await self.ledger.overdue([state], now=now, limit=_AT_ONCE, push_to=now + self.ledger_deadline)


def _assess_messages(entries: Sequence[LedgerEntry]) -> list[AssessMessage]:
    by_attempt: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        by_attempt[entry.attempts + 1].append(entry)
    return [
        message
        for attempt, group in by_attempt.items()
        for message in group_messages((entry.promise for entry in group), attempt=attempt)
    ]


def _record_messages(entries: Sequence[LedgerEntry]) -> list[RecordMessage]:
    by_rubric: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in entries:
        by_rubric[entry.promise.rubric, entry.promise.rubric_hash].append(entry.trace_id)
    return [
        RecordMessage(rubric=rubric, rubric_hash=digest, trace_ids=tuple(chunk))
        for (rubric, digest), ids in by_rubric.items()
        for chunk in chunks(ids, _RECORD_BATCH)
    ]
