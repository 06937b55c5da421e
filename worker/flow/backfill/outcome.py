"""What became of a time range: selected = scored + skipped + dead + in flight."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, computed_field

from assay.judges.schema import Record
from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.ledger import FINAL_STATES, LedgerState

LOOK_EVERY_S = 1.0
PATIENCE = timedelta(minutes=15)
"""A wait without any change ends after this. The longest back-off of a failed try is ten minutes."""

NO_WORKER_AFTER_S = 15.0
"""In seconds. After so long without any change it is asked whether a worker runs at all."""

End = Literal["done", "not_waited", "no_worker", "no_progress"]
"""Why a wait ended."""


class RangeOutcome(Record):
    """How the judgements of the traces of a range stand. Final entries are known for 14 days."""

    scored: int = 0
    skipped: dict[str, int] = Field(default_factory=dict, description="By reason.")
    dead: dict[str, int] = Field(default_factory=dict, description="By reason.")
    in_flight: dict[str, int] = Field(default_factory=dict, description="By ledger state.")

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def selected(self) -> int:
        """All of them."""
        return self.scored + sum(sum(part.values()) for part in (self.skipped, self.dead, self.in_flight))

    @property
    def open(self) -> int:
        """Judgements that have not come to an end."""
        return sum(self.in_flight.values())


async def read_outcome(ledger: LedgerReader, start: datetime, end: datetime, only: str | None = None) -> RangeOutcome:
    """How the judgements of traces that started in a range stand.

    Args:
        ledger: what was promised.
        start: the first moment of the range.
        end: the moment after its last.
        only: the one use case to count.

    Raises:
        StateUnavailable
    """
    scored = 0
    skipped, dead, in_flight = Counter[str](), Counter[str](), Counter[str]()
    last = end - timedelta(microseconds=1)
    async for entry in ledger.scan(start.date(), last.date()):
        if not start <= entry.promise.start < end or only not in (None, entry.promise.use_case):
            continue
        if entry.state not in FINAL_STATES:
            in_flight[entry.state] += 1
        elif entry.state is LedgerState.SCORED:
            scored += 1
        else:
            (dead if entry.state is LedgerState.DEAD else skipped)[entry.reason] += 1
    return RangeOutcome(scored=scored, skipped=dict(skipped), dead=dict(dead), in_flight=dict(in_flight))


async def wait_for_end(
    read: Callable[[], Awaitable[RangeOutcome]],
    has_workers: Callable[[], Awaitable[bool]],
    progress: Callable[[RangeOutcome], None] = lambda outcome: None,
) -> tuple[RangeOutcome, End]:
    """Wait until nothing is in flight, or nothing changes any more.

    Args:
        read: how the range stands.
        has_workers: whether a worker runs.
        progress: told after each look.

    Returns:
        How the range stands, and why the wait ended.
    """
    loop = asyncio.get_running_loop()
    last: RangeOutcome | None = None
    changed_at = asked_at = loop.time()
    while True:
        began = loop.time()
        outcome = await read()
        progress(outcome)
        if not outcome.open:
            return outcome, "done"
        now = loop.time()
        if outcome != last:
            last, changed_at, asked_at = outcome, now, now
        elif now - changed_at >= PATIENCE.total_seconds():
            return outcome, "no_progress"
        elif now - asked_at >= NO_WORKER_AFTER_S:
            if not await has_workers():
                return outcome, "no_worker"
            asked_at = now
        # A large range takes long to count: the fleet has better things to do.
        await asyncio.sleep(max(LOOK_EVERY_S, 4 * (now - began)))
