"""Calls of one process that wait for leave: golden work first, then one call of each use case in turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import islice, zip_longest

from assay.worker.ports.call_limits import CallAsk, Leave

_NOT_ASKED = Leave(granted=False, wait_s=1.0)


@dataclass(eq=False)
class Waiter:
    """A call that waits.

    Attributes:
        ask: what it wants.
        use_case: whose turn it takes.
        deadline: until when it waits, by the loop's clock.
        probe_deadline: until when it waits behind an open breaker.
        refusal: why it waits, by the last answer.
        let_go: done when it may go; its result says whether it holds a lease.
    """

    ask: CallAsk
    use_case: str
    deadline: float
    probe_deadline: float
    let_go: asyncio.Future[bool] = field(repr=False)
    refusal: Leave = _NOT_ASKED

    @property
    def was_let_go(self) -> bool:
        """Whether it may go, or might have gone."""
        return self.let_go.done() and not self.let_go.cancelled() and self.let_go.exception() is None


class FairQueue:
    """The waiting calls to one model. A use case with many calls does not make the others wait."""

    def __init__(self) -> None:
        self._golden: deque[Waiter] = deque()
        self._by_use_case: OrderedDict[str, deque[Waiter]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._golden) + sum(map(len, self._by_use_case.values()))

    def push(self, waiter: Waiter) -> None:
        """Add a call."""
        if waiter.ask.golden:
            self._golden.append(waiter)
        else:
            self._by_use_case.setdefault(waiter.use_case, deque()).append(waiter)

    def ahead_of_new(self, use_case: str, *, is_golden: bool) -> int:
        """How many calls would be served before a new one."""
        if is_golden:
            return len(self._golden)
        own = len(self._by_use_case.get(use_case, ()))
        return len(self._golden) + sum(min(len(calls), own + 1) for calls in self._by_use_case.values())

    def first(self, count: int) -> list[Waiter]:
        """The calls that are served next."""
        turns = zip_longest(*self._by_use_case.values())
        traffic = (waiter for turn in turns for waiter in turn if waiter is not None)
        chosen = list(islice(self._golden, count))
        return chosen + list(islice(traffic, count - len(chosen)))

    def all(self) -> list[Waiter]:
        """Every call that waits."""
        return self.first(len(self))

    def remove(self, waiter: Waiter, *, was_served: bool = False) -> None:
        """Take a call out, if it is there. After being served its use case comes behind the others."""
        calls = self._golden if waiter.ask.golden else self._by_use_case.get(waiter.use_case, deque())
        if waiter not in calls:
            return
        calls.remove(waiter)
        if waiter.ask.golden:
            return
        if not calls:
            del self._by_use_case[waiter.use_case]
        elif was_served:
            self._by_use_case.move_to_end(waiter.use_case)
