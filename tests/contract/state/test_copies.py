"""One suite for every implementation of the copies that wait for further places."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.copies import Copy, CopyCounts, CopyKey, EndedCopies
from assay.worker.ports.state import FleetState
from tests.contract.state.making import LATER, NOW, SOON, Run

KEYS = (CopyKey("grounding", "rag~a-💥"), CopyKey("grounding", "b"), CopyKey("tone", "b"))


def test_copy_is_given_to_one_taker_at_a_time_and_waits_by_place(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.copies.ask("audit", [*KEYS, KEYS[0]], now=NOW)
        await state.copies.ask("audit", [], now=NOW)
        first = await state.copies.due("audit", now=NOW, until=SOON, limit=2)
        rest = await state.copies.due("audit", now=NOW, until=SOON, limit=9)
        assert sorted(copy.key for copy in (*first, *rest)) == sorted(KEYS)
        assert len(first) == 2
        assert await state.copies.due("audit", now=NOW, until=SOON, limit=9) == []
        assert await state.copies.due("other", now=LATER, until=LATER, limit=9) == []
        assert len(await state.copies.due("audit", now=SOON, until=LATER, limit=9)) == 3

    run(check)


def test_copy_that_was_put_off_comes_as_it_was_given(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.copies.ask("audit", KEYS[:1], now=NOW)
        (copy,) = await state.copies.due("audit", now=NOW, until=SOON, limit=9)
        written = copy.model_copy(update={"writes": 1, "written_at": NOW + timedelta(microseconds=7)})
        await state.copies.put_off("audit", [written], due=SOON)
        assert await state.copies.counts("audit") == CopyCounts(written=1, oldest=NOW)
        assert await state.copies.due("audit", now=NOW, until=SOON, limit=9) == []
        assert await state.copies.due("audit", now=SOON, until=LATER, limit=9) == [written]
        await state.copies.put_off("audit", [written.model_copy(update={"written_at": None})], due=SOON)
        assert await state.copies.counts("audit") == CopyCounts(waiting=1, oldest=NOW)

    run(check)


def test_copy_that_ended_is_counted_once(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.copies.ask("audit", KEYS, now=NOW)
        copies = await state.copies.due("audit", now=NOW, until=SOON, limit=9)
        for _ in range(2):
            await state.copies.end("audit", copies[:1], "given_up", "too_old")
            await state.copies.end("audit", copies[1:2], "verified")
        ended = (
            EndedCopies(outcome="given_up", reason="too_old", traces=1),
            EndedCopies(outcome="verified", traces=1),
        )
        assert await state.copies.counts("audit") == CopyCounts(waiting=1, oldest=NOW, ended=ended)
        await state.copies.put_off("audit", copies[:1], due=NOW)
        assert await state.copies.due("audit", now=NOW, until=SOON, limit=9) == []

    run(check)


def test_copy_that_is_asked_for_anew_outlives_the_end_of_the_old_one(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.copies.ask("audit", KEYS[:1], now=NOW)
        (old,) = await state.copies.due("audit", now=NOW, until=SOON, limit=9)
        await state.copies.ask("audit", KEYS[:1], now=SOON)
        await state.copies.end("audit", [old], "verified")
        await state.copies.put_off("audit", [old], due=LATER)
        fresh = Copy(rubric=old.rubric, trace_id=old.trace_id, asked_at=SOON)
        assert await state.copies.due("audit", now=SOON, until=LATER, limit=9) == [fresh]
        assert await state.copies.counts("audit") == CopyCounts(waiting=1, oldest=SOON)

    run(check)


def test_places_are_known_by_when_copies_were_last_asked_for(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.copies.places(since=NOW) == []
        await state.copies.ask("old", KEYS[:1], now=NOW)
        await state.copies.ask("audit", KEYS[:1], now=NOW)
        await state.copies.ask("none", [], now=NOW)
        assert await state.copies.places(since=NOW) == ["audit", "old"]
        await state.copies.ask("audit", KEYS[1:], now=SOON)
        assert await state.copies.places(since=SOON) == ["audit"]

    run(check)
