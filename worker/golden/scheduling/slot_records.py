"""What became of the slots of scheduled golden sets: claimed once, kept in the state, shown in `assay status`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, ValidationError

from assay.judges.schema import Record
from assay.worker.golden.sets.files import digest_of
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.ports.key_values import KeyValues

KEPT_S = 400 * 24 * 3600
HEARD_KEPT_S = 24 * 3600
OVERDUE_AFTER = timedelta(minutes=10)
"""A slot so long after its time is overdue where it has not begun (no beat, no worker, or a long queue), and one that
has begun where its worker has not been heard of for so long."""


class SlotState(StrEnum):
    """How far a slot's run is. DONE says that it was judged, not that it passed; ANNOUNCING that its news is left.

    WAITING: it is put aside until a provider's batch has ended, and no worker has it in hand.
    """

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    ANNOUNCING = "announcing"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (SlotState.DONE, SlotState.FAILED)


class BatchWait(Record):
    """What a run that is put aside waits for.

    Attributes:
        since: when it was first put aside.
        judgements: how many wait now.
        batches: our tags of the batches, as `assay batches ls` shows them.
        rounds: how often it was put aside.
        look_at: when it is looked at in any case.
        missed_since: since when its answers could be collected, and no worker that has its journal came by.
        why: what it waits for, in words.
    """

    since: AwareDatetime
    judgements: int = 0
    batches: tuple[str, ...] = ()
    rounds: int = 1
    look_at: AwareDatetime
    missed_since: AwareDatetime | None = None
    why: str = ""

    def __str__(self) -> str:
        named = f" ({', '.join(self.batches)})" if self.batches else f": {self.why}" if self.why else ""
        return f"{self.judgements} judgements wait for a batch since {self.since:%Y-%m-%d %H:%M} UTC{named}"


class SlotRecord(Record):
    """One slot of one set.

    `verdict`, `detail` and, for the news, `lines` say how the run ended; `shown` what became of its experiment in the
    trace store, `announced` what became of the webhook. `waits` says what it waits for, or waited for before.
    """

    golden_set: str
    slot: AwareDatetime
    run_id: str
    state: SlotState = SlotState.QUEUED
    attempts: int = 0
    changed_at: AwareDatetime
    verdict: str = ""
    detail: str = ""
    lines: tuple[str, ...] = ()
    shown: str = ""
    announced: str = ""
    waits: BatchWait | None = None


class ScheduleStatus(Record):
    """A scheduled set as `assay status` shows it.

    `record` is of the last slot, `last_run` of the last one that ended. `overdue_s` is how long the last slot has
    waited for a run that nobody has in hand, 0 where none does. `problem` says why nothing is known: a manifest that
    cannot be read, or no beat that has looked at it yet.
    """

    golden_set: str
    last_slot: AwareDatetime | None = None
    next_slot: AwareDatetime | None = None
    record: SlotRecord | None = None
    last_run: SlotRecord | None = None
    overdue_s: float = 0.0
    problem: str = ""


class SlotBook:
    """The slots in the fleet's state."""

    def __init__(self, key_values: KeyValues) -> None:
        self._key_values = key_values

    async def first_seen(self, name: str, schedule: Schedule, now: datetime) -> datetime:
        """When this schedule was first looked at: `now`, or an earlier call's; slots before it are nobody's.

        Without it a new schedule would be run at once, for the slot before it was written.
        """
        key = _first_key(name, schedule)
        raw = await self._key_values.keep(key, now.isoformat().encode(), ttl_s=KEPT_S)
        return datetime.fromisoformat(raw.decode())

    async def claim(self, record: SlotRecord) -> SlotRecord:
        """The record of a slot: this one if there was none yet."""
        raw = await self._key_values.keep(_slot_key(record.golden_set, record.slot), _packed(record), ttl_s=KEPT_S)
        return _unpacked(raw) or record

    async def put(self, record: SlotRecord) -> None:
        """Replace a slot's record; one that has ended is its set's last run from then on."""
        if record.waits is not None:
            await self._note_waiting(record)
        keys = [_slot_key(record.golden_set, record.slot)]
        keys += [_last_key(record.golden_set)] if record.state.is_final else []
        for key in keys:
            await self._key_values.keep(key, _packed(record), ttl_s=KEPT_S, replace=True)

    async def waiting(self, name: str) -> list[SlotRecord]:
        """The runs of a set that were put aside and have not ended: also those of slots before the last one."""
        records = [await self.record(name, slot) for slot in await self._waiting_slots(name)]
        return [record for record in records if record is not None and not record.state.is_final]

    async def _note_waiting(self, record: SlotRecord) -> None:
        """Remember a slot whose run is put aside until it ends. Only who holds the lock of runs does this."""
        slots = set(await self._waiting_slots(record.golden_set))
        changed = slots - {record.slot} if record.state.is_final else slots | {record.slot}
        if changed != slots:
            value = json.dumps(sorted(slot.isoformat() for slot in changed)).encode()
            await self._key_values.keep(_waiting_key(record.golden_set), value, ttl_s=KEPT_S, replace=True)

    async def _waiting_slots(self, name: str) -> list[datetime]:
        key = _waiting_key(name)
        raw = (await self._key_values.kept([key])).get(key)
        return [datetime.fromisoformat(text) for text in json.loads(raw)] if raw is not None else []

    async def heard(self, run_id: str, now: datetime) -> None:
        """Note that a run's worker is alive."""
        await self._key_values.keep(_heard_key(run_id), now.isoformat().encode(), ttl_s=HEARD_KEPT_S, replace=True)

    async def record(self, name: str, slot: datetime) -> SlotRecord | None:
        """A slot's record, if it was ever claimed."""
        key = _slot_key(name, slot)
        raw = (await self._key_values.kept([key])).get(key)
        return _unpacked(raw) if raw is not None else None

    async def statuses(self, schedules: Mapping[str, Schedule], now: datetime) -> list[ScheduleStatus]:
        """How each scheduled set stands."""
        return [await self._status(name, schedule, now) for name, schedule in schedules.items()]

    async def _status(self, name: str, schedule: Schedule, now: datetime) -> ScheduleStatus:
        last = schedule.latest(now)
        first, ended = _first_key(name, schedule), _last_key(name)
        kept = await self._key_values.kept([first, ended])
        last_run = _unpacked(kept[ended]) if ended in kept else None
        status = ScheduleStatus(golden_set=name, next_slot=schedule.following(now), last_run=last_run)
        raw = kept.get(first)
        if raw is None:
            return status.model_copy(update={"problem": "no beat has looked at this schedule yet"})
        if last < datetime.fromisoformat(raw.decode()):
            return status
        record = await self.record(name, last)
        late = now - last
        waits = late > OVERDUE_AFTER and not await self._in_hand(record, now)
        overdue = late.total_seconds() if waits else 0.0
        return status.model_copy(update={"last_slot": last, "record": record, "overdue_s": overdue})

    async def _in_hand(self, record: SlotRecord | None, now: datetime) -> bool:
        """Whether nobody has to worry: the run has ended, or its worker was heard of lately."""
        if record is None or record.state is SlotState.QUEUED:
            return False
        if record.state.is_final:
            return True
        if record.state is SlotState.WAITING and record.waits is not None:
            return now - record.waits.look_at <= OVERDUE_AFTER
        key = _heard_key(record.run_id)
        raw = (await self._key_values.kept([key])).get(key)
        heard = record.changed_at if raw is None else max(record.changed_at, datetime.fromisoformat(raw.decode()))
        return now - heard <= OVERDUE_AFTER


def _first_key(name: str, schedule: Schedule) -> str:
    # How it is judged does not change when it is due.
    times = schedule.model_dump(mode="json", exclude={"judge_by"})
    return f"golden:first:{name}:{digest_of(times)[:16]}"


def _last_key(name: str) -> str:
    return f"golden:last:{name}"


def _waiting_key(name: str) -> str:
    return f"golden:waiting:{name}"


def _heard_key(run_id: str) -> str:
    return f"golden:heard:{run_id}"


def _slot_key(name: str, slot: datetime) -> str:
    return f"golden:slot:{name}:{slot.isoformat()}"


def _packed(record: SlotRecord) -> bytes:
    return record.model_dump_json().encode()


def _unpacked(raw: bytes) -> SlotRecord | None:
    try:
        return SlotRecord.model_validate_json(raw)
    except ValidationError:
        return None  # written by another version; whoever needs the slot claims it anew
