"""Release: from the backlog to the queue, a short stretch of work at a time, in turns that are fair between use cases.

The queue is first come, first served. So it holds little: what is selected waits in the backlog, and follows as work is
done. A worker that has ended a message asks for the next ones, and a tick of the control worker does so too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.batching import group_messages
from assay.worker.ports.backlog import (
    BACKFILL,
    BACKFILL_WEIGHT,
    Asking,
    Backlog,
    Finished,
    Hold,
    Lane,
    Waiting,
    Worker,
)
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.publish import Publish
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.ledger import LedgerState, Promise
from assay.worker.records.messages import AssessMessage
from assay.worker.records.reports import Report

if TYPE_CHECKING:
    from assay.worker.flow.assess_report import AssessReport

_AT_ONCE = 800
"""Most entries that come back in one tick: about 50 messages, so that one script stays well under 100 ms."""


class ReleaseReport(Report):
    """What one tick did: entries that came back into the backlog, and messages that were published."""

    again: int = 0
    messages: int = 0


@dataclass(frozen=True)
class Releaser:
    """Publishes what the backlog hands out. `queue` is the one that assess workers take from."""

    backlog: Backlog
    ledger: Ledger
    publish: Publish
    clock: Clock
    ledger_deadline: timedelta
    queue: str
    weights: Mapping[str, float]

    async def tick(self) -> ReleaseReport:
        """Take back what is overdue (lost, tried again, held), then publish what fits into the room.

        Raises:
            StateUnavailable
        """
        now = self.clock.now()
        push_to = now + self.ledger_deadline
        late = await self.ledger.overdue([LedgerState.OPEN], now=now, limit=_AT_ONCE, push_to=push_to)
        await self.backlog.enter([entry.promise for entry in late], now=now, is_again=True)
        return ReleaseReport(again=len(late), messages=await self.top_up())

    async def top_up(self) -> int:
        """Publish what fits into the room. Returns the number of messages.

        Raises:
            StateUnavailable
        """
        asking, messages, more = self._asking(), 0, True
        while more:
            slices = await self.backlog.release(asking)
            messages += await self._publish(slices)
            more = len(slices) == asking.most
        return messages

    async def after(self, message: AssessMessage, report: AssessReport, *, worker: str, slots: int) -> None:
        """Tell what became of a message, and publish what may follow it. An outage is left to the next tick.

        Args:
            message: what was worked on.
            report: what it came to.
            worker: the process.
            slots: how many messages it holds at once.
        """
        finished = Finished(
            message.use_case,
            message.rubric,
            ended=report.judged + report.skipped + report.parked + report.batched,
            held=report.held,
            hold=next((hold for hold in get_args(Hold) if hold == report.hold), "state"),
            held_until=report.held_until,
            why=report.why,
        )
        asking = replace(self._asking(), worker=Worker(worker, slots), finished=finished)
        with suppress(StateUnavailable):
            await self._publish(await self.backlog.release(asking))

    def _asking(self) -> Asking:
        now = self.clock.now()
        return Asking(now=now, due=now + self.ledger_deadline, queue=self.queue, weights=self.weights)

    async def _publish(self, slices: Sequence[Sequence[Waiting]]) -> int:
        messages = [message for each in slices for message in _messages(each)]
        try:
            await self.publish(messages)
        except StateUnavailable:
            with suppress(StateUnavailable):  # else it comes back by its deadline
                back = [waiting.promise for each in slices for waiting in each]
                await self.backlog.enter(back, now=self.clock.now(), is_again=True)
            raise
        return len(messages)


def _messages(waiting: Sequence[Waiting]) -> list[AssessMessage]:
    by_attempt: dict[int, list[Promise]] = defaultdict(list)
    for each in waiting:
        by_attempt[each.attempts + 1].append(each.promise)
    return [message for attempt, group in by_attempt.items() for message in group_messages(group, attempt=attempt)]


def weights_of(deployment: Deployment) -> dict[str, float]:
    """The weights of turns that are not 1."""
    own = {case.name: case.weight for case in deployment.use_cases if case.weight != 1.0}
    return {**own, BACKFILL: BACKFILL_WEIGHT}


class BacklogView(Record):
    """What waits for its release."""

    lanes: tuple[Lane, ...] = ()

    @property
    def waiting(self) -> int:
        """Judgements that wait."""
        return sum(lane.waiting for lane in self.lanes)


async def read_backlog(backlog: Backlog, clock: Clock) -> BacklogView:
    """What waits for its release, the longest first.

    Raises:
        StateUnavailable
    """
    lanes = await backlog.lanes(clock.now())
    return BacklogView(lanes=tuple(sorted(lanes, key=lambda lane: (-lane.waiting, lane.turn, lane.rubric))))
