"""Sending a batch to a further place so that a copy it does not take neither holds nor loses the others.

Where the place does not take a batch, halves and quarters of it are sent, and then single copies. A place that took
nothing of all that is away, or refuses everything for a reason of its own. No copy is to blame for that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from assay.worker.ports.clock import Clock
from assay.worker.ports.copies import Copy
from assay.worker.ports.sink import ScoreSink
from assay.worker.ports.store_errors import (
    StoreAccessDenied,
    StoreBusy,
    StorePartlyRejected,
    StoreRejected,
    StoreUnavailable,
)
from assay.worker.records.scores import Score

CALL_S = 20.0
"""A place that has not answered by then is away."""

QUARTERS = 4
"""What is smaller than a quarter of the batch is sent copy by copy."""

IN_VAIN = 12
"""So many requests of which nothing was taken, and the place is away: the batch, halves, quarters and 5 copies."""

log = structlog.get_logger(__name__)

Failure = StoreRejected | StoreUnavailable | TimeoutError
"""Why a place did not take something."""

Filled = tuple[Copy, Sequence[Score]]
"""A copy and its scores."""


@dataclass
class Posted:
    """What became of a batch.

    Attributes:
        taken: the place has these.
        partly: it took some of the scores of these, and nobody can tell which.
        refused: it understood and refused these, one by one.
        failed: it failed at these, one by one.
        untried: nothing can be told of these.
        error: the last that the place said against it.
        why: why the place is held to be away. None: it is not, or only single copies tell so.
        busy: no room within a limit of our own; nothing more was asked.
    """

    taken: list[Copy] = field(default_factory=list)
    partly: list[Copy] = field(default_factory=list)
    refused: list[Copy] = field(default_factory=list)
    failed: list[Copy] = field(default_factory=list)
    untried: list[Copy] = field(default_factory=list)
    error: Failure | None = None
    why: Failure | None = None
    busy: StoreBusy | None = None

    @property
    def has_taken(self) -> bool:
        """Whether the place took something."""
        return bool(self.taken or self.partly)

    @property
    def has_asked(self) -> bool:
        """Whether anything was sent."""
        return self.has_taken or self.error is not None

    @property
    def is_away(self) -> bool:
        """Whether the place took nothing at all."""
        return self.error is not None and not self.has_taken

    @property
    def left(self) -> list[Copy]:
        """What the place has not taken."""
        return [*self.refused, *self.failed, *self.untried]


@dataclass(frozen=True)
class CopyPost:
    """Sends batches to one place.

    Attributes:
        place: its name.
        until: nothing is begun after this.
    """

    place: str
    sink: ScoreSink
    clock: Clock
    until: datetime

    async def send(self, batch: Sequence[Filled], *, searches: bool) -> Posted:
        """Send scores.

        Args:
            batch: what is sent. Copies that the place failed at before are sent one by one, after the others.
            searches: whether parts are sent where the whole is not taken.
        """
        clean = [each for each in batch if not each[0].failures]
        suspects = [[each] for each in batch if each[0].failures]
        posted = Posted()
        stopped = await self._send_parts(posted, [clean] if clean else [], searches=searches)
        if stopped is not None or (posted.is_away and posted.busy is None and len(clean) > 1):
            posted.why = posted.error
        if posted.why is not None or posted.busy is not None:
            posted.untried += [copy for part in suspects for copy in _copies(part)]
            return posted
        stopped = await self._send_parts(posted, suspects, searches=searches)
        if says_wait(stopped):  # otherwise they may be to blame
            posted.why = stopped
        return posted

    async def _send_parts(self, posted: Posted, first: Sequence[Sequence[Filled]], *, searches: bool) -> Failure | None:
        """Send parts, and smaller parts of what is not taken. Returns what it stopped at."""
        parts, in_vain, most = deque(first), 0, max(map(len, first), default=0)
        stopped: Failure | None = None
        while parts:
            if stopped is not None or posted.busy is not None or (posted.has_asked and self._is_late):
                posted.untried += [copy for rest in parts for copy in _copies(rest)]
                break
            part = parts.popleft()
            error = await self._error_of(part, posted)
            if isinstance(error, StoreBusy):
                posted.busy = error
                posted.untried += _copies(part)
            elif error is None:
                in_vain = 0
            else:
                posted.error, in_vain = error, in_vain + 1
                parts.extend(self._left_of(part, error, posted, most=most, searches=searches))
                stopped = error if says_wait(error) or in_vain >= IN_VAIN else None
        return stopped

    def _left_of(
        self, part: Sequence[Filled], error: Failure, posted: Posted, *, most: int, searches: bool
    ) -> list[Sequence[Filled]]:
        """What is to be sent of a part that was not taken."""
        if len(part) == 1:
            (posted.refused if isinstance(error, StoreRejected) else posted.failed).append(part[0][0])
            return []
        if searches or posted.has_taken:
            return _smaller(part, most)
        posted.untried += _copies(part)
        return []

    @property
    def _is_late(self) -> bool:
        return self.clock.now() >= self.until

    async def _error_of(self, part: Sequence[Filled], posted: Posted) -> Failure | None:
        try:
            async with asyncio.timeout(CALL_S):
                await self.sink.write_scores([score for _, scores in part for score in scores])
        except StorePartlyRejected as exc:  # the rest was taken, and is not sent again
            log.warning("copies.partly_refused", place=self.place, traces=len(part), error=str(exc)[:200])
            posted.partly += _copies(part)
            return None
        except (StoreRejected, StoreUnavailable, TimeoutError) as exc:
            log.info("copies.not_taken", place=self.place, traces=len(part), error=str(exc)[:200])
            return exc
        posted.taken += _copies(part)
        return None


def _copies(part: Sequence[Filled]) -> list[Copy]:
    return [copy for copy, _ in part]


def says_wait(error: Failure | None) -> bool:
    """Whether it tells of the place alone: smaller requests would have the same answer."""
    if isinstance(error, TimeoutError | StoreAccessDenied):
        return True
    return isinstance(error, StoreUnavailable) and error.retry_after_s is not None


def _smaller(part: Sequence[Filled], most: int) -> list[Sequence[Filled]]:
    if len(part) * QUARTERS <= most + QUARTERS:
        return [[each] for each in part]
    middle = len(part) // 2
    return [part[:middle], part[middle:]]
