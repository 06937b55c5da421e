"""Somebody wants the end of a batch: the provider is asked for it, whenever the batch has a name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from assay.worker.records.ledger import LedgerState
from tests.servers.batch_servers import BatchServer, Fault
from tests.unit.worker.flow.batch_calls.way import Way
from tests.unit.worker.flow.pipeline import traces

N = 3


def travel(work: Callable[[Way], Awaitable[None]]) -> None:
    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, traces(N))
            try:
                await way.begin()
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


async def send(way: Way, *faults: Fault) -> str:
    way.server.faults = list(faults)
    await way.assess()
    await way.send()
    (job,) = await way.jobs()
    return job.tag


async def ends_live(way: Way) -> None:
    way.server.end("cancelled", share=0.0)
    await way.collect()
    await way.assess()
    assert (len(way.server.live), await way.states()) == (N, {(LedgerState.JUDGED, ""): N})


def test_batch_that_has_no_name_yet_is_ended_once_it_has() -> None:
    async def work(way: Way) -> None:
        tag = await send(way, Fault("POST /v1/batches", 0, is_done=True))
        wish = await way.collector.cancel(tag)
        assert wish is not None
        assert wish.delay == "the provider has not named it yet"
        assert way.server.cancelled == []
        way.later(minutes=16)
        await way.collect()
        assert way.server.cancelled == ["batch_0"]
        await way.collect()
        assert way.server.cancelled == ["batch_0"], "it is asked once while it works on it"
        await ends_live(way)

    travel(work)


@pytest.mark.parametrize("status", [0, 404, 500])
def test_provider_that_does_not_end_it_is_asked_again(status: int) -> None:
    async def work(way: Way) -> None:
        tag = await send(way)
        way.server.faults = [Fault("/cancel", status), Fault("/cancel", status)]
        wish = await way.collector.cancel(tag)
        assert wish is not None
        assert wish.delay
        for _ in range(2):
            assert way.server.cancelled == []
            assert (await way.collect()).failed == 0
        assert way.server.cancelled == ["batch_0"]
        await ends_live(way)

    travel(work)


def test_wish_outlives_a_worker_that_notes_the_name_at_the_same_time() -> None:
    async def work(way: Way) -> None:
        submitting = asyncio.create_task(send(way))
        while not way.server.asked["POST /v1/files"]:
            await asyncio.sleep(0.001)
        (job,) = await way.jobs()
        assert await way.collector.cancel(job.tag) is not None
        await submitting
        (job,) = await way.jobs()
        assert (job.state, job.cancelled) == ("sent", True)
        await way.collect()
        assert way.server.cancelled == ["batch_0"]
        await ends_live(way)

    travel(work)


def test_batch_that_has_ended_is_not_under_way_again() -> None:
    async def work(way: Way) -> None:
        tag = await send(way)
        way.server.end()
        await way.collect()
        assert await way.collector.cancel(tag) is None
        assert [(job.state, job.cancelled) for job in await way.jobs()] == [("ended", False)]

    travel(work)


def test_batch_that_was_given_up_and_is_sent_all_the_same_is_ended_and_deleted() -> None:
    async def work(way: Way) -> None:
        tag = await send(way, Fault("POST /v1/batches", 0))
        way.later(minutes=16)
        assert (await way.collect()).dropped == 1
        batch_id = await way.open_api("default", "m").submit(tag, {"k": b"{}"})
        await way.state.batch_jobs.change(tag, {"state": "sent", "batch_id": batch_id})
        await way.collect()
        assert way.server.cancelled == [batch_id], "nobody waits for it"
        way.server.end("cancelled", share=0.0)
        assert (await way.collect()).ended == 1
        assert all("k" not in str(text) for text in way.server.files.values())

    travel(work)
