"""Scheduled runs that are judged by a provider's batches: paid once, never a pass by what did not run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.judges.models.batches.deferral import DeferredAnswer, DeferredCall
from assay.worker.flow.batch_calls.desk import SampleDesk
from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.golden.results.run_result import ExamState
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.scheduling.scheduled_job import LONGEST_WAIT
from assay.worker.golden.scheduling.scheduler import ELSEWHERE
from assay.worker.golden.scheduling.slot_records import SlotBook, SlotState
from assay.worker.golden.scheduling.tick import TickReport, schedule_statuses
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.reporting.terminal.schedules import schedule_line
from tests.integration.golden_home import EVIDENCE, GOOD, anchors, target
from tests.servers.batch_servers import BatchServer, Fault
from tests.servers.chat_server import ChatServer
from tests.unit.worker.golden.scheduling.batch_runs import BAD, JUDGEMENTS, SLOT, BatchFleet, N, decided
from tests.unit.worker.golden.scheduling.test_scheduler import Fleet


def travel(home: Path, work: Callable[[BatchFleet], Awaitable[None]], **manifest: Any) -> None:
    """Let a fleet with one server do this."""

    async def main() -> None:
        with BatchServer() as server:
            fleet = BatchFleet(home, server, **manifest)
            try:
                await work(fleet)
            finally:
                await fleet.close()

    asyncio.run(main())


def test_run_by_batches_comes_to_what_a_live_run_comes_to_at_half_the_price(tmp_path: Path) -> None:
    async def live(fleet: BatchFleet) -> None:
        record = await fleet.begin()
        assert record.state is SlotState.DONE
        results.append(fleet.result(record.run_id))
        assert (len(fleet.server.live), len(fleet.server.paid)) == (JUDGEMENTS + 4, 0)

    async def by_batch(fleet: BatchFleet) -> None:
        first = await fleet.begin()
        assert first.state is SlotState.WAITING
        assert first.waits is not None
        assert (first.waits.judgements, len(first.waits.batches)) == (JUDGEMENTS, 1)
        assert await fleet.tick() == TickReport(), "nothing goes on before the batch has ended"
        fleet.server.end()
        await fleet.collect()
        second = await fleet.go_on()
        assert second.waits is not None
        assert (second.state, second.waits.judgements, second.waits.rounds) == (SlotState.WAITING, 4, 2), "confirming"
        done = await fleet.finish(1)
        assert done.state is SlotState.DONE
        results.append(fleet.result(done.run_id))
        assert fleet.server.live == []
        assert (len(fleet.server.paid), set(fleet.server.paid.values())) == (JUDGEMENTS + 4, {1})
        assert [len(lines) for lines in fleet.server.lines.values()] == [JUDGEMENTS, 4], "one batch a round"
        assert set(fleet.money.reserved) == set(fleet.money.ended), "what was reserved is settled"
        assert await fleet.tick() == TickReport()

    results: list[Any] = []
    travel(tmp_path / "live", live, schedule=Schedule(weekly="Mon 06:00"))
    travel(tmp_path / "batch", by_batch)
    alone, batched = results
    assert decided(alone.model_dump(mode="json")) == decided(batched.model_dump(mode="json"))
    assert alone.verdict is GateVerdict.REGRESSED
    assert alone.must_pass_failures == BAD
    assert (alone.judged_by, batched.judged_by) == ("live", "batch")
    assert batched.cost_usd == pytest.approx(alone.cost_usd / 2)
    assert batched.exam.cost_usd == pytest.approx(alone.exam.cost_usd / 2)


@pytest.mark.parametrize("word", ["expired", "cancelled"])
def test_batch_that_ends_early_is_followed_by_another_one_and_then_by_live_calls(tmp_path: Path, word: str) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        for share in (0.5, 0.5):
            fleet.server.end(word, share=share)
            await fleet.collect()
            record = await fleet.go_on()
        done = record if record.state.is_final else await fleet.finish()
        assert done.state is SlotState.DONE
        result = fleet.result(done.run_id)
        assert (result.candidate_missing, result.verdict) == (0, GateVerdict.REGRESSED)
        assert set(fleet.server.paid.values()) == {1}
        assert len(fleet.server.paid) + len(fleet.server.live) == JUDGEMENTS + 4
        assert 0 < len(fleet.server.live) <= JUDGEMENTS // 4

    travel(tmp_path, work)


def test_worker_that_dies_while_a_batch_is_out_costs_nothing(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.restart()
        done = await fleet.finish()
        assert done.state is SlotState.DONE
        assert (len(fleet.server.paid), set(fleet.server.paid.values())) == (JUDGEMENTS + 4, {1})
        assert fleet.server.live == []

    travel(tmp_path, work)


def test_worker_that_dies_while_it_sends_pays_once(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        fleet.server.faults = [Fault("POST /v1/batches", 0, is_done=True)]
        await fleet.begin()
        fleet.restart()
        fleet.later(minutes=16)
        assert await fleet.tick() == TickReport(), "it may still be on its way"
        done = await fleet.finish()
        assert done.state is SlotState.DONE
        assert (len(fleet.server.paid), set(fleet.server.paid.values())) == (JUDGEMENTS + 4, {1})
        assert len(fleet.server.batches) == 2

    travel(tmp_path, work)


def test_run_whose_journal_lies_elsewhere_is_left_to_that_machine_for_an_hour(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.server.end()
        await fleet.collect()
        fleet.restart("other")
        await fleet.tick()
        assert await fleet.run() is None
        fleet.later(seconds=ELSEWHERE.total_seconds() - 1)
        await fleet.tick()
        assert await fleet.run() is None
        assert (await fleet.record()).state is SlotState.WAITING
        fleet.later(seconds=1)
        assert (await fleet.go_on()).state is SlotState.WAITING
        done = await fleet.finish()
        assert done.state is SlotState.DONE
        assert set(fleet.server.paid.values()) == {1}, "equal answers are the same calls"

    travel(tmp_path, work)


def test_run_that_waits_outlives_the_next_slot_and_both_end(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        first = await fleet.begin()
        fleet.later(days=1)
        report = await fleet.tick()
        assert (report.due, report.published) == (("bot",), ("bot",)), "it is looked at again after half an hour"
        fleet.queue.clear()
        ended = []
        for _ in range(12):
            fleet.server.end()
            await fleet.collect()
            if (await fleet.tick()).published:
                record = await fleet.run()
                ended += [record] if record is not None and record.state.is_final else []
        assert [record.slot for record in ended] == [SLOT, SLOT + timedelta(days=1)]
        assert ended[0].run_id == first.run_id
        assert set(fleet.server.paid.values()) == {1}
        assert len(fleet.server.paid) == 2 * (JUDGEMENTS + 4), "each run is judged for itself"

    travel(tmp_path, work, schedule=Schedule(daily="06:00", judge_by="batch"))


def test_what_no_batch_brought_within_a_week_is_missing_and_passes_nothing(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.later(seconds=LONGEST_WAIT.total_seconds() - 1)
        assert (await fleet.go_on()).state is SlotState.WAITING
        fleet.later(minutes=31)
        done = await fleet.go_on()
        assert (done.state, done.verdict) == (SlotState.DONE, "inconclusive")
        result = fleet.result(done.run_id)
        assert result.verdict is GateVerdict.INCONCLUSIVE
        assert result.candidate_missing == 12
        assert fleet.server.live == []

    travel(tmp_path, work)


def test_endpoint_without_batches_fails_the_slot_before_anything_is_asked(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        fleet.server.faults = [Fault("GET /v1/batches", 404)]
        record = await fleet.begin()
        assert (record.state, record.verdict) == (SlotState.FAILED, "error")
        assert "default may have no batches: leave schedule.judge_by: batch out" in record.detail
        assert fleet.server.live == []

    travel(tmp_path, work)


def test_provider_that_is_down_when_a_run_begins_fails_no_slot(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        fleet.server.faults = [Fault("GET /v1/batches", 503)] * 5
        assert (await fleet.begin()).state is SlotState.WAITING
        assert (await fleet.finish()).state is SlotState.DONE
        assert fleet.server.live == []

    travel(tmp_path, work)


def test_set_without_a_baseline_is_run_and_examined_by_batch(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        assert (await fleet.begin()).state is SlotState.WAITING
        assert [len(lines) for lines in fleet.server.lines.values()] == [N + 24]
        done = await fleet.finish()
        assert (done.state, done.verdict) == (SlotState.DONE, "complete")
        run = RunStore(fleet.data, "bot").run(done.run_id)
        assert (run.judged_by, run.missing, fleet.server.live) == ("batch", 0, [])

    travel(tmp_path, work, baseline=None)


def test_run_that_nobody_here_has_lets_other_sets_go_first(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        fleet.restart("other")
        fleet.schedules.by_set["cat"] = Schedule(daily="07:00")
        fleet.later(minutes=31)
        assert (await fleet.tick()).published == ("bot",), "its journal is missed from now on"
        assert await fleet.run() is None
        fleet.later(minutes=30)
        assert (await fleet.tick()).published == ("cat",)

    travel(tmp_path, work)


def test_refused_batch_is_told_and_tried_again(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        fleet.server.faults = [Fault("POST /v1/batches", 400)]
        await fleet.begin()
        again = await fleet.go_on()
        assert again.waits is not None
        assert (again.state, again.waits.batches) == (SlotState.WAITING, ())
        assert "the last batch was refused" in str(again.waits)
        assert await fleet.tick() == TickReport()

    travel(tmp_path, work)


def test_status_says_that_a_run_waits_since_when_and_for_which_batch(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        record = await fleet.begin()
        assert record.waits is not None
        fleet.later(minutes=20)
        (status,) = await schedule_statuses(fleet.state.key_values, fleet.schedules, fleet.clock.now())
        line = schedule_line(status).plain
        assert f"{JUDGEMENTS} judgements wait for a batch since 2026-11-23 06:00 UTC" in line
        assert record.waits.batches[0] in line
        assert status.overdue_s == 0
        (waiting,) = RunStore(fleet.data, "bot").waiting()
        assert (waiting.since, waiting.judgements, waiting.batches) == (SLOT, JUDGEMENTS, record.waits.batches)
        fleet.later(minutes=30)
        (status,) = await schedule_statuses(fleet.state.key_values, fleet.schedules, fleet.clock.now())
        assert status.overdue_s > 0, "nobody looked at it for too long"
        await fleet.finish()
        assert RunStore(fleet.data, "bot").waiting() == ()

    travel(tmp_path, work)


def test_repeats_with_the_same_answer_are_judged_for_themselves_in_one_batch(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        record = await fleet.begin()
        assert record.waits is not None
        assert record.waits.judgements == 4 * N + 24
        assert [len(lines) for lines in fleet.server.lines.values()] == [4 * N + 24]
        assert (await fleet.finish()).state is SlotState.DONE
        assert set(fleet.server.paid.values()) == {1}

    travel(tmp_path, work, repeats=2)


def test_judge_that_fails_its_exam_is_confirmed_in_a_further_batch(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        done = await fleet.finish()
        assert [len(lines) for lines in fleet.server.lines.values()] == [JUDGEMENTS, 2 * 24 + 4]
        exam = fleet.result(done.run_id).exam
        assert exam is not None
        assert (exam.state, exam.confirmed, exam.usage.calls) == (ExamState.BELOW_BAR, 24, 3 * 24)
        assert fleet.server.live == []

    travel(tmp_path, work, labelled=anchors(right=False))


def test_exam_is_confirmed_by_all_of_its_anchors_and_not_by_those_that_came_first(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        (lines,) = fleet.server.lines.values()
        late = next(line["custom_id"] for line in lines if "bridge number" not in json.dumps(line))
        fleet.server.line_status[late] = 429
        fleet.server.end()
        await fleet.collect()
        fleet.server.line_status.clear()
        await fleet.go_on()
        await fleet.finish()
        assert [len(lines) for lines in fleet.server.lines.values()] == [N + 24, 1, 2 * 24]

    travel(tmp_path, work, labelled=anchors(right=False), baseline=None, gate={"min_completed": 0.5})


def test_target_is_asked_once_and_live_however_long_its_judge_takes(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        answer_to, asked_before = fleet.desk.answer_to, set()

        async def noted(call: DeferredCall, sample: SampleDesk) -> DeferredAnswer | None:
            asked_before.add(len(application.requests))
            return await answer_to(call, sample)

        fleet.desk.answer_to = noted  # type: ignore[method-assign]
        await fleet.begin()
        assert asked_before == {N}, "all answers are here before the first one is handed in: one batch takes them"
        fleet.restart()
        done = await fleet.finish()
        assert len(application.requests) == N
        result = fleet.result(done.run_id)
        assert (result.candidate_missing, fleet.server.live) == (3, []), "what was not answered stays so"
        assert all(pair.candidate[0].target_latency_s for pair in result.pairs[: N - 3])

    known = {f"When was bridge number {n} opened?": {"response": GOOD, "contexts": [EVIDENCE]} for n in range(N - 3)}
    with ChatServer(known) as application:
        travel(tmp_path, work, target=target(application))


def test_set_whose_schedule_says_live_meanwhile_is_judged_live_at_once(tmp_path: Path) -> None:
    async def work(fleet: BatchFleet) -> None:
        await fleet.begin()
        manifest = fleet.home / "bot" / "manifest.yaml"
        manifest.write_text(manifest.read_text().replace("judge_by: batch", "judge_by: live"))
        fleet.later(minutes=31)
        done = await fleet.go_on()
        assert (done.state, len(fleet.server.live)) == (SlotState.DONE, JUDGEMENTS + 4)

    travel(tmp_path, work)


def test_how_a_set_is_judged_does_not_change_when_it_is_due() -> None:
    async def both(fleet: Fleet) -> bool:
        book = SlotBook(fleet.state.key_values)
        first = await book.first_seen("bot", Schedule(daily="06:00"), SLOT)
        later = SLOT + timedelta(days=1)
        return first == await book.first_seen("bot", Schedule(daily="06:00", judge_by="batch"), later)

    assert asyncio.run(both(Fleet()))
