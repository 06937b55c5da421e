"""How long a call may take: what is set, or what is learnt from how long calls to the same model took lately.

A call that hangs is told from one that is slow by the others: the limit is twice the 95th percentile of recent calls,
never under 3 s. With log-normal latencies that cuts off 0.002 (sigma 0.5) to 0.01 (sigma 1) of the calls. The
percentile counts what is still under way (`survival`). So where everything becomes slow, or more than one call in
twenty always is, the limit goes up before calls are cut off, at once to the ceiling. A request that was cut off twice
is given twice as long, and then eight times: one that needs long gets it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, Protocol

from assay.judges.models.survival import quantile

CEILING_S = 60.0
"""The most a call may take where nothing is set, and what it may take until enough calls are seen."""

_FLOOR_S = 3.0
"""A model that answers in a fraction of a second may well take seconds for a long text, or behind a queue."""

_LENGTHENED = (1.0, 1.0, 2.0, 8.0)
"""Factors by how often a request was cut off. Not at once: the second try is as likely not to hang as any."""

_SHARE = 0.95
"""Calls that hang must be rarer than the rest. 0.99 would need hundreds of calls, and 2 % that hang lie beyond it."""

_FACTOR = 2.0
"""More cuts off less and waits longer: at 2.5 half as many calls, and a tenth more wall where 2 % of the calls hang."""

_LEARNT_FROM = 30
"""Answered calls: the 95th percentile of fewer is the slowest of them, by chance."""

_LEAST_RECENT = 256
_RECENT_PER_OPEN = 8
"""Calls looked back at, for each under way: then the window spans eight times the mean latency (Little's law), and the
slow ones of it are over or count with that age."""

_RECENT_S = 600.0
"""Older calls say nothing of now: an endpoint is slower by day than by night."""

_LOOK_S = 0.25
"""Seconds between looks: a twelfth of the floor."""

_LATE_S = 0.5
"""A look this late means that the loop or the machine stood still: answers may lie unread, and no call is cut off."""


class TimedCall:
    """One call, begun `started` by the loop's clock. `seconds` is None while it is under way."""

    __slots__ = ("cuts", "ended", "scope", "seconds", "started")

    def __init__(self, started: float, cuts: int, scope: asyncio.Timeout) -> None:
        self.started = started
        self.cuts = cuts
        self.scope = scope
        self.seconds: float | None = None
        self.ended: Literal["", "answered", "cut", "void"] = ""

    def leave_out(self) -> None:
        """It was turned down or failed: that says nothing of how long an answer takes."""
        self.ended = "void"


class CallTimeout(Protocol):
    """The limit for the calls to one model at one endpoint."""

    @property
    def usual_s(self) -> float | None:
        """Seconds within which 95 of 100 calls are answered. None where that is not known."""
        ...

    def allowed_s(self, cuts: int) -> float:
        """Seconds for a request that was cut off this often already."""
        ...

    def limited(self, cuts: int) -> AbstractAsyncContextManager[TimedCall]:
        """Do a call within the limit.

        Raises:
            TimeoutError: it was cut off.
        """
        ...


class FixedTimeout:
    """The same for every call: a setting wins over what could be learnt."""

    usual_s = None

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def allowed_s(self, cuts: int) -> float:
        """What is set."""
        return self._seconds

    @asynccontextmanager
    async def limited(self, cuts: int) -> AsyncIterator[TimedCall]:
        """See `CallTimeout.limited`."""
        async with asyncio.timeout(self._seconds) as scope:
            yield TimedCall(0.0, cuts, scope)


class AdaptiveTimeout:
    """Learns. Used by one event loop at a time; a later loop keeps what was learnt."""

    def __init__(self, ceiling_s: float = CEILING_S) -> None:
        """Begin with the ceiling."""
        self._ceiling_s = ceiling_s
        self._limit_s = ceiling_s
        self._usual_s: float | None = None
        self._recent: deque[TimedCall] = deque()
        self._open: dict[TimedCall, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.TimerHandle | None = None

    @property
    def usual_s(self) -> float | None:
        """As of the last look."""
        return self._usual_s

    def allowed_s(self, cuts: int) -> float:
        """As of the last look."""
        return min(self._ceiling_s, self._limit_s * _LENGTHENED[min(cuts, len(_LENGTHENED) - 1)])

    @asynccontextmanager
    async def limited(self, cuts: int) -> AsyncIterator[TimedCall]:
        """See `CallTimeout.limited`. What fails at once is left out of what is learnt."""
        async with asyncio.timeout(None) as scope:
            call = self._begin(cuts, scope)
            try:
                yield call
                call.ended = call.ended or "answered"
            except asyncio.CancelledError:
                call.ended = "cut"
                raise
            finally:
                call.ended = call.ended or "void"
                call.seconds = asyncio.get_running_loop().time() - call.started
                self._open.pop(call, None)

    def _begin(self, cuts: int, scope: asyncio.Timeout) -> TimedCall:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Calls of a loop that has ended will never end.
            self._loop, self._looking, self._open = loop, None, {}
            self._recent = deque(call for call in self._recent if call.ended)
        call = TimedCall(loop.time(), cuts, scope)
        self._open[call] = None
        self._recent.append(call)
        self._forget(call.started)
        if self._looking is None:
            self._look_at(loop, call.started + _LOOK_S)
        return call

    def _forget(self, now: float) -> None:
        most = max(_LEAST_RECENT, _RECENT_PER_OPEN * len(self._open))
        while len(self._recent) > most or self._recent[0].started < now - _RECENT_S:
            self._recent.popleft()

    def _look_at(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        self._looking = loop.call_at(when, self._look, loop, when)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """Learn, and cut off what has taken too long."""
        if loop is not self._loop:
            return
        self._looking = None
        if not self._open:
            return
        now = loop.time()
        self._learn(now)
        if now <= due + _LATE_S:
            self._cut_off(now)
        self._look_at(loop, now + _LOOK_S)

    def _cut_off(self, now: float) -> None:
        overdue = [call for call in self._open if now - call.started > self.allowed_s(call.cuts)]
        for call in overdue:
            call.scope.reschedule(now)
            del self._open[call]

    def _learn(self, now: float) -> None:
        seen = [call for call in self._recent if call.ended != "void"]
        answered = sum(call.ended == "answered" for call in seen)
        times = ((now - c.started if c.seconds is None else c.seconds, c.ended == "answered") for c in seen)
        self._usual_s = quantile(times, _SHARE) if answered >= _LEARNT_FROM else None
        wanted = self._ceiling_s if self._usual_s is None else _FACTOR * self._usual_s
        self._limit_s = min(self._ceiling_s, max(_FLOOR_S, wanted))


ADAPTIVE_TIMEOUTS: dict[tuple[str, str], AdaptiveTimeout] = {}
"""What this process has learnt of each (address, model). Adapters of several rubrics at one endpoint learn together."""
