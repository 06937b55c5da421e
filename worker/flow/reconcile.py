"""Reconcile: publish again what is judged and whose scores were not posted by their deadline.

The queue may lose a message: the Redis transport does when a worker dies between taking a message and noting it. The
ledger loses nothing. What is to be judged again comes back through the backlog (`assay.worker.flow.release`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from assay.worker.flow.batching import chunks, only_store
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.publish import Publish
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.records.messages import RecordMessage
from assay.worker.records.reports import Report

_AT_ONCE = 800
_RECORD_BATCH = 100


class ReconcileReport(Report):
    """How many judged traces were published again for their scores to be posted."""

    record: int = 0


@dataclass(frozen=True)
class Reconciler:
    """Publishes what is overdue. `store_of` tells a trace's store: no message is about two."""

    ledger: Ledger
    publish: Publish
    clock: Clock
    ledger_deadline: timedelta
    store_of: Callable[[str], str] = only_store

    async def reconcile(self) -> ReconcileReport:
        """Publish again up to 800 overdue entries.

        Raises:
            StateUnavailable
        """
        now = self.clock.now()
        push_to = now + self.ledger_deadline
        late = await self.ledger.overdue([LedgerState.JUDGED], now=now, limit=_AT_ONCE, push_to=push_to)
        await self.publish(_record_messages(late, self.store_of))
        return ReconcileReport(record=len(late))


def _record_messages(entries: Sequence[LedgerEntry], store_of: Callable[[str], str]) -> list[RecordMessage]:
    by_rubric: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for entry in entries:
        store = store_of(entry.trace_id)
        by_rubric[entry.promise.rubric, entry.promise.rubric_hash, store].append(entry.trace_id)
    return [
        RecordMessage(rubric=rubric, rubric_hash=digest, trace_ids=tuple(chunk))
        for (rubric, digest, _), ids in by_rubric.items()
        for chunk in chunks(ids, _RECORD_BATCH)
    ]
