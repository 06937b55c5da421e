"""One suite for every implementation of the provider batches."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from assay.worker.ports.batch_jobs import MOST_ROUNDS, MOST_TRIES, ONE_TRY, Claim
from assay.worker.ports.state import FleetState
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.records.ledger import LedgerState
from tests.contract.state.making import LATER, NOW, SOON, Run, promise, transition

A, B = Subject(rubric="grounding", trace_id="a"), Subject(rubric="grounding", trace_id="b")


def job(tag: str = "t1", **over: object) -> BatchJob:
    fields = {"tag": tag, "endpoint": "default", "model": "m", "intended_at": NOW, "total": 1}
    return BatchJob.model_validate({**fields, **over})


def test_call_is_of_the_first_collector_until_its_answer_is_here_for_all_who_wait(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        assert await jobs.claim("k", "t1", A) == Claim("t1")
        assert await jobs.claim("k", "t2", B) == Claim("t1")
        assert list(await jobs.intend(job("t1"), ["k", "other"])) == ["k"]
        assert list(await jobs.intend(job("t2"), ["k"])) == [], "only one of two may send it"
        assert list(await jobs.settle("t2", {"k": b"wrong"}, {})) == []
        assert list(await jobs.settle("t1", {"k": b"yes \xff"}, {})) == [A, B]
        assert list(await jobs.settle("t1", {"k": b"again"}, {})) == [], "collected twice"
        assert await jobs.claim("k", "t3", A) == Claim("", b"yes \xff")
        assert list(await jobs.keys("t1")) == []

    run(check)


def test_call_without_an_answer_is_free_again_and_made_at_once_after_its_last_try(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        for n in range(MOST_TRIES // ONE_TRY):
            assert await jobs.claim("k", f"t{n}", A) == Claim(f"t{n}")
            await jobs.intend(job(f"t{n}"), ["k"])
            assert list(await jobs.keys(f"t{n}")) == ["k"]
            assert list(await jobs.settle(f"t{n}", {}, {"k": ONE_TRY})) == [A]
        assert await jobs.claim("k", "last", A) == Claim("")

    run(check)


def test_one_that_was_refused_uses_no_try(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        for n in range(MOST_ROUNDS + 2):
            assert await jobs.claim("k", f"t{n}", A) == Claim(f"t{n}")
            await jobs.settle(f"t{n}", {}, {"k": 0})

    run(check)


def test_subject_whose_calls_never_end_is_asked_at_once(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        for n in range(MOST_ROUNDS):
            assert (await jobs.claim(f"k{n}", f"t{n}", A)).tag
        assert await jobs.claim("new", "new", A) == Claim("")
        assert (await jobs.claim("part", "t0", A)).tag == "t0", "another call in a batch that it is in already"
        assert (await jobs.claim("new", "new", B)).tag == "new"

    run(check)


def test_many_ask_at_once_and_one_gets_the_call(run: Run) -> None:
    async def check(state: FleetState) -> None:
        claims = await asyncio.gather(*(state.batch_jobs.claim("k", f"t{n}", A) for n in range(16)))
        assert len({claim.tag for claim in claims}) == 1

    run(check)


def test_jobs_come_in_order_and_as_they_were_saved(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        later = job("t2", intended_at=NOW + timedelta(seconds=1))
        await jobs.intend(later, [])
        await jobs.intend(job("t1"), [])
        sent = job("t1", state="sent", batch_id="b")
        assert await jobs.change("t1", {"state": "sent", "batch_id": "b"}) == sent
        assert list(await jobs.jobs()) == [sent, later]

    run(check)


def test_changes_at_the_same_time_all_hold(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        await jobs.intend(job(), [])
        changes: list[dict[str, object]] = [
            {"cancelled": True},
            {"state": "sent", "batch_id": "b"},
            {"word": "in_progress"},
            {"answered": 1},
            {"not_ours": ("x",)},
            {"total": 2},
        ]
        await asyncio.gather(*(jobs.change("t1", change) for change in changes))
        everything: dict[str, Any] = {name: value for change in changes for name, value in change.items()}
        assert list(await jobs.jobs()) == [job(**everything)]

    run(check)


def test_batch_that_has_ended_stays_so(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        await jobs.intend(job(state="sent", batch_id="b"), [])
        await jobs.change("t1", {"state": "ended", "answered": 1})
        for state_word in ("intended", "sent", "dropped"):
            after = await jobs.change("t1", {"state": state_word, "cancelled": True})
            assert after == job(state="ended", batch_id="b", answered=1, cancelled=True)
        await jobs.intend(job(), [])
        assert list(await jobs.jobs()) == [after], "it is noted once"
        assert await jobs.change("unknown", {"state": "sent"}) is None
        await jobs.intend(job("t2", state="dropped"), [])
        assert (await jobs.change("t2", {"state": "ended"})) == job("t2", state="dropped")
        assert (await jobs.change("t2", {"state": "sent", "batch_id": "c"})) == job("t2", state="sent", batch_id="c")

    run(check)


def test_first_one_that_takes_an_answer_pays_each_time_it_does(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs = state.batch_jobs
        for subject in (A, B):
            await jobs.claim("k", "t1", subject)
        await jobs.intend(job("t1"), ["k"])
        await jobs.settle("t1", {"k": b"yes"}, {})
        assert await jobs.claim("k", "t2", B) == Claim("", b"yes", is_paid=True)
        assert await jobs.claim("k", "t2", A) == Claim("", b"yes", is_paid=False)
        assert await jobs.claim("k", "t2", B) == Claim("", b"yes", is_paid=True)

    run(check)


def test_only_what_waits_for_the_reason_is_told(run: Run) -> None:
    async def check(state: FleetState) -> None:
        names = ["batch", "budget", "taken", "fresh"]
        await state.ledger.promise([promise(name) for name in names], now=NOW, due=SOON)
        await state.ledger.begin("grounding", names[:3], owner="m", now=NOW, until=LATER)
        due = NOW + timedelta(hours=9)
        held = [
            transition(
                name, LedgerState.OPEN, LedgerState.OPEN, due=due, held=True, reason=f"held_{word}", detail="old"
            )
            for name, word in (("batch", "batch"), ("budget", "budget"))
        ]
        await state.ledger.apply("grounding", held, now=NOW)
        before = await state.ledger.entries("grounding", names)
        asked = ["gone", *names]
        told = await state.waking.tell("grounding", asked, reason="held_batch", detail="it was refused")
        assert list(told) == ["batch"]
        after = await state.ledger.entries("grounding", names)
        assert after == {**before, "batch": before["batch"].model_copy(update={"detail": "it was refused"})}
        woken = await state.waking.wake("grounding", names, now=SOON)
        assert sorted(woken) == ["batch", "budget"], "it waits as before"

    run(check)


def test_more_calls_than_one_script_takes_are_settled_together(run: Run) -> None:
    async def check(state: FleetState) -> None:
        jobs, keys = state.batch_jobs, [f"k{n}" for n in range(1100)]
        for key in keys[::100]:
            await jobs.claim(key, "t", A)
        assert len(await jobs.intend(job("t", total=1100), keys)) == 11
        assert list(await jobs.settle("t", {}, dict.fromkeys(keys, 1))) == [A]
        assert list(await jobs.keys("t")) == []

    run(check)


def test_woken_entry_may_be_taken_and_what_it_waited_for_is_no_age(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a"), promise("b")], now=NOW, due=SOON)
        await state.ledger.begin("grounding", ["a"], owner="m", now=NOW, until=LATER)
        held = transition("a", LedgerState.OPEN, LedgerState.OPEN, due=NOW + timedelta(hours=9), held=True)
        await state.ledger.apply("grounding", [held], now=NOW)
        soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
        assert list(await state.ledger.begin("grounding", ["a"], owner="m", now=soon, until=later)) == []
        assert list(await state.waking.wake("grounding", ["a", "b", "c"], now=soon)) == ["a"], "only it waits"
        (entry,) = await state.ledger.begin("grounding", ["a"], owner="m", now=soon, until=later)
        assert entry.since == soon
        assert list(await state.waking.wake("grounding", ["a"], now=soon)) == [], "it is in hand"

    run(check)


def test_woken_entry_waits_in_the_backlog_for_its_release(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        await state.ledger.begin("grounding", ["a"], owner="m", now=NOW, until=LATER)
        held = transition("a", LedgerState.OPEN, LedgerState.OPEN, due=NOW + timedelta(hours=9), held=True)
        await state.ledger.apply("grounding", [held], now=NOW)
        assert list(await state.waking.wake("grounding", ["a"], now=LATER)) == ["a"]
        await state.backlog.enter([promise("a")], now=LATER)
        (lane,) = await state.backlog.lanes(LATER)
        assert lane.waiting == 1
        assert list(await state.waking.wake("grounding", ["a"], now=LATER)) == [], "it waits in one place alone"

    run(check)


def test_ledger_keeps_which_promises_may_wait_for_a_batch(run: Run) -> None:
    async def check(state: FleetState) -> None:
        waits = promise("b", by_batch=True)
        await state.ledger.promise([promise("a"), waits], now=NOW, due=SOON)
        entries = await state.ledger.entries("grounding", ["a", "b"])
        assert {trace_id: entry.promise.by_batch for trace_id, entry in entries.items()} == {"a": False, "b": True}
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=SOON)
        again = promise("a", rubric_hash="h2", by_batch=True)
        assert list(await state.reopening.reopen([again], now=SOON, due=LATER)) == [again]
        assert (await state.ledger.entries("grounding", ["a"]))["a"].promise == again

    run(check)
