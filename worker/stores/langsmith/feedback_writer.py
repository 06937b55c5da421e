"""Writing feedback, one request a score: the only way that leaves a trace in the retention it has.

LangSmith also takes feedback in the form its SDK uses for runs, many at once. That form moves every trace to the
longer, dearer retention.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from assay.worker.ports.clock import Clock
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.store_clients.taken import Taken
from assay.worker.stores.langsmith.connection import CONFLICT, MISSING, LangSmithConnection
from assay.worker.stores.langsmith.feedback import body_of, changes_of, checked, feedback_id
from assay.worker.stores.langsmith.feedback_reads import FEEDBACK

AT_ONCE = 8
"""Requests of one process at a time."""
TRIES, PAUSE_S = 3, 0.3
"""Of one score, as long as most of the others are taken."""


class FeedbackWriter:
    """Writes scores. What has begun is ended, even if nobody waits for it: half a verdict would be shown else."""

    def __init__(self, connection: LangSmithConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._room = asyncio.Semaphore(AT_ONCE)
        self._open: set[asyncio.Task[None]] = set()
        self._left: set[asyncio.Task[None]] = set()
        self._taken = Taken()

    async def write(self, scores: Sequence[Score], project: Callable[[], Awaitable[str]]) -> None:
        """Write or overwrite scores by id; of an id that comes twice, the last.

        Raises:
            StoreUnavailable: at least one may be tried again. Written once more, those that were taken are not sent.
            StoreRejected: the server refuses at least one; the others are written.
        """
        latest, project_id = checked(scores), await project()
        writing = asyncio.create_task(self._write(list(latest.values()), project_id))
        self._open.add(writing)
        writing.add_done_callback(self._ended)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            if not writing.done():
                self._left.add(writing)
            raise

    async def settled(self, ids: Iterable[str]) -> None:
        """Wait for what is written although nobody waits for it any more. What a read misses is sent again then."""
        self._taken.forget(ids)
        if self._left:
            await asyncio.wait(tuple(self._left))

    async def ended(self) -> None:
        """Wait for all that is being written."""
        if self._open:
            await asyncio.wait(tuple(self._open))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: whoever asked may have gone

    async def _write(self, scores: Sequence[Score], project: str) -> None:
        """Write each score. A few that fail are tried again at once, else one in many would put all of them off."""
        errors: list[BaseException] = []
        left = self._taken.left(scores)
        for number in range(TRIES):
            await asyncio.sleep(number * PAUSE_S)
            ends = await asyncio.gather(*(self._in_turn(score, project) for score in left), return_exceptions=True)
            passing = [score for score, end in zip(left, ends, strict=True) if _may_pass(end)]
            errors += [end for end in ends if isinstance(end, BaseException) and not _may_pass(end)]
            if not passing or number == TRIES - 1 or len(passing) * 2 > len(left) > 1:
                errors += [end for end in ends if isinstance(end, BaseException) and _may_pass(end)]
                break
            left = passing
        for kind in (StoreUnavailable, StoreRejected, BaseException):
            if first := next((error for error in errors if isinstance(error, kind)), None):
                raise first
        self._taken.forget(score.id for score in scores)

    async def _in_turn(self, score: Score, project: str) -> None:
        async with self._room:
            await self._write_one(score, project)
            self._taken.note(score)

    async def _write_one(self, score: Score, project: str) -> None:
        answer = await self._connection.send("POST", FEEDBACK, body_of(score, project, self._clock.now()))
        if answer.status == CONFLICT:
            # A server that does not write over what has the same id changes it when it is asked to.
            answer = await self._connection.send("PATCH", f"{FEEDBACK}/{feedback_id(score.id)}", changes_of(score))
        if answer.status in MISSING:
            raise StoreUnavailable(f"{answer.where}: {answer.status}: {answer.message}; the run may be shown later")
        if answer.status == CONFLICT:
            raise StoreUnavailable(f"{answer.where}: {answer.status}: {answer.message}")


def _may_pass(end: BaseException | None) -> bool:
    """Whether a write that ended so may do better within a second."""
    if not isinstance(end, StoreUnavailable) or isinstance(end, StoreBusy | StoreAccessDenied):
        return False
    return (end.retry_after_s or 0.0) <= PAUSE_S
