"""What became of the slots of scheduled golden sets: claimed once, kept in the state, shown in `assay status`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, ValidationError

from assay.judges.schema import Record
from assay.worker.golden.scheduling.run_figures import RunFigures
from assay.worker.golden.sets.files import digest_of
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.ports.key_values import KeyValues

KEPT_S = 400 * 24 * 3600
HEARD_KEPT_S = 24 * 3600
OVERDUE_AFTER = timedelta(minutes=10)
"""A slot so long after its time is overdue where it has not begun (no beat, no worker, or a long queue), and one that
has begun where its worker has not been heard of for so long."""

UNUSABLE_FOR = timedelta(days=1)
"""How long the set or the judge of a run that waits may be unusable, e.g. in the middle of an edit, before the run is
given up."""


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
        unusable_since: since when it could go on, and the set or its judge could not be used.
        why: what it waits for, or why it cannot go on, in words.
    """

    since: AwareDatetime
    judgements: int = 0
    batches: tuple[str, ...] = ()
    rounds: int = 1
    look_at: AwareDatetime
    missed_since: AwareDatetime | None = None
    unusable_since: AwareDatetime | None = None
    why: str = ""

    def __str__(self) -> str:
        named = f" ({', '.join(self.batches)})" if self.batches else ""
        why = f": {self.why}" if self.why and not self.batches else ""
        if self.unusable_since is not None:
            end = self.unusable_since + UNUSABLE_FOR
            why = f"; cannot go on, and is given up at {end:%Y-%m-%d %H:%M} UTC: {self.why}"
        return f"{self.judgements} judgements wait for a batch since {self.since:%Y-%m-%d %H:%M} UTC{named}{why}"


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

    `record` is of the last slot, `last_run` of the last one that ended, and `figures` what that
    came to. `others` are runs of earlier slots that have
    begun and not ended. `overdue_s` is how long the last slot, or one of these, has waited for somebody to take it in
    hand, 0 where none does. `overdue_since` is when that one was due. `problem` says why nothing is known: a manifest
    that cannot be read, or no beat that has looked at it yet. A set whose schedule was taken out has no slots, only
    runs.
    """

    golden_set: str
    last_slot: AwareDatetime | None = None
    next_slot: AwareDatetime | None = None
    record: SlotRecord | None = None
    last_run: SlotRecord | None = None
    figures: RunFigures | None = None
    others: tuple[SlotRecord, ...] = ()
    overdue_s: float = 0.0
    overdue_since: AwareDatetime | None = None
    problem: str = ""

    @property
    def is_unscheduled(self) -> bool:
        """Whether the set has no schedule any more, or is not there any more: only runs of it are."""
        return self.next_slot is None and not self.problem


_BEGUN_KEY = "golden:begun"
"""Which runs have begun and not ended, by set: of sets that no schedule names any more, nothing else would tell."""


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
        """Replace a slot's record; one that has ended is its set's last run from then on.

        Only who holds the lock of runs does this.
        """
        await self._note_begun(record)
        keys = [_slot_key(record.golden_set, record.slot)]
        keys += [_last_key(record.golden_set)] if record.state.is_final else []
        for key in keys:
            await self._key_values.keep(key, _packed(record), ttl_s=KEPT_S, replace=True)

    async def begun(self) -> Mapping[str, Sequence[SlotRecord]]:
        """By set, the runs that have begun and not ended, oldest first; nothing where all have ended.

        Also of slots before the last one, and of sets whose schedule was changed or taken out.
        """
        open_runs = {}
        for name, slots in (await self._begun_slots()).items():
            records = [await self.record(name, slot) for slot in slots]
            open_runs[name] = [record for record in records if record is not None and not record.state.is_final]
        return open_runs

    async def _note_begun(self, record: SlotRecord) -> None:
        """Remember a run until it has ended, and its set for longer: how its last run ended is still to be told."""
        before = await self._begun_slots()
        slots = set(before.get(record.golden_set, ()))
        changed = slots - {record.slot} if record.state.is_final else slots | {record.slot}
        if changed != slots or record.golden_set not in before:
            after = {**before, record.golden_set: sorted(changed)}
            value = json.dumps({name: [slot.isoformat() for slot in listed] for name, listed in after.items()})
            await self._key_values.keep(_BEGUN_KEY, value.encode(), ttl_s=KEPT_S, replace=True)

    async def _begun_slots(self) -> dict[str, list[datetime]]:
        raw = (await self._key_values.kept([_BEGUN_KEY])).get(_BEGUN_KEY)
        listed = json.loads(raw) if raw is not None else {}
        return {name: [datetime.fromisoformat(text) for text in slots] for name, slots in listed.items()}

    async def heard(self, run_id: str, now: datetime) -> None:
        """Note that a run's worker is alive."""
        await self._key_values.keep(_heard_key(run_id), now.isoformat().encode(), ttl_s=HEARD_KEPT_S, replace=True)

    async def record(self, name: str, slot: datetime) -> SlotRecord | None:
        """A slot's record, if it was ever claimed."""
        key = _slot_key(name, slot)
        raw = (await self._key_values.kept([key])).get(key)
        return _unpacked(raw) if raw is not None else None

    async def seen_since(self, name: str, schedule: Schedule) -> datetime | None:
        """When this schedule was first looked at; None: it never was."""
        key = _first_key(name, schedule)
        raw = (await self._key_values.kept([key])).get(key)
        return datetime.fromisoformat(raw.decode()) if raw is not None else None

    async def last_run(self, name: str) -> SlotRecord | None:
        """The run of a set that ended last."""
        key = _last_key(name)
        raw = (await self._key_values.kept([key])).get(key)
        return _unpacked(raw) if raw is not None else None

    async def keep_figures(self, name: str, figures: RunFigures) -> None:
        """What a set's last run came to. Apart from its slot, whose form older workers know."""
        await self._key_values.keep(_figures_key(name), figures.model_dump_json().encode(), ttl_s=KEPT_S, replace=True)

    async def figures(self, run: SlotRecord | None) -> RunFigures | None:
        """What a run came to that ended as the last of its set; None: it could not be made."""
        if run is None:
            return None
        key = _figures_key(run.golden_set)
        raw = (await self._key_values.kept([key])).get(key)
        try:
            figures = RunFigures.model_validate_json(raw) if raw is not None else None
        except ValidationError:
            return None
        return figures if figures is not None and figures.run_id == run.run_id else None

    async def is_in_hand(self, record: SlotRecord | None, now: datetime) -> bool:
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


def _heard_key(run_id: str) -> str:
    return f"golden:heard:{run_id}"


def _slot_key(name: str, slot: datetime) -> str:
    return f"golden:slot:{name}:{slot.isoformat()}"


def _figures_key(name: str) -> str:
    return f"golden:figures:{name}"


def _packed(record: SlotRecord) -> bytes:
    return record.model_dump_json().encode()


def _unpacked(raw: bytes) -> SlotRecord | None:
    try:
        return SlotRecord.model_validate_json(raw)
    except ValidationError:
        return None  # written by another version; whoever needs the slot claims it anew
