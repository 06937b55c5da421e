"""The account that all processes share, or this process's own while the shared one does not answer."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import structlog

from assay.worker.ports.call_limits import CallAccount, CallAsk, CallEnd, Exchange, Leave, Report
from assay.worker.ports.state import StateBusy, StateUnavailable

ANSWER_S = 5.0
"""How long one exchange may take. A server that takes longer lets no call go for longer than a call takes."""

SLOW = f"no answer within {ANSWER_S:g} s"
"""What the log says of a server that takes longer."""

AGAIN_S = 5.0
"""After how many seconds of an outage the shared account is asked again."""

MOST_UNTOLD = 10_000
"""Ends of calls that are kept for it. A lease whose end is not told is charged in full."""

log = structlog.get_logger(__name__)


class SharedAccount:
    """A `CallAccount` that never fails: an outage of Redis is no outage of the judge.

    Meanwhile limits hold within this process. Calls that a budget pays wait: what others spent is not known.

    An exchange that was given up may have come through: a server that stood still for a while goes on with all that
    lies before it. So the leases it asked for are given back by the next one, and reports are numbered.
    """

    def __init__(self, shared: CallAccount, make_own: Callable[[], CallAccount]) -> None:
        """Keep both.

        Args:
            shared: the account of all processes.
            make_own: makes the account of this process, at the first outage.
        """
        self._shared = shared
        self._make_own = make_own
        self._own: CallAccount | None = None
        self._again_at = 0.0
        self._untold: dict[str, tuple[str, CallEnd]] = {}
        self._numbers = itertools.count(1)

    async def exchange(self, report: Report) -> Exchange:
        """Take in the calls that ended, then let calls go."""
        if self._own is not None and time.monotonic() < self._again_at:
            return await self._alone(self._own, report)
        late = self._late(report.endpoint)
        try:
            answer = await self._ask(replace(report, ends=[*late, *report.ends], number=next(self._numbers)))
        except (StateUnavailable, TimeoutError) as exc:
            if self._own is None:
                self._own = self._make_own()
                log.warning(
                    "calls.counted_alone", error=str(exc) or SLOW, effect="limits and breakers hold for each process"
                )
            self._again_at = time.monotonic() + AGAIN_S
            self._keep(report.endpoint, (CallEnd("unused", ask.lease) for ask in report.asks))
            return await self._alone(self._own, report)
        if self._own is not None:
            log.info("calls.counted_together")
            self._own = None
        for end in late:
            self._untold.pop(end.lease, None)
        return answer

    def _late(self, endpoint: str) -> list[CallEnd]:
        return [end for at, end in self._untold.values() if at == endpoint]

    def _keep(self, endpoint: str, ends: Iterable[CallEnd]) -> None:
        """Tell these ends later, of each lease the last."""
        self._untold |= {end.lease: (endpoint, end) for end in ends if end.lease}
        for lease in list(itertools.islice(self._untold, max(0, len(self._untold) - MOST_UNTOLD))):
            del self._untold[lease]

    async def _ask(self, report: Report) -> Exchange:
        async with asyncio.timeout(ANSWER_S):
            while True:
                try:
                    return await self._shared.exchange(report)
                except StateBusy:  # our own connections are all in use: the server is well
                    await asyncio.sleep(0.05)

    async def _alone(self, own: CallAccount, report: Report) -> Exchange:
        self._keep(report.endpoint, report.ends)
        payable = [ask for ask in report.asks if not ask.budgets]
        answer = await own.exchange(replace(report, asks=payable))
        leaves = iter(answer.leaves)
        unpaid = Leave(granted=False, reason="budget", wait_s=AGAIN_S)
        all_leaves = tuple(unpaid if ask.budgets else next(leaves) for ask in report.asks)
        self._forget_going(report.asks, all_leaves)
        again_s = max(0.1, self._again_at - time.monotonic()) if self._late(report.endpoint) else 0.0
        return Exchange(all_leaves, is_watched=True, each_s=answer.each_s, again_s=again_s)

    def _forget_going(self, asks: Iterable[CallAsk], leaves: Iterable[Leave]) -> None:
        """Calls that go after all keep their leases, if the other account gave them any: they will end."""
        for ask, leave in zip(asks, leaves, strict=True):
            if leave.granted:
                self._untold.pop(ask.lease, None)
