"""What became of the slots of scheduled golden sets: claimed once, kept in the state, shown in `assay status`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, ValidationError

from judges.schema import Record
from worker.golden.files import digest_of
from worker.golden.schedule import Schedule
from worker.ports import FleetState

KEPT_S = 400 * 24 * 3600
OVERDUE_AFTER = timedelta(minutes=10)
"""A slot that has neither ended nor begun so long after its time is overdue: no beat, no worker, or a long queue."""


class SlotState(StrEnum):
    """How far a slot's run is. DONE says that it was judged, not that it passed."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (SlotState.DONE, SlotState.FAILED)


class SlotRecord(Record):
    """One slot of one set. `verdict` and `detail` say how the run ended, `announced` what became of the webhook."""

    golden_set: str
    slot: AwareDatetime
    run_id: str
    state: SlotState = SlotState.QUEUED
    attempts: int = 0
    changed_at: AwareDatetime
    verdict: str = ""
    detail: str = ""
    announced: str = ""


class ScheduleStatus(Record):
    """A scheduled set as `assay status` shows it.

    `overdue_s` is how long the last slot has waited for a run that should have begun, 0 where none does. `problem` says
    why nothing is known: a manifest that cannot be read, or no beat that has looked at it yet.
    """

    golden_set: str
    last_slot: AwareDatetime | None = None
    next_slot: AwareDatetime | None = None
    record: SlotRecord | None = None
    overdue_s: float = 0.0
    problem: str = ""


class SlotBook:
    """The slots in the fleet's state."""

    def __init__(self, state: FleetState) -> None:
        self._state = state

    async def first_seen(self, name: str, schedule: Schedule, now: datetime) -> datetime:
        """When this schedule was first looked at: `now`, or an earlier call's; slots before it are nobody's.

        Without it a new schedule would be run at once, for the slot before it was written.
        """
        key = _first_key(name, schedule)
        raw = await self._state.keep(key, now.isoformat().encode(), ttl_s=KEPT_S)
        return datetime.fromisoformat(raw.decode())

    async def claim(self, record: SlotRecord) -> SlotRecord:
        """The record of a slot: this one if there was none yet."""
        raw = await self._state.keep(_slot_key(record.golden_set, record.slot), _packed(record), ttl_s=KEPT_S)
        return _unpacked(raw) or record

    async def put(self, record: SlotRecord) -> None:
        """Replace a slot's record."""
        key = _slot_key(record.golden_set, record.slot)
        await self._state.keep(key, _packed(record), ttl_s=KEPT_S, replace=True)

    async def record(self, name: str, slot: datetime) -> SlotRecord | None:
        """A slot's record, if it was ever claimed."""
        key = _slot_key(name, slot)
        raw = (await self._state.kept([key])).get(key)
        return _unpacked(raw) if raw is not None else None

    async def statuses(self, schedules: Mapping[str, Schedule], now: datetime) -> list[ScheduleStatus]:
        """How each scheduled set stands."""
        return [await self._status(name, schedule, now) for name, schedule in schedules.items()]

    async def _status(self, name: str, schedule: Schedule, now: datetime) -> ScheduleStatus:
        last = schedule.latest(now)
        key = _first_key(name, schedule)
        raw = (await self._state.kept([key])).get(key)
        status = ScheduleStatus(golden_set=name, next_slot=schedule.following(now))
        if raw is None:
            return status.model_copy(update={"problem": "no beat has looked at this schedule yet"})
        if last < datetime.fromisoformat(raw.decode()):
            return status
        record = await self.record(name, last)
        waits = record is None or record.state is SlotState.QUEUED
        late = now - last
        overdue = late.total_seconds() if waits and late > OVERDUE_AFTER else 0.0
        return status.model_copy(update={"last_slot": last, "record": record, "overdue_s": overdue})


def _first_key(name: str, schedule: Schedule) -> str:
    return f"golden:first:{name}:{digest_of(schedule.model_dump(mode='json'))[:16]}"


def _slot_key(name: str, slot: datetime) -> str:
    return f"golden:slot:{name}:{slot.isoformat()}"


def _packed(record: SlotRecord) -> bytes:
    return record.model_dump_json().encode()


def _unpacked(raw: bytes) -> SlotRecord | None:
    try:
        return SlotRecord.model_validate_json(raw)
    except ValidationError:
        return None  # written by another version; whoever needs the slot claims it anew
