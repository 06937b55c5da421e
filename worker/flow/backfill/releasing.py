"""Releasing a backfill's work in portions, into a turn of its own beside those of live traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assay.judges.errors import EvaluationError
from assay.worker.flow.batching import chunks
from assay.worker.flow.candidates import Choice, Chooser
from assay.worker.flow.promising import Promiser, Released
from assay.worker.ports.backlog import BACKFILL
from assay.worker.ports.deliveries import Deliveries
from assay.worker.ports.ledger import Ledger, Reopening
from assay.worker.records.ledger import FINAL_STATES, LedgerEntry, LedgerState, Promise, count_key
from assay.worker.records.messages import BATCH_SIZE

PORTION = 4 * BATCH_SIZE
"""Judgements that are released at once."""

MOST_OPEN = 2048
"""Most judgements of a backfill that are promised and not made yet: eight workers hold as many. They wait in a turn of
their own, which gets little while live traffic waits, so this bounds what is in Redis and not how long others wait."""

MOST_OPEN_BY_BATCH = 20_000
"""The same where answers come with a provider's batches, hours later: each is one entry of about a kilobyte."""

LOOK_EVERY_S = 0.5
"""In seconds. Each look reads all open entries, and workers take longer than that for a portion."""

NO_PROGRESS_S = 10.0
"""In seconds. After so long without any change it is asked whether a worker runs at all."""

_Key = tuple[str, str]


class NoWorker(EvaluationError):
    """No worker takes judgements from the queue."""


class LimitReached(Exception):
    """As many judgements were released as were asked for."""


@dataclass(frozen=True)
class Gate:
    """Lets a portion through when few of the earlier ones are open."""

    deliveries: Deliveries
    ledger: Ledger
    queue: str
    has_workers: Callable[[], Awaitable[bool]]
    by_batch: bool = False
    opened: dict[str, set[str]] = field(default_factory=dict)

    async def wait(self) -> None:
        """Return when there is room.

        Raises:
            NoWorker: nothing changes and no worker answers.
            StateUnavailable
        """
        loop = asyncio.get_running_loop()
        last, changed_at = (-1, -1), loop.time()
        while True:
            now = (await self.deliveries.queue_depth(self.queue), await self._still_open())
            if now[1] <= self._most_open - PORTION:
                return
            if now != last:
                last, changed_at = now, loop.time()
            elif loop.time() - changed_at >= NO_PROGRESS_S:
                if not await self.has_workers():
                    raise NoWorker("no worker takes judgements from the queue; start `assay up`, or a worker")
                changed_at = loop.time()
            await asyncio.sleep(LOOK_EVERY_S)

    def add(self, promises: Sequence[Promise]) -> None:
        """Count these as open."""
        for promise in promises:
            self.opened.setdefault(promise.rubric, set()).add(promise.trace_id)

    @property
    def _most_open(self) -> int:
        return MOST_OPEN_BY_BATCH if self.by_batch else MOST_OPEN

    async def _still_open(self) -> int:
        """How many released judgements are not made yet. Asked of the ledger only where there may be too many."""
        if sum(map(len, self.opened.values())) > self._most_open - PORTION:
            for rubric, ids in self.opened.items():
                entries = await self.ledger.entries(rubric, sorted(ids))
                ids.intersection_update(i for i, entry in entries.items() if entry.state is LedgerState.OPEN)
        return sum(map(len, self.opened.values()))


@dataclass
class Releasing:
    """Promises and publishes what was chosen, portion by portion. It counts as it goes.

    Where traffic is low a window has a trace or two, and a message of one trace costs as much as one of sixteen. So
    messages wait for more, up to a portion. If the process ends before, the reconciler publishes what was promised.

    Attributes:
        rejudge: whether traces that were judged under another version are judged again.
        limit: most judgements to release; None: all.
        by_batch: whether the judges' calls may wait for a provider's batch.
        selected: judgements released so far.
        already_scored: traces passed over because the store has their scores, and this ledger does not know them.
    """

    promiser: Promiser
    chooser: Chooser
    reopening: Reopening
    gate: Gate
    rejudge: bool = False
    limit: int | None = None
    by_batch: bool = False
    selected: int = 0
    already_scored: int = 0
    _unpublished: list[Promise] = field(default_factory=list)

    async def release(self, choice: Choice, now: datetime, *, counted: frozenset[str]) -> Released:
        """Release what was chosen on one page and is not known yet.

        Args:
            choice: what was chosen.
            now: the current moment.
            counted: by `count_key`, whose traces of this window were counted by an earlier scan.

        Raises:
            LimitReached, NoWorker
            StoreUnavailable, StoreRejected, StateUnavailable
        """
        before = (self.selected, self.already_scored)
        for portion in chunks(choice.promises, PORTION):
            await self._release_portion(portion, now, counted)
        if self.rejudge and choice.maybe_promised:
            for keys in chunks(list(choice.maybe_promised), PORTION):
                await self._reopen(await self.promiser.entries(keys), {}, now)
        return Released(self.selected - before[0], self.already_scored - before[1], messages=0)

    async def publish(self, now: datetime) -> None:
        """Let what was promised wait for its release, in the turn of all backfills.

        Raises:
            StateUnavailable
        """
        work, self._unpublished = self._unpublished, []
        await self.promiser.enter(work, now, turn=BACKFILL)

    async def _release_portion(self, portion: Sequence[Promise], now: datetime, counted: frozenset[str]) -> None:
        by_key = {(p.rubric, p.trace_id): p for p in portion}
        entries = await self.promiser.entries(list(by_key))
        unknown = [promise for key, promise in by_key.items() if key not in entries]
        known = await self.promiser.in_store(unknown)
        # What an earlier scan counted is in the counts already, and would be counted twice.
        for_counts = [p for p in unknown if (p.rubric, p.trace_id) in known and _count_key(p) not in counted]
        await self.promiser.promise(for_counts, now)
        await self.promiser.close_known({key: known[key] for p in for_counts if (key := (p.rubric, p.trace_id))}, now)
        self.already_scored += len(known)
        fresh = [p for p in unknown if (p.rubric, p.trace_id) not in known]
        await self._enter(fresh, now, self.promiser.promise)
        if self.rejudge:
            await self._reopen(entries, by_key, now)

    async def _reopen(self, entries: Mapping[_Key, LedgerEntry], chosen: Mapping[_Key, Promise], now: datetime) -> None:
        """Open those again that came to an end under another version. Their pi stays what it was."""
        again = []
        for key, entry in entries.items():
            rubric_hash, calibration_hash = self.chooser.version_of(entry.promise.rubric, entry.promise.use_case)
            if entry.state not in FINAL_STATES or entry.promise.version == (rubric_hash, calibration_hash):
                continue
            subject = chosen.get(key, entry.promise)
            version = {"rubric_hash": rubric_hash, "calibration_hash": calibration_hash, "selected_at": now}
            again.append(entry.promise.model_copy(update={**version, "observation_id": subject.observation_id}))
        await self._enter(again, now, self._reopened)

    async def _reopened(self, promises: Sequence[Promise], now: datetime) -> Sequence[Promise]:
        due = now + self.promiser.ledger_deadline
        return await self.reopening.reopen(promises, now=now, due=due)

    async def _enter(
        self,
        promises: Sequence[Promise],
        now: datetime,
        enter: Callable[[Sequence[Promise], datetime], Awaitable[Sequence[Promise]]],
    ) -> None:
        """Enter promises into the ledger within the limit, and publish when there is a portion of them."""
        left = len(promises) if self.limit is None else max(0, self.limit - self.selected)
        if promises[:left]:
            await self.gate.wait()
            entering = [promise.model_copy(update={"by_batch": self.by_batch}) for promise in promises[:left]]
            entered = await enter(entering, now)
            self.gate.add(entered)
            self._unpublished += entered
            self.selected += len(entered)
            if len(self._unpublished) >= PORTION:
                await self.publish(now)
        if len(promises) > left:
            raise LimitReached


def _count_key(promise: Promise) -> str:
    return count_key(promise.use_case, promise.rubric)
