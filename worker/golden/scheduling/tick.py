"""One look at all schedules, once a minute.

Claims each due slot once and republishes its message until the run ends. A run that has begun is published until it
has ended, whatever became of its schedule meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotBook, SlotRecord, SlotState
from assay.worker.golden.scheduling.statuses import statuses_of
from assay.worker.golden.sets.files import read_mapping
from assay.worker.golden.sets.manifest import Manifest
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.ports.batch_jobs import BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.publish import PublishGolden
from assay.worker.records.messages import GoldenRunMessage
from assay.worker.records.reports import Report

RUN_LOCK = "golden:run"
"""Held by the scheduled run in progress: one at a time, so that they leave the control workers' threads to others."""

log = structlog.get_logger(__name__)


class TickReport(Report):
    """What one tick did: sets with a new slot, runs that it published, and whether a run was in progress."""

    due: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    busy: bool = False


class Schedules(Record):
    """The schedules of all golden sets in reach, and the sets that cannot be read, with the reason."""

    by_set: dict[str, Schedule]
    problems: dict[str, str]


@dataclass(frozen=True)
class GoldenClock:
    """Finds out which golden sets are due.

    Of the slots that came while nobody looked only the last is run. A slot is claimed by its record in the state, so
    however many beats and workers there are, each slot has one run. A run that has begun is published again until it
    has ended, also where a further slot has come since, or its schedule was changed or taken out. One that was put
    aside for a provider's batch is published when that has ended.
    """

    key_values: KeyValues
    locks: Locks
    schedules: Callable[[], Schedules]
    publish: PublishGolden
    clock: Clock
    batches: BatchJobs | None = None

    async def tick(self) -> TickReport:
        """Claim what is due, and publish the oldest claimed run that no worker has in hand."""
        from assay.worker.golden.runs.journal import new_run_id  # it brings numpy; statuses are read without

        schedules, now = self.schedules(), self.clock.now()
        for name, problem in schedules.problems.items():
            log.warning("golden.schedule_unreadable", golden_set=name, problem=problem)
        open_slots, due = await self._claim(schedules.by_set, now)
        open_slots = await self._may_go_on(open_slots, now)
        if not open_slots:
            return TickReport(due=due)
        owner = new_run_id()
        if not await self.locks.acquire(RUN_LOCK, owner=owner, ttl_s=10):
            return TickReport(due=due, busy=True)
        await self.locks.release(RUN_LOCK, owner=owner)
        chosen = min(open_slots, key=_turn)
        await self.publish([GoldenRunMessage(golden_set=chosen.golden_set, slot=chosen.slot)])
        return TickReport(due=due, published=(chosen.golden_set,))

    async def _claim(
        self, schedules: Mapping[str, Schedule], now: datetime
    ) -> tuple[Sequence[SlotRecord], tuple[str, ...]]:
        """What has begun and not ended, with the last slot of every set, and the sets whose slot is new."""
        from assay.worker.golden.runs.journal import new_run_id

        book, due = SlotBook(self.key_values), []
        begun = [record for records in (await book.begun()).values() for record in records]
        open_slots = {(record.golden_set, record.slot): record for record in begun}
        for name, schedule in schedules.items():
            slot = schedule.latest(now)
            if slot < await book.first_seen(name, schedule, now):
                continue
            mine = SlotRecord(golden_set=name, slot=slot, run_id=new_run_id(), changed_at=now)
            record = await book.claim(mine)
            due += [name] if record.run_id == mine.run_id else []
            if not record.state.is_final:
                open_slots[name, slot] = record
        return list(open_slots.values()), tuple(due)

    async def _may_go_on(self, records: Sequence[SlotRecord], now: datetime) -> list[SlotRecord]:
        """Those whose batches have ended, or that do not wait for any."""
        if not any(record.state is SlotState.WAITING for record in records):
            return list(records)
        ended = {job.tag for job in await self.batches.jobs() if not job.is_open} if self.batches else set()
        return [record for record in records if _is_ready(record, ended, now)]


def _turn(record: SlotRecord) -> tuple[bool, datetime]:
    """The oldest slot comes first. One that cannot go on here and now lets the others go before it."""
    waits = record.waits
    cannot = waits is not None and (waits.missed_since is not None or waits.unusable_since is not None)
    return cannot, record.slot


def _is_ready(record: SlotRecord, ended: Set[str], now: datetime) -> bool:
    """Whether a run can go on: nothing that it waits for is under way, or it is time for another look."""
    waits = record.waits
    if record.state is not SlotState.WAITING or waits is None:
        return True
    return now >= waits.look_at or (bool(waits.batches) and ended >= set(waits.batches))


def read_schedules(directories: Mapping[str, Path]) -> Schedules:
    """The schedules in the manifests of these sets; one that cannot be read stops no other."""
    by_set, problems = {}, {}
    for name, directory in directories.items():
        try:
            schedule = read_mapping(directory / "manifest.yaml", Manifest).schedule
        except ConfigurationError as exc:
            problems[name] = str(exc)
            continue
        if schedule is not None:
            by_set[name] = schedule
    return Schedules(by_set=by_set, problems=problems)


async def schedule_statuses(key_values: KeyValues, schedules: Schedules, now: datetime) -> list[ScheduleStatus]:
    """How every scheduled set stands, which sets cannot be read, and what has begun of sets without a schedule."""
    return await statuses_of(SlotBook(key_values), schedules.by_set, schedules.problems, now)
