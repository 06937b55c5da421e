"""A batch that cannot be looked at: it says so, is waited for, and is given up only when it certainly is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from assay.judges.models.endpoint_settings import ProtocolName
from assay.worker.records.ledger import LedgerState
from tests.servers.batch_servers import BatchServer, Fault
from tests.unit.worker.flow.batch_calls.way import Way
from tests.unit.worker.flow.pipeline import traces

N = 3
JUDGED = {(LedgerState.JUDGED, ""): N}
BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def travel(work: Callable[[Way], Awaitable[None]], *, protocol: ProtocolName = "openai") -> None:
    """A batch that was sent."""

    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, traces(N), protocol=protocol)
            try:
                await way.begin()
                await way.assess()
                await way.send()
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


async def arrive(way: Way, *, live: int = 0) -> None:
    await way.collect()
    await way.assess()
    assert (await way.states(), len(way.server.live)) == (JUDGED, live)
    assert set(way.server.paid.values()) <= {1}


@BOTH
@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_endpoint_that_lets_nobody_in_for_days_loses_nothing(protocol: ProtocolName, status: int) -> None:
    async def work(way: Way) -> None:
        way.server.end()
        path = "/v1/batches/batch_0" if protocol == "openai" else "/batches/msgbatch_0"
        for _ in range(9):
            way.server.faults = [Fault(path, status)]
            way.later(hours=30)
            assert (await way.collect()).failed == 1
            (job,) = await way.jobs()
            assert (job.state, f"status {status}" in job.trouble) == ("sent", True)
            assert len(await way.state.batch_jobs.keys(job.tag)) == N
        await arrive(way)
        (job,) = await way.jobs()
        assert (job.state, job.trouble) == ("ended", "")

    travel(work, protocol=protocol)


@BOTH
@pytest.mark.parametrize("what", ["batch", "answers"])
def test_batch_that_is_gone_is_given_up_after_days_and_sent_again(protocol: ProtocolName, what: str) -> None:
    async def work(way: Way) -> None:
        faults = await gone(way, protocol, what)
        way.server.faults = list(faults)
        assert (await way.collect()).failed == 1
        assert "status 404" in (await way.jobs())[0].trouble
        way.later(days=4)
        way.server.faults = list(faults)
        report = await way.collect()
        assert (report.dropped, report.woken) == (1, N)
        assert (await way.jobs())[0].word.startswith("given up: ")
        way.server.paid.clear()
        await way.assess()
        await way.send()
        way.server.end()
        await arrive(way)

    travel(work, protocol=protocol)


async def gone(way: Way, protocol: ProtocolName, what: str) -> list[Fault]:
    """The batch has ended, and it or its answers cannot be had any more."""
    way.server.end()
    if what == "batch":
        return [Fault("batch_0", 404)]
    return [Fault("/content" if protocol == "openai" else "/results", 404)]


@pytest.mark.parametrize("what", ["batch", "answers"])
def test_batch_that_is_gone_is_given_up_at_once_where_somebody_ends_it(what: str) -> None:
    async def work(way: Way) -> None:
        (fault,) = await gone(way, "openai", what)
        way.server.faults = [Fault("/cancel", 409), fault]
        (job,) = await way.jobs()
        wish = await way.collector.cancel(job.tag)
        assert wish is not None
        assert "409" in wish.delay
        assert (await way.collect()).dropped == 1
        way.server.paid.clear()
        await arrive(way, live=N)

    travel(work)


@pytest.mark.parametrize("word", ["COMPLETED", "complete", "done", None, "Completed ", "[/]\x1b[2J" + "x" * 100_000])
def test_batch_that_says_in_its_own_words_that_it_has_ended_has(word: str | None) -> None:
    async def work(way: Way) -> None:
        way.server.end()
        way.server.batches["batch_0"] |= {"status": word, "completed_at": 1}
        await arrive(way)
        (job,) = await way.jobs()
        assert (len(job.word) <= 64, job.word.isprintable(), "[" in job.word) == (True, True, False)

    travel(work)


@pytest.mark.parametrize("word", ["in_progress", "IN_PROGRESS", "finalizing", "odd", "[/]"])
def test_batch_under_way_has_not_ended_and_says_so_when_it_takes_long(word: str) -> None:
    async def work(way: Way) -> None:
        way.server.batches["batch_0"] |= {"status": word}
        assert (await way.collect()).is_empty
        assert (await way.jobs())[0].trouble == ""
        for day in (2, 3):
            way.later(days=1, hours=12 if day == 2 else 0)
            assert (await way.collect()).is_empty
        assert (await way.jobs())[0].trouble == "the provider has not ended it after 2 days"
        way.later(days=11)
        assert (await way.collect()).dropped == 1

    travel(work)


def test_batch_in_trouble_is_looked_at_after_the_others() -> None:
    async def work(way: Way) -> None:
        (first,) = await way.jobs()
        await way.state.batch_jobs.change(first.tag, {"trouble": "x"})
        later = first.model_copy(update={"tag": "z", "batch_id": "batch_9"})
        await way.state.batch_jobs.intend(later, [])
        way.server.faults = [Fault("batch_9", 500)]
        asked: list[str] = []
        handle = way.server.handle
        way.server.handle = lambda method, path, *rest: asked.append(path) or handle(method, path, *rest)  # type: ignore[func-returns-value, method-assign]
        await way.collect()
        assert asked[:2] == ["/v1/batches/batch_9", "/v1/batches/batch_0"]

    travel(work)
