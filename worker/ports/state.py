"""What all workers share: a bundle of small ports, and the error that each of them may raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from assay.judges.errors import EvaluationError
from assay.worker.ports.backlog import Backlog
from assay.worker.ports.batch_jobs import BatchJobs
from assay.worker.ports.call_limits import CallAccount, CallAccountReader
from assay.worker.ports.clock import SharedClock
from assay.worker.ports.copies import Copies
from assay.worker.ports.dead_letters import DeadLetters
from assay.worker.ports.deliveries import Deliveries
from assay.worker.ports.documents import Documents
from assay.worker.ports.ended_entries import EndedEntries
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.ledger import Ledger, LedgerReader, Reopening
from assay.worker.ports.limits import RateLimits
from assay.worker.ports.locks import Locks
from assay.worker.ports.pulse import FleetPulse
from assay.worker.ports.request_forms import RequestForms
from assay.worker.ports.review_list import ReviewList
from assay.worker.ports.server_facts import StateServer
from assay.worker.ports.spend import UnscoredSpending
from assay.worker.ports.suspects import Suspects
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.ports.waking import Waking
from assay.worker.ports.windows import WindowsOfStores


class StateUnavailable(EvaluationError):
    """Redis cannot be reached or did not answer in time. The message names the address and the remedy."""


class StateBusy(StateUnavailable):
    """This process asks the state for more at once than its own connections carry. The server is well."""


class Connection(Protocol):
    """The connection that the ports of a state share."""

    async def ping(self) -> None:
        """Return if the state answers.

        Raises:
            StateUnavailable
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True)
class FleetState:
    """The ports on one shared state: Redis in the fleet, memory within one process.

    Only wiring holds the bundle. A use case takes the ports that it uses.
    """

    ledger: Ledger
    ledger_reader: LedgerReader
    dead_letters: DeadLetters
    server: StateServer
    reopening: Reopening
    ended: EndedEntries
    backlog: Backlog
    windows: WindowsOfStores
    verdicts: VerdictCache
    key_values: KeyValues
    documents: Documents
    locks: Locks
    deliveries: Deliveries
    spend: UnscoredSpending
    limits: RateLimits
    calls: CallAccount
    call_reader: CallAccountReader
    reviews: ReviewList
    copies: Copies
    pulse: FleetPulse
    suspects: Suspects
    waking: Waking
    batch_jobs: BatchJobs
    request_forms: RequestForms
    clock: SharedClock
    connection: Connection

    async def ping(self) -> None:
        """Return if the state answers.

        Raises:
            StateUnavailable
        """
        await self.connection.ping()

    async def close(self) -> None:
        """Release connections."""
        await self.connection.close()
