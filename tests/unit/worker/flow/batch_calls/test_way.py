"""Every trace scored once and each request paid once, whatever happens to a batch on its way. Counted at the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from assay.judges.models.endpoint_settings import ProtocolName
from assay.judges.prices import PriceTable
from assay.judges.schema import Usage
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.batch_jobs import MOST_ROUNDS
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.records.ledger import LedgerState
from tests.builders import NOW
from tests.servers.batch_servers import BatchServer, Fault
from tests.unit.worker.flow.batch_calls.way import MODEL, Way
from tests.unit.worker.flow.pipeline import traces

N = 20
WAITS = {(LedgerState.OPEN, "held_batch"): N}
CREATION = {"openai": "POST /v1/batches", "anthropic": "POST /anthropic/v1/messages/batches"}
UNSURE = {"minutes": 16}
BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def travel(work: Callable[[Way], Awaitable[None]], *, protocol: ProtocolName = "openai", n: int = N) -> None:
    """Run a way through one server, from open promises on."""

    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, traces(n), protocol=protocol)
            try:
                await way.begin()
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


async def arrive(way: Way, n: int = N) -> None:
    """Collect and judge what has come: all of it is scored, and was paid once."""
    await way.collect()
    await way.assess()
    assert await way.states() == {(LedgerState.JUDGED, ""): n}
    assert len(way.server.paid) + len(way.server.live) == n
    assert set(way.server.paid.values()) <= {1}
    assert set(way.money.reserved) <= set(way.money.ended), "what was reserved is settled"


async def send_all(way: Way) -> None:
    """Judge until all calls wait for a batch, and send it."""
    await way.assess()
    assert await way.states() == WAITS
    await way.send()


@BOTH
def test_traces_wait_without_age_and_are_judged_when_their_batch_has_ended(protocol: ProtocolName) -> None:
    async def work(way: Way) -> None:
        report = await way.assess()
        assert (report.batched, report.held, report.retried) == (N, 0, 0)
        await way.send()
        way.later(hours=20)
        assert (await way.collect()).is_empty, "it has not ended"
        way.server.end()
        collected = await way.collect()
        assert (collected.ended, collected.answered, collected.woken) == (1, N, N)
        await arrive(way)
        assert way.server.live == []
        entries = (await way.entries()).values()
        assert {entry.attempts for entry in entries} == {0}
        assert {way.clock.now() - entry.since for entry in entries} == {timedelta()}, "waiting is no age"
        assert way.server.keys == {"Bearer k" if protocol == "openai" else "k"}
        assert (way.server.files, way.server.results) == ({}, way.server.results if protocol == "openai" else {})

    travel(work, protocol=protocol)


def test_verdict_costs_half_the_list_price() -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        way.server.end()
        await way.collect()
        await way.assess()
        (entry, *_) = (await way.entries()).values()
        key = entry.judgement.verdict_key if entry.judgement else ""
        live = PriceTable.load().cost(MODEL, await usage_of(way, key))
        assert entry.judgement is not None
        assert live is not None
        assert entry.judgement.cost_usd == pytest.approx(live / 2)

    travel(work)


async def usage_of(way: Way, key: str) -> Usage:
    """What the kept verdict says was used."""
    kept = unpack((await way.state.verdicts.kept([key]))[key])
    assert kept is not None
    assert kept.outcome.verdict is not None
    return kept.outcome.verdict.usage


@BOTH
def test_creation_that_was_not_answered_is_looked_up_and_never_made_twice(protocol: ProtocolName) -> None:
    async def work(way: Way) -> None:
        way.server.faults = [Fault(CREATION[protocol], 0, is_done=True)]
        await send_all(way)
        way.restart()  # the process died between creation and its note
        assert (await way.collect()).is_empty, "it may still be on its way"
        await way.assess()
        way.later(**UNSURE)
        way.server.end()
        assert (await way.collect()).answered == N
        await arrive(way)
        assert len(way.server.batches) == 1

    travel(work, protocol=protocol)


@BOTH
def test_batch_that_never_was_begun_is_sent_again(protocol: ProtocolName) -> None:
    async def work(way: Way) -> None:
        way.server.faults = [Fault(CREATION[protocol], 0)]
        await send_all(way)
        way.restart()
        way.later(**UNSURE)
        report = await way.collect()
        assert (report.dropped, report.freed, report.woken) == (1, N, N)
        await send_all(way)
        way.server.end()
        await arrive(way)
        assert way.server.live == []

    travel(work, protocol=protocol)


@pytest.mark.parametrize("fault", [Fault("POST /v1/files", 500), Fault("POST /v1/files", 0), Fault("/v1/batches", 401)])
def test_batch_that_was_refused_costs_nothing_and_no_other_is_sent_at_once(fault: Fault) -> None:
    async def work(way: Way) -> None:
        way.server.faults = [fault]
        await send_all(way)
        (job,) = await way.jobs()
        assert (job.state, job.word.startswith("refused: ")) == ("dropped", True)
        asked = sum(way.server.asked.values())
        way.later(hours=1)
        await way.assess()
        await way.send()
        assert sum(way.server.asked.values()) == asked, "where one was refused, none is sent for ten minutes"
        assert (await way.entries())["t0"].detail.startswith("the last batch was refused: ")
        way.restart()
        way.later(hours=1)
        await send_all(way)
        way.server.end()
        await arrive(way)

    travel(work)


def test_batch_that_expires_with_half_of_its_lines_is_tried_once_more_and_then_asked_live() -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        way.server.end("expired", share=0.5)
        report = await way.collect()
        assert (report.answered, report.freed, report.woken) == (N // 2, N // 2, N)
        await way.assess()
        assert (await way.states())[LedgerState.JUDGED, ""] == N // 2
        await way.send()
        way.server.end("expired", share=0.5)
        await arrive(way)
        assert (len(way.server.paid), len(way.server.live)) == (15, 5)

    travel(work)


@BOTH
def test_cancelled_batch_keeps_what_it_has_answered_and_the_rest_is_asked_live(protocol: ProtocolName) -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        (job,) = await way.jobs()
        assert await way.collector.cancel("assay-unknown") is None
        assert await way.collector.cancel(job.tag) is not None
        assert await way.state.batch_jobs.jobs() == [job.model_copy(update={"cancelled": True})]
        await way.collect()
        way.server.end("cancelled", share=0.25)
        await arrive(way)
        assert (len(way.server.paid), len(way.server.live)) == (5, 15)

    travel(work, protocol=protocol)


def test_lines_that_were_rejected_are_asked_live_at_once() -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        way.server.line_status = {"*": 400}
        way.server.end()
        await way.collect()
        await way.assess()
        assert (len(way.server.batches), len(way.server.live)) == (1, N)
        assert await way.states() == {(LedgerState.JUDGED, ""): N}

    travel(work)


@pytest.mark.parametrize("status", [429, 500, 529])
def test_lines_that_may_pass_go_into_one_more_batch(status: int) -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        way.server.line_status = {"*": status}
        way.server.end()
        await way.collect()
        way.server.line_status = {}
        await send_all(way)
        way.server.end()
        await arrive(way)
        assert (len(way.server.batches), way.server.live) == (2, [])

    travel(work)


def test_results_that_break_off_and_collectors_that_meet_change_nothing() -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        way.server.end()
        way.server.faults = [Fault("/content", 500)]
        assert (await way.collect()).failed == 1
        reports = await asyncio.gather(way.collect(), way.collect())
        assert sum(report.woken for report in reports) == N
        await arrive(way)
        assert (await way.collect()).is_empty

    travel(work)


def test_two_processes_with_the_same_traces_send_each_call_once() -> None:
    async def work(way: Way) -> None:
        await way.assess()
        first = way.desk
        way.restart()
        way.later(hours=1)
        await way.assess()
        await asyncio.gather(first.flush(10), way.send())
        assert [len(lines) for lines in way.server.lines.values()] == [N]
        way.server.end()
        await arrive(way)

    travel(work)


def test_traces_with_equal_content_share_one_call_and_are_all_woken() -> None:
    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, [trace.model_copy() for trace in traces(3, input={"question": "The same?"})])
            await way.begin()
            await way.assess()
            await way.send()
            server.end()
            assert (await way.collect()).woken == 3
            await way.assess()
            assert await way.states() == {(LedgerState.JUDGED, ""): 3}
            assert list(server.paid.values()) == [1]
            await way.close()

    asyncio.run(main())


def test_live_traffic_of_the_same_judge_never_waits() -> None:
    async def work(way: Way) -> None:
        way.promises = [promise.model_copy(update={"by_batch": False}) for promise in way.promises]
        await way.begin()
        await way.assess()
        assert (len(way.server.live), way.server.batches) == (N, {})

    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, traces(N))
            try:
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


def test_batch_that_failed_as_a_whole_is_told_and_tried_again_later_and_not_for_ever() -> None:
    async def work(way: Way) -> None:
        for _ in range(MOST_ROUNDS):
            await send_all(way)
            way.server.end("failed", share=0.0)
            assert (await way.collect()).woken == 0, "what made it fail takes a while to pass"
            assert (await way.jobs())[-1].word == "failed: token_limit_exceeded"
            await way.assess()
            way.later(minutes=31)
        await arrive(way)
        assert len(way.server.live) == N

    travel(work)


@BOTH
@pytest.mark.parametrize("is_deleted", [True, False])
def test_batch_whose_end_was_not_noted_is_not_read_again_and_leaves_no_text(
    protocol: ProtocolName, is_deleted: bool
) -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        (job,) = await way.jobs()
        await way.state.batch_jobs.settle(job.tag, {}, dict.fromkeys(await way.state.batch_jobs.keys(job.tag), 0))
        way.server.end()
        if is_deleted:
            api = way.open_api("default", MODEL)
            await api.forget(str(job.batch_id), await api.state(str(job.batch_id)))
        assert (await way.collect()).ended == 1
        assert not [route for route in way.server.asked if route.endswith(("/content", "/results"))]
        assert [job.state for job in await way.jobs()] == ["ended"]
        assert way.server.files == ({} if protocol == "openai" else way.server.files)
        assert way.server.results == ({} if protocol == "anthropic" else way.server.results)

    travel(work, protocol=protocol)


def test_batch_that_cannot_be_looked_at_changes_nothing_for_the_others() -> None:
    async def work(way: Way) -> None:
        await send_all(way)
        lost = BatchJob(tag="lost", endpoint="gone", model="m", intended_at=NOW, total=1, state="sent", batch_id="b")
        await way.state.batch_jobs.intend(lost, [])
        await way.state.batch_jobs.claim("k", "gone", Subject(rubric="grounding", trace_id="t0"))
        await way.state.batch_jobs.intend(lost.model_copy(update={"tag": "gone"}), ["k"])
        way.server.end()
        report = await way.collect()
        assert (report.failed, report.answered) == (1, N)
        await way.assess()
        assert await way.states() == {(LedgerState.JUDGED, ""): N}
        way.later(days=4)
        assert (await way.collect()).dropped == 1, "it is given up in the end"

    travel(work)


def test_batch_of_somebody_else_that_looks_like_ours_is_left_alone() -> None:
    async def work(way: Way) -> None:
        way.server.faults = [Fault(CREATION["anthropic"], 0)]
        await send_all(way)
        other = {"custom_id": "theirs", "params": {"model": "m", "messages": [{"role": "user", "content": "x"}]}}
        theirs = json.dumps({"requests": [{**other, "custom_id": f"theirs-{n}"} for n in range(N)]}).encode()
        way.server.handle("POST", "/anthropic/v1/messages/batches", {}, theirs)
        way.server.end()
        way.later(**UNSURE)
        report = await way.collect()
        assert (report.dropped, report.woken) == (1, N), "none of its answers is ours: our calls are free again"
        assert len(way.server.results) == 1, "theirs is not deleted"
        way.server.paid.clear()
        await send_all(way)
        way.server.end()
        await arrive(way)
        assert list(way.server.results) == ["msgbatch_0"]

    travel(work, protocol="anthropic")
