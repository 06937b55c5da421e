"""A run that waits for a batch goes on or ends with a reason, whatever becomes of its schedule, and people see it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.scheduling.scheduler import ELSEWHERE
from assay.worker.golden.scheduling.slot_records import UNUSABLE_FOR, SlotState
from assay.worker.golden.scheduling.statuses import TOLD_FOR
from assay.worker.golden.scheduling.tick import Schedules, TickReport, read_schedules
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.sets.lock import freeze
from assay.worker.golden.sets.schedule import Schedule
from tests.integration.golden_home import EVIDENCE, GOOD, target
from tests.servers.chat_server import ChatServer
from tests.unit.worker.golden.scheduling.batch_runs import JUDGEMENTS, SLOT, BatchFleet, N, asked_rubric
from tests.unit.worker.golden.scheduling.test_judge_by_batch import travel

DAILY = {"daily": "06:00", "judge_by": "batch"}


def test_run_whose_schedule_is_taken_out_is_judged_by_what_its_batches_say(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        first = await fleet.begin()
        fleet.edit(schedule=None)
        assert await fleet.tick() == TickReport(), "its batch has not ended"
        (line,) = await fleet.statuses()
        assert "golden set bot: no schedule any more" in line
        assert f"{JUDGEMENTS} judgements wait for a batch since 2026-11-23 06:00 UTC" in line
        done = await fleet.finish()
        assert (done.run_id, done.state, done.verdict) == (first.run_id, SlotState.DONE, "pass")
        assert (len(application.requests), fleet.server.live) == (N, []), "nobody is asked anew"
        assert set(fleet.server.paid.values()) == {1}
        assert RunStore(fleet.data, "bot").waiting() == ()
        assert "no schedule any more; last run 2026-11-23 06:00 UTC done" in (await fleet.statuses())[0]
        fleet.later(seconds=TOLD_FOR.total_seconds() + 1)
        assert await fleet.statuses() == []
        assert await fleet.tick() == TickReport()

    known = {f"When was bridge number {n} opened?": {"response": GOOD, "contexts": [EVIDENCE]} for n in range(N)}
    with ChatServer(known) as application:
        travel(tmp_path, work, target=target(application), gate={"must_pass": []})


@pytest.mark.parametrize("new", ["Mon 06:00", "Mon 05:00", "Tue 06:00"])
def test_run_whose_schedule_is_changed_goes_on(tmp_path: Path, new: str) -> None:
    async def work(fleet: BatchFleet) -> None:
        first = await fleet.begin()
        fleet.edit(schedule={"weekly": [new, "Sun 03:00"], "judge_by": "batch"})
        assert (await fleet.tick()).due == ()
        assert any(f"{JUDGEMENTS} judgements wait" in line for line in await fleet.statuses())
        done = await fleet.finish()
        assert (done.run_id, done.state, fleet.server.live) == (first.run_id, SlotState.DONE, [])

    travel(tmp_path, work)


def test_run_of_an_earlier_slot_is_shown_beside_the_last_one(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.later(days=1)
        assert (await fleet.go_on()).slot == SLOT, "it is looked at again"
        (line,) = await fleet.statuses()
        assert "OVERDUE" not in line
        assert "2026-11-24 06:00 UTC queued" in line
        assert f"not ended: 2026-11-23 06:00 UTC waiting, {JUDGEMENTS} judgements wait for a batch since" in line

    travel(tmp_path, work, schedule=Schedule.model_validate(DAILY))


def test_earlier_run_that_nobody_takes_up_is_overdue(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.edit(schedule=None)
        fleet.later(hours=2)
        (line,) = await fleet.statuses()
        assert "OVERDUE by 90 minutes (due 2026-11-23 06:30 UTC)" in line
        assert f"{JUDGEMENTS} judgements wait" in line

    travel(tmp_path, work)


def test_run_whose_set_is_taken_away_waits_a_day_and_then_ends_with_the_reason(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        first = await fleet.begin()
        shutil.rmtree(fleet.home / "bot")
        fleet.schedules = Schedules(by_set={}, problems={})
        fleet.later(minutes=31)
        waits = await fleet.go_on()
        assert waits.state is SlotState.WAITING
        (line,) = await fleet.statuses()
        assert "cannot go on, and is given up at 2026-11-24 06:31 UTC: " in line
        assert "manifest.yaml" in line
        fleet.later(seconds=UNUSABLE_FOR.total_seconds())
        ended = await fleet.go_on()
        assert (ended.run_id, ended.state, ended.verdict) == (first.run_id, SlotState.FAILED, "error")
        assert "manifest.yaml" in ended.detail
        assert first.waits is not None
        assert f"it waited for {first.waits.batches[0]}; `assay batches cancel` ends" in ended.lines[1]
        (line,) = await fleet.statuses()
        assert "last run 2026-11-23 06:00 UTC failed, error, " in line
        assert RunStore(fleet.data, "bot").waiting() == ()
        assert await fleet.tick() == TickReport()

    travel(tmp_path, work)


def test_run_whose_manifest_is_broken_for_a_while_pays_nothing_twice(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        manifest = fleet.home / "bot" / "manifest.yaml"
        whole = manifest.read_text()
        manifest.write_text("schedule: [")
        fleet.schedules = read_schedules({"bot": fleet.home / "bot"})
        fleet.server.end()
        await fleet.collect()
        assert (await fleet.go_on()).state is SlotState.WAITING
        (line,) = await fleet.statuses()
        assert f"not ended: 2026-11-23 06:00 UTC waiting, {JUDGEMENTS} judgements wait" in line
        manifest.write_text(whole)
        fleet.schedules = read_schedules({"bot": fleet.home / "bot"})
        done = await fleet.finish()
        assert (done.state, set(fleet.server.paid.values()), fleet.server.live) == (SlotState.DONE, {1}, [])

    travel(tmp_path, work)


def test_run_that_cannot_go_on_lets_other_sets_go_first(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        shutil.rmtree(fleet.home / "bot")
        fleet.schedules = Schedules(by_set={"cat": Schedule(daily="07:00")}, problems={})
        await fleet.tick()
        fleet.later(minutes=31)
        await fleet.go_on()
        fleet.later(minutes=31)
        assert (await fleet.tick()).published == ("cat",)

    travel(tmp_path, work)


def test_unscheduled_run_whose_journal_is_gone_is_given_up_and_asks_nobody(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.edit(schedule=None)
        fleet.restart("other")
        fleet.later(minutes=31)
        assert (await fleet.tick()).published == ("bot",)
        assert await fleet.run() is None
        fleet.later(seconds=ELSEWHERE.total_seconds())
        ended = await fleet.go_on()
        assert ended.state is SlotState.FAILED
        assert "schedule: was taken out before this run had ended, and what it had done is not on" in ended.detail
        assert fleet.server.live == []
        assert len(await fleet.jobs()) == 1, "no further batch"

    travel(tmp_path, work)


def test_unscheduled_run_whose_set_changed_is_given_up_with_the_reason(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.edit(schedule=None, repeats=2)
        freeze(read_golden_set(fleet.home / "bot", asked_rubric))
        fleet.later(minutes=31)
        ended = await fleet.go_on()
        assert (ended.state, ended.verdict) == (SlotState.FAILED, "error")
        assert "schedule: was taken out before this run had ended, and it cannot go on" in ended.detail
        assert "set_digest: " in ended.detail
        assert fleet.server.live == []

    travel(tmp_path, work)


def test_live_run_that_its_worker_left_behind_is_given_up_where_no_schedule_wants_it(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.tick()
        fleet.clock.moment = SLOT
        await fleet.tick()
        record = await fleet.record()
        await fleet.book.put(record.model_copy(update={"state": SlotState.RUNNING, "attempts": 1}))
        fleet.edit(schedule=None)
        fleet.queue.clear()
        ended = await fleet.go_on()
        assert (ended.state, fleet.server.live) == (SlotState.FAILED, [])
        assert ended.detail.endswith("schedule: was taken out before this run had ended; it is given up")

    travel(tmp_path, work, schedule=Schedule(weekly="Mon 06:00"))


def test_live_run_that_its_worker_left_behind_is_ended_also_after_a_further_slot(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.tick()
        fleet.clock.moment = SLOT
        await fleet.tick()
        record = await fleet.record()
        await fleet.book.put(record.model_copy(update={"state": SlotState.RUNNING, "attempts": 1}))
        fleet.later(days=1)
        fleet.queue.clear()
        ended = [await fleet.go_on(), await fleet.go_on()]
        assert [(one.slot, one.state) for one in ended] == [
            (SLOT, SlotState.DONE),
            (SLOT + timedelta(days=1), SlotState.DONE),
        ]
        assert await fleet.tick() == TickReport()

    travel(tmp_path, work, schedule=Schedule(daily="06:00"), gate={"must_pass": []})
