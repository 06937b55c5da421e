"""The fleet's state in the memory of one process, a file a port: for tests and notebooks."""

from __future__ import annotations

from assay.worker.ports.clock import OwnClock
from assay.worker.ports.state import FleetState
from assay.worker.state.memory.backlog import MemoryBacklog
from assay.worker.state.memory.batch_jobs import MemoryBatchJobs
from assay.worker.state.memory.call_account import MemoryCallAccount
from assay.worker.state.memory.copies import MemoryCopies
from assay.worker.state.memory.dead_letters import MemoryDeadLetters
from assay.worker.state.memory.deliveries import MemoryDeliveries
from assay.worker.state.memory.documents import MemoryDocuments
from assay.worker.state.memory.ended_entries import MemoryEndedEntries
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.ledger import MemoryLedger
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.state.memory.locks import MemoryLocks
from assay.worker.state.memory.pulse import MemoryPulse
from assay.worker.state.memory.request_forms import MemoryRequestForms
from assay.worker.state.memory.review_list import MemoryReviewList
from assay.worker.state.memory.server_facts import NoServer
from assay.worker.state.memory.spend import MemoryUnscoredSpending
from assay.worker.state.memory.windows import MemoryWindows


class _NoConnection:
    """There is no server to reach."""

    async def ping(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to release."""


def memory_state() -> FleetState:
    """A fresh state without a server. Nothing survives the process."""
    ledger, key_values, clock = MemoryLedger(), MemoryKeyValues(), OwnClock()
    calls = MemoryCallAccount()
    return FleetState(
        ledger=ledger,
        ledger_reader=ledger,
        dead_letters=MemoryDeadLetters(ledger),
        server=NoServer(),
        reopening=ledger,
        ended=MemoryEndedEntries(ledger),
        backlog=MemoryBacklog(ledger),
        windows=MemoryWindows(),
        verdicts=key_values,
        key_values=key_values,
        documents=MemoryDocuments(),
        locks=MemoryLocks(),
        deliveries=MemoryDeliveries(ledger, clock),
        spend=MemoryUnscoredSpending(),
        limits=MemoryLimits(),
        calls=calls,
        call_reader=calls,
        reviews=MemoryReviewList(),
        copies=MemoryCopies(),
        pulse=MemoryPulse(),
        suspects=ledger,
        waking=ledger,
        batch_jobs=MemoryBatchJobs(),
        request_forms=MemoryRequestForms(),
        clock=clock,
        connection=_NoConnection(),
    )
