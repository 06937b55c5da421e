"""The account that all processes share, or this process's own while the shared one does not answer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import structlog

from assay.worker.ports.call_limits import CallAccount, CallEnd, Exchange, Leave, Report
from assay.worker.ports.state import StateBusy, StateUnavailable

ANSWER_S = 5.0
"""How long one exchange may take. A server that takes longer lets no call go for longer than a call takes."""

AGAIN_S = 5.0
"""After how many seconds of an outage the shared account is asked again."""

MOST_UNTOLD = 10_000
"""Ends of calls that are kept for it. A lease whose end is not told is charged in full."""

log = structlog.get_logger(__name__)


class SharedAccount:
    """A `CallAccount` that never fails: an outage of Redis is no outage of the judge.

    Meanwhile limits hold within this process. Calls that a budget pays wait: what others spent is not known.
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
        self._untold: deque[tuple[str, CallEnd]] = deque(maxlen=MOST_UNTOLD)

    async def exchange(self, report: Report) -> Exchange:
        """Take in the calls that ended, then let calls go."""
        if self._own is not None and time.monotonic() < self._again_at:
            return await self._alone(self._own, report)
        late = [end for endpoint, end in self._untold if endpoint == report.endpoint]
        try:
            answer = await self._ask(
                Report(report.endpoint, report.process, [*late, *report.ends], report.asks, report.lease_s)
            )
        except (StateUnavailable, TimeoutError) as exc:
            if self._own is None:
                self._own = self._make_own()
                log.warning("calls.counted_alone", error=str(exc), effect="limits and breakers hold for each process")
            self._again_at = time.monotonic() + AGAIN_S
            return await self._alone(self._own, report)
        if self._own is not None:
            log.info("calls.counted_together")
            self._own = None
        self._untold = deque(((e, end) for e, end in self._untold if e != report.endpoint), maxlen=MOST_UNTOLD)
        return answer

    async def _ask(self, report: Report) -> Exchange:
        async with asyncio.timeout(ANSWER_S):
            while True:
                try:
                    return await self._shared.exchange(report)
                except StateBusy:  # our own connections are all in use: the server is well
                    await asyncio.sleep(0.05)

    async def _alone(self, own: CallAccount, report: Report) -> Exchange:
        self._untold.extend((report.endpoint, end) for end in report.ends if end.lease)
        payable = [ask for ask in report.asks if not ask.budgets]
        answer = await own.exchange(Report(report.endpoint, report.process, report.ends, payable, report.lease_s))
        leaves = iter(answer.leaves)
        unpaid = Leave(granted=False, reason="budget", wait_s=AGAIN_S)
        all_leaves = tuple(unpaid if ask.budgets else next(leaves) for ask in report.asks)
        return Exchange(all_leaves, is_watched=True, each_s=answer.each_s)
