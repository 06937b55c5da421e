"""How golden sets stand that the fleet runs by itself: their slots, and every run that has begun and not ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from assay.worker.golden.scheduling.slot_records import OVERDUE_AFTER, ScheduleStatus, SlotBook, SlotRecord, SlotState
from assay.worker.golden.sets.schedule import Schedule

TOLD_FOR = timedelta(days=7)
"""How long the last run of a set is told whose schedule was taken out."""


async def statuses_of(
    book: SlotBook, schedules: Mapping[str, Schedule], problems: Mapping[str, str], now: datetime
) -> list[ScheduleStatus]:
    """How each set stands: those with a schedule, those that cannot be read, and those that only have runs.

    Args:
        book: of all slots.
        schedules: by set.
        problems: by set that cannot be read, the reason.
        now: what the time is.
    """
    begun = await book.begun()
    stands = [await _scheduled(book, name, schedule, now) for name, schedule in schedules.items()]
    stands += [ScheduleStatus(golden_set=name, problem=why) for name, why in problems.items()]
    for name in begun.keys() - schedules.keys() - problems.keys():
        stands += await _unscheduled(book, name, begun[name], now)
    told = [await _with_others(book, status, begun.get(status.golden_set, ()), now) for status in stands]
    return sorted(told, key=lambda status: status.golden_set)


async def _scheduled(book: SlotBook, name: str, schedule: Schedule, now: datetime) -> ScheduleStatus:
    """How a set stands by its last slot."""
    last, first = schedule.latest(now), await book.seen_since(name, schedule)
    last_run = await book.last_run(name)
    figures = await book.figures(last_run)
    status = ScheduleStatus(golden_set=name, next_slot=schedule.following(now), last_run=last_run, figures=figures)
    if first is None:
        return status.model_copy(update={"problem": "no beat has looked at this schedule yet"})
    if last < first:
        return status
    record = await book.record(name, last)
    status = status.model_copy(update={"last_slot": last, "record": record})
    return await _overdue(book, status, record, last, now)


async def _unscheduled(book: SlotBook, name: str, runs: Sequence[SlotRecord], now: datetime) -> list[ScheduleStatus]:
    """A set without a schedule, for as long as a run of it has not ended, or has lately."""
    last_run = await book.last_run(name)
    is_told = bool(runs) or (last_run is not None and now - last_run.changed_at <= TOLD_FOR)
    if not is_told:
        return []
    return [ScheduleStatus(golden_set=name, last_run=last_run, figures=await book.figures(last_run))]


async def _with_others(
    book: SlotBook, status: ScheduleStatus, begun: Sequence[SlotRecord], now: datetime
) -> ScheduleStatus:
    """The status with the runs of other slots; one that nobody takes up is overdue as well."""
    others = tuple(record for record in begun if status.record is None or record.slot != status.record.slot)
    status = status.model_copy(update={"others": others})
    for record in others:
        status = await _overdue(book, status, record, record.slot, now)
    return status


async def _overdue(
    book: SlotBook, status: ScheduleStatus, record: SlotRecord | None, slot: datetime, now: datetime
) -> ScheduleStatus:
    """The status, which is overdue where nobody has this slot's run in hand. A run that waits is due when looked at."""
    waits = record.waits if record is not None and record.state is SlotState.WAITING else None
    due = slot if waits is None else waits.look_at
    overdue_s = (now - due).total_seconds()
    is_overdue = now - due > OVERDUE_AFTER and not await book.is_in_hand(record, now)
    if not is_overdue or overdue_s <= status.overdue_s:
        return status
    return status.model_copy(update={"overdue_s": overdue_s, "overdue_since": due})
