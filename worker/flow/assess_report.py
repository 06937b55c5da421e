"""What became of the traces of one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.records.ledger import LedgerState, Transition
from assay.worker.records.reports import Report


class Hold(Record):
    """What an entry waits for, and until when."""

    reason: str
    until: AwareDatetime


class AssessReport(Report):
    """How many traces of one message ended where. `holds` has a line for each that is held."""

    judged: int = 0
    skipped: int = 0
    retried: int = 0
    held: int = 0
    parked: int = 0
    not_ours: int = 0
    holds: tuple[Hold, ...] = Field(default=(), exclude=True)

    @classmethod
    def of(cls, applied: Sequence[Transition], asked: int) -> AssessReport:
        """What became of a message of so many traces."""
        states = [transition.state for transition in applied]
        holds = tuple(Hold(reason=t.reason, until=t.due) for t in applied if t.held and t.due)
        return cls(
            judged=states.count(LedgerState.JUDGED),
            skipped=states.count(LedgerState.SKIPPED),
            retried=states.count(LedgerState.OPEN) - len(holds),
            held=len(holds),
            parked=states.count(LedgerState.DEAD),
            not_ours=asked - len(states),
            holds=holds,
        )

    @property
    def hold(self) -> str:
        """What most of the held ones wait for: `limit`, `budget`, `breaker`, `state` … Empty where none is held."""
        reasons = Counter(hold.reason.removeprefix("held_") for hold in self.holds)
        return max(reasons, key=lambda reason: reasons[reason], default="")

    @property
    def held_until(self) -> datetime | None:
        """When the first of the held ones may be tried again."""
        return min((hold.until for hold in self.holds), default=None)
