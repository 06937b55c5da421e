"""Which batch at the provider is ours, where its creation was not answered and others look the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from assay.judges.errors import ModelUnavailable
from assay.judges.models.batches import anthropic_batches, openai_files
from assay.judges.models.batches.apis import batch_api_of
from assay.judges.models.batches.port import Candidate
from assay.judges.models.endpoint_settings import ProtocolName
from assay.worker.records.ledger import LedgerState
from tests.builders import NOW
from tests.servers.batch_servers import BatchServer, Fault
from tests.unit.worker.flow.batch_calls.way import MODEL, Way
from tests.unit.worker.flow.pipeline import traces

N = 4
CREATION = Fault("POST /anthropic/v1/messages/batches", 0, is_done=True)
JUDGED = {(LedgerState.JUDGED, ""): N}
UNSURE = {"minutes": 16}
BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def travel(work: Callable[[Way, Way], Awaitable[None]]) -> None:
    """Two processes over one state, each with traces of its own, and one server."""

    async def main() -> None:
        with BatchServer() as server:
            first = Way(server, traces(N), protocol="anthropic")
            second = Way(server, traces(2 * N)[N:], protocol="anthropic", state=first.state)
            second.clock = first.clock
            second.restart()
            try:
                for way in (first, second):
                    await way.begin()
                await work(first, second)
            finally:
                await second.close()
                await first.close()

    asyncio.run(main())


async def send(way: Way, *faults: Fault) -> None:
    way.server.faults = list(faults)
    await way.assess()
    await way.send()


async def arrive(first: Way, second: Way) -> None:
    """Everything is judged, each request was paid once, and no text is left at the provider."""
    await first.collect()
    for way in (first, second):
        await way.assess()
        assert await way.states() == JUDGED
    assert set(first.server.paid.values()) == {1}
    assert len(first.server.paid) == 2 * N
    assert first.server.results == {}
    assert first.server.live == []


def theirs(server: BatchServer, n: int = N) -> None:
    """Somebody else begins a batch of the same size."""
    params = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    lines = [{"custom_id": f"theirs-{number}", "params": params} for number in range(n)]
    server.handle("POST", "/anthropic/v1/messages/batches", {}, json.dumps({"requests": lines}).encode())


@pytest.mark.parametrize("both_unsure", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
def test_batches_of_one_size_are_told_apart(both_unsure: bool, is_first: bool) -> None:
    async def work(first: Way, second: Way) -> None:
        lost, known = (first, second) if is_first else (second, first)
        if not is_first:
            await send(known, *([CREATION] if both_unsure else []))
        await send(lost, CREATION)
        first.later(seconds=30)
        if is_first:
            await send(known, *([CREATION] if both_unsure else []))
        first.server.end()
        first.later(**UNSURE)
        await arrive(first, second)
        assert len(first.server.batches) == 2

    travel(work)


def test_batch_behind_many_others_is_found() -> None:
    async def work(first: Way, second: Way) -> None:
        await send(first, CREATION)
        await send(second)
        first.later(hours=20)
        for _ in range(230):
            theirs(first.server, 1)
        first.server.end()
        first.server.paid = type(first.server.paid)({k: n for k, n in first.server.paid.items() if "theirs" not in k})
        ours = set(list(first.server.results)[:2])
        await first.collect()
        assert not ours & set(first.server.results), "ours are read and deleted"
        for batch_id in list(first.server.results):
            assert first.server.results.pop(batch_id), "those of others are not"
        await arrive(first, second)

    travel(work)


def test_what_may_be_somebody_elses_is_neither_ended_nor_deleted_nor_sent_again() -> None:
    async def work(first: Way, second: Way) -> None:
        await send(second)
        await send(first, Fault(CREATION.path, 0))
        theirs(first.server)
        first.later(**UNSURE)
        (job,) = [job for job in await first.jobs() if job.batch_id is None]
        wish = await first.collector.cancel(job.tag)
        assert wish is not None
        assert wish.delay == "the provider has not named it yet"
        for _ in range(3):
            report = await first.collect()
            assert (report.dropped, report.woken) == (0, 0), "it may yet be ours"
        assert first.server.cancelled == []
        (job,) = [job for job in await first.jobs() if job.batch_id is None]
        assert job.word == "looked for: 1 at the provider may be it"
        first.server.end()
        report = await first.collect()
        assert (report.dropped, report.ended) == (1, 1)
        assert list(first.server.results) == ["msgbatch_1"]
        await first.assess()
        assert (len(first.server.live), await first.states()) == (N, JUDGED), "its end was asked for: live calls"

    travel(work)


def test_one_that_cannot_be_told_keeps_others_from_nothing_and_is_given_up_in_the_end() -> None:
    async def work(first: Way, second: Way) -> None:
        await send(second)
        await send(first, Fault(CREATION.path, 0))
        theirs(first.server)
        first.later(hours=25)
        assert (await first.collect()).dropped == 0
        keys = await first.state.batch_jobs.keys((await first.jobs())[-1].tag)
        assert len(keys) == N, "its calls are its own for as long"
        first.later(days=3)
        report = await first.collect()
        assert (report.dropped, report.freed) == (1, N)

    travel(work)


def test_search_that_fails_for_days_is_given_up() -> None:
    async def work(first: Way, second: Way) -> None:
        await send(first, Fault(CREATION.path, 0))
        first.later(**UNSURE)
        first.server.faults = [Fault("GET /anthropic/v1/messages/batches", 401)]
        assert (await first.collect()).failed == 1
        first.later(days=4)
        first.server.faults = [Fault("GET /anthropic/v1/messages/batches", 401)]
        assert (await first.collect()).failed == 1, "the key may be mended"
        first.later(days=10)
        first.server.faults = [Fault("GET /anthropic/v1/messages/batches", 401)]
        assert (await first.collect()).dropped == 1

    travel(work)


@BOTH
def test_search_that_does_not_reach_back_far_enough_is_no_answer(
    protocol: ProtocolName, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (openai_files, anthropic_batches):
        monkeypatch.setattr(module, "MOST_PAGES", 2)

    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, traces(1), protocol=protocol)
            api = batch_api_of(way.place, MODEL)
            server.files["f"] = b""
            for number in range(201):
                server.now = lambda number=number: NOW + timedelta(seconds=number)  # type: ignore[misc]
                if protocol == "anthropic":
                    theirs(server)
                else:
                    wish = {"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
                    wish |= {"metadata": {"assay_tag": str(number)}}  # type: ignore[dict-item]
                    server.handle("POST", "/v1/batches", {}, json.dumps(wish).encode())
            with pytest.raises(ModelUnavailable, match="batches were looked through"):
                await api.find("0", since=NOW, total=N)
            assert len(await api.find("200", since=NOW + timedelta(hours=1), total=N)) == int(protocol == "openai")
            if protocol == "openai":
                assert await api.find("7", since=NOW, total=N) == [Candidate("batch_7", is_certain=True)]
            await api.close()
            await way.close()

    asyncio.run(main())
