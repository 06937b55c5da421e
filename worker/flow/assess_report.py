"""What became of the traces of one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.records.ledger import LedgerState, Transition
from assay.worker.records.reports import Report

_FOR_ACCESS = "held_access"
"""Why an entry waits until a person mends key, account or model, e.g. `held_access` in `assay why`."""

_BATCHED = "held_batch"
"""Why an entry waits whose answer comes with a batch, e.g. `held_batch` in `assay why`."""


class Hold(Record):
    """What an entry waits for, until when, and why, where a person has to act."""

    reason: str
    until: AwareDatetime
    why: str = ""


class AssessReport(Report):
    """How many traces of one message ended where. `holds` has a line for each that is held.

    `batched` are those that wait for a provider's batch: they hold back nobody.
    """

    judged: int = 0
    skipped: int = 0
    retried: int = 0
    held: int = 0
    batched: int = 0
    parked: int = 0
    not_ours: int = 0
    holds: tuple[Hold, ...] = Field(default=(), exclude=True)

    @classmethod
    def of(cls, applied: Sequence[Transition], asked: int) -> AssessReport:
        """What became of a message of so many traces."""
        states = [transition.state for transition in applied]
        batched = sum(t.held and t.reason == _BATCHED for t in applied)
        holds = tuple(_hold(t, t.due) for t in applied if t.held and t.due and t.reason != _BATCHED)
        return cls(
            judged=states.count(LedgerState.JUDGED),
            skipped=states.count(LedgerState.SKIPPED),
            retried=states.count(LedgerState.OPEN) - len(holds) - batched,
            held=len(holds),
            batched=batched,
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
    def why(self) -> str:
        """Cause and remedy of what most of the held ones wait for, where a person has to act."""
        return next((hold.why for hold in self.holds if hold.why and hold.reason == f"held_{self.hold}"), "")

    @property
    def held_until(self) -> datetime | None:
        """When the first of the held ones may be tried again."""
        return min((hold.until for hold in self.holds), default=None)


def _hold(transition: Transition, due: datetime) -> Hold:
    """The line of an entry that is held."""
    return Hold(reason=transition.reason, until=due, why=transition.detail if transition.reason == _FOR_ACCESS else "")
