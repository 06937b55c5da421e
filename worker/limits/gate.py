"""The way of this process to one endpoint: its own bound of calls at once, and the account that all processes share."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace

from assay.judges.errors import CallHeld
from assay.judges.models.call_context import call_context
from assay.judges.schema import HoldReason
from assay.worker.limits.fair_queue import FairQueue, Waiter
from assay.worker.limits.line import LONGEST_SLEEP_S
from assay.worker.limits.own_breaker import FAILURES, OwnBreaker
from assay.worker.limits.patience import Patience
from assay.worker.limits.recent_calls import RecentCalls
from assay.worker.ports.call_limits import CallAccount, CallAsk, CallEnd, Leave, Report

MOST_ASKED = 8
"""Calls to one model in one exchange: the next ones of a process go when others had their turn."""

MOST_TOLD = 200
"""Ended calls in one exchange."""

LONGEST_HOLD_S = 600.0
"""After how long work that is held looks again at the latest: somebody may have raised a limit or a budget by then."""

TELL_S = 2.0
"""How long the end of a call waits until the account has taken it, in seconds. It is told later, then."""


@dataclass(frozen=True)
class Place:
    """Where a gate stands.

    Attributes:
        endpoint: as limits in assay.yaml call it.
        process: this process, by a name no other has.
        slots: calls at once, of this process.
        patience: how long calls wait.
        lease_s: how long a lease holds, in seconds: longer than any call.
    """

    endpoint: str
    process: str
    slots: int
    patience: Patience
    lease_s: float


class Gate:
    """Lets the calls of one process to one endpoint go, those of all its evaluators and models.

    Where no limit, no budget and no trouble is in force, the account is not asked.

    A process whose own calls all fail is held by a breaker of its own, though others are answered.
    """

    def __init__(self, place: Place, account: CallAccount) -> None:
        """Open, with nothing under way."""
        self._place = place
        self._account = account
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way = 0
        self._asked = 0
        self._is_watched = False
        self._again_s = 0.0
        self._queues: dict[str, FairQueue] = {}
        self._ends: list[tuple[CallEnd, asyncio.Future[None] | None]] = []
        self._talk: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._refused: dict[str, tuple[Leave, float, float]] = {}
        self._recent = RecentCalls()
        self._own = OwnBreaker(place.endpoint)

    async def enter(self, ask: CallAsk) -> bool:
        """Wait for leave. Whether the call holds a lease that is to be ended.

        Raises:
            CallHeld: it takes longer than it is worth waiting here.
        """
        self._use_running_loop()
        if not self._own.is_open:
            return await self._enter(ask)
        await self._wait_for_own_probe()
        self._own.begin_probe(self._now(), self._place.lease_s)
        try:
            return await self._enter(ask)
        except BaseException as exc:
            self._own.abandon_probe(self._now(), exc)
            raise

    async def _wait_for_own_probe(self) -> None:
        deadline = self._deadlines()[1]
        while (wait_s := self._own.wait_s(self._now())) > 0:
            if self._now() + wait_s > deadline:
                raise self._held("breaker", wait_s)
            await asyncio.sleep(wait_s)

    async def _enter(self, ask: CallAsk) -> bool:
        waits = any(self._queues.values())
        if not waits and self._under_way + self._asked < self._place.slots and not self._is_counted(ask):
            self._under_way += 1
            self._recent.began(self._now())
            return False
        waiter = self._waiter(ask)
        queue = self._queues.setdefault(ask.model, FairQueue())
        self._check_worth_waiting(queue, waiter)
        queue.push(waiter)
        self._serve(wake=ask.golden or ask.model not in self._refused)
        try:
            async with asyncio.timeout_at(waiter.deadline):
                return await waiter.let_go
        except TimeoutError:
            if waiter.was_let_go:  # in the same moment
                return waiter.let_go.result()
            leave = waiter.refusal
            raise self._held(leave.reason, max(1.0, leave.wait_s), leave.budget) from None
        except asyncio.CancelledError:
            if waiter.was_let_go:
                self._give_back(ask, has_lease=waiter.let_go.result())
            raise
        finally:
            queue.remove(waiter)

    def _give_back(self, ask: CallAsk, *, has_lease: bool) -> None:
        """A call that was let go will not be made."""
        self._under_way -= 1
        if has_lease:
            self._tell(CallEnd("unused", ask.lease), awaited=False)
        self._serve(wake=True)

    async def leave(self, end: CallEnd) -> None:
        """A call that was let go ended. Returns when the account knows, or soon after."""
        self._use_running_loop()
        if end.kind == "denied" and not self._place.patience.waits_for_key:
            end = replace(end, kind="rejected")
        self._under_way = max(0, self._under_way - 1)
        if self._own.hear(end.kind, self._now()):
            for queue in self._queues.values():
                self._put_off_all(queue, Leave(False, "breaker", self._own.wait_s(self._now())))
        # While failures are counted every answer is told, too, in its order: it ends their run.
        is_trouble = end.kind in {*FAILURES, "refused", "cancelled"}
        is_told = bool(end.lease) or is_trouble or self._is_watched
        if is_told:
            told = self._tell(end, awaited=bool(end.lease) and end.kind != "cancelled")
        else:
            self._recent.answered(self._now())
            told = None
        self._serve(wake=True)
        if told is not None:
            await asyncio.wait([told], timeout=TELL_S)

    def held(self) -> CallHeld | None:
        """What to tell work whose call failed where all do; None: not all of them do."""
        wait_s = self._own.wait_s(self._now())
        return self._held("breaker", max(1.0, wait_s)) if self._own.is_open else None

    async def close(self) -> None:
        """Tell what is not told yet."""
        if self._talk is not None and self._loop is asyncio.get_running_loop():
            self._news.set()
            await asyncio.wait([self._talk], timeout=TELL_S)
            self._talk.cancel()

    def _tell(self, end: CallEnd, *, awaited: bool) -> asyncio.Future[None] | None:
        if end.kind in {*FAILURES, "refused"}:
            self._is_watched = True
            begun, seconds_ago = self._recent.take(self._now())
            end = replace(end, begun_before=begun, answered_s_ago=seconds_ago)
        told = asyncio.get_running_loop().create_future() if awaited else None
        self._ends.append((end, told))
        return told

    def _is_counted(self, ask: CallAsk) -> bool:
        return self._is_watched or bool(ask.scopes or ask.budgets)

    def _waiter(self, ask: CallAsk) -> Waiter:
        deadline, probe_deadline = self._deadlines()
        let_go: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        return Waiter(ask, call_context().use_case, deadline, probe_deadline, let_go)

    def _deadlines(self) -> tuple[float, float]:
        """Until when a call of the context at hand waits, and until when behind an open breaker."""
        context, patience = call_context(), self._place.patience
        deadline = self._now() + patience.of(context)
        return deadline, deadline if context.has_paid else self._now() + patience.probe_s

    def _check_worth_waiting(self, queue: FairQueue, waiter: Waiter) -> None:
        """Refuse a call at once that would wait too long, by what the last answer said.

        Raises:
            CallHeld
        """
        leave, each_s, heard_at = self._refused.get(waiter.ask.model, (Leave(True), 0.0, 0.0))
        if leave.granted or not queue:
            return
        ahead = queue.ahead_of_new(waiter.use_case, is_golden=waiter.ask.golden)
        wait_s = max(0.0, heard_at + leave.wait_s - self._now()) + ahead * each_s
        if self._now() + wait_s > waiter.deadline:
            raise self._held(leave.reason, wait_s, leave.budget)

    def _held(self, reason: HoldReason, wait_s: float, budget: str = "") -> CallHeld:
        whose = f"the budget of {budget or 'all use cases'}" if reason == "budget" else f"the {reason}"
        message = f"endpoint {self._place.endpoint}: {whose} lets no call go for about {wait_s:.0f} s"
        return CallHeld(message, reason=reason, retry_after_s=min(wait_s, LONGEST_HOLD_S))

    def _serve(self, *, wake: bool) -> None:
        """Let go who needs nobody's leave, and talk with the account where somebody does."""
        for model, queue in list(self._queues.items()):
            while queue and not self._is_counted((first := queue.first(1)[0]).ask) and self._free > 0:
                self._let_go(queue, first, has_lease=False)
            if not queue:
                del self._queues[model]
                self._refused.pop(model, None)
        if not self._ends and not (self._queues and self._free > 0):
            return
        if wake:
            self._news.set()
        if self._talk is None or self._talk.done():
            self._talk = asyncio.get_running_loop().create_task(self._exchange_all())

    @property
    def _free(self) -> int:
        return self._place.slots - self._under_way - self._asked

    def _let_go(self, queue: FairQueue, waiter: Waiter, *, has_lease: bool) -> None:
        queue.remove(waiter, was_served=True)
        if waiter.let_go.done():  # it was given up a moment ago
            if has_lease:
                self._ends.append((CallEnd("unused", waiter.ask.lease), None))
            return
        self._under_way += 1
        if not has_lease:
            self._recent.began(self._now())
        waiter.let_go.set_result(has_lease)

    async def _exchange_all(self) -> None:
        """Talk with the account until nothing is to be told or asked."""
        while True:
            self._news.clear()
            ends, self._ends = self._ends[:MOST_TOLD], self._ends[MOST_TOLD:]
            waiters = self._next_waiters()
            if not ends and not waiters and not self._again_s:
                return
            sleep_s = await self._exchange(ends, waiters)
            if sleep_s > 0 and not self._ends:
                try:
                    async with asyncio.timeout(sleep_s):
                        await self._news.wait()
                except TimeoutError:
                    pass

    def _next_waiters(self) -> list[tuple[FairQueue, Waiter]]:
        chosen: list[tuple[FairQueue, Waiter]] = []
        for queue in self._queues.values():
            chosen += [(queue, waiter) for waiter in queue.first(min(MOST_ASKED, self._free - len(chosen)))]
        return sorted(chosen, key=lambda each: not each[1].ask.golden)

    async def _exchange(
        self, ends: list[tuple[CallEnd, asyncio.Future[None] | None]], waiters: list[tuple[FairQueue, Waiter]]
    ) -> float:
        """One exchange. How long to sleep before the next one where nothing happens, in seconds."""
        self._asked = len(waiters)
        asks = [waiter.ask for _, waiter in waiters]
        place = self._place
        try:
            answer = await self._account.exchange(
                Report(place.endpoint, place.process, [end for end, _ in ends], asks, place.lease_s)
            )
        finally:
            self._asked = 0
            for _, told in ends:
                if told is not None and not told.done():
                    told.set_result(None)
        self._is_watched, self._again_s = answer.is_watched, answer.again_s
        sleep_s = math.inf
        self._refused.clear()
        for (queue, waiter), leave in zip(waiters, answer.leaves, strict=True):
            if leave.granted:
                self._let_go(queue, waiter, has_lease=True)
                sleep_s = 0.0
            else:
                waiter.refusal = leave
                if leave.reason != "budget":  # a budget that is spent says nothing of other use cases' calls
                    self._refused.setdefault(waiter.ask.model, (leave, answer.each_s, self._now()))
                sleep_s = min(sleep_s, leave.wait_s)
                self._put_off(queue, waiter, leave)
        self._serve(wake=False)
        return min(sleep_s, LONGEST_SLEEP_S) if waiters else self._again_s

    def _put_off(self, queue: FairQueue, waiter: Waiter, leave: Leave) -> None:
        """Hold a call that would wait too long; behind an open breaker all that do not wait for its probe."""
        if leave.reason == "breaker":
            self._put_off_all(queue, leave)
        elif self._now() + leave.wait_s > waiter.deadline:
            self._hold(queue, waiter, leave)

    def _put_off_all(self, queue: FairQueue, leave: Leave) -> None:
        for each in queue.all():
            if self._now() + leave.wait_s > each.probe_deadline:
                self._hold(queue, each, leave)

    def _hold(self, queue: FairQueue, waiter: Waiter, leave: Leave) -> None:
        queue.remove(waiter)
        if not waiter.let_go.done():
            waiter.let_go.set_exception(self._held(leave.reason, leave.wait_s, leave.budget))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _use_running_loop(self) -> None:
        """Begin anew in another loop: what waited in the last one is gone with it."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._under_way = self._asked = 0
            self._queues, self._refused, self._talk = {}, {}, None
            self._ends = [(end, None) for end, _ in self._ends]
            self._news = asyncio.Event()
