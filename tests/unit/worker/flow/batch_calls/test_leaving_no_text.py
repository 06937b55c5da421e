"""What a provider keeps of a batch is text of traces: it is deleted, whatever goes wrong on the way."""

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
CREATION = "POST /v1/batches"
BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


def travel(work: Callable[[Way], Awaitable[None]], *, protocol: ProtocolName = "openai") -> None:
    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, traces(N), protocol=protocol)
            server.files["file-theirs"] = b"x"
            try:
                await way.begin()
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


async def send(way: Way, *faults: Fault) -> None:
    way.server.faults = list(faults)
    await way.assess()
    await way.send()


def left(way: Way) -> set[str]:
    """What lies at the provider, without what was somebody else's."""
    results = {name for name in way.server.results if name.startswith("msgbatch")}
    return {*way.server.files, *results} - {"file-theirs"}


@pytest.mark.parametrize("fault", [Fault(CREATION, 0), Fault(CREATION, 500)])
@pytest.mark.parametrize("fails", [False, True])
def test_requests_of_a_batch_that_never_was_begun_are_deleted(fault: Fault, fails: bool) -> None:
    async def work(way: Way) -> None:
        await send(way, fault)
        assert left(way)
        way.later(minutes=16)
        way.server.faults = [Fault("GET /v1/files", 500)] if fails else []
        if fails:
            assert (await way.collect()).woken == N, "nobody waits for the deletion"
        assert (await way.collect()).dropped == 1
        assert left(way) == set()
        assert "file-theirs" in way.server.files
        assert [job.state for job in await way.jobs()] == ["dropped"]

    travel(work)


@pytest.mark.parametrize("fault", [Fault("POST /v1/files", 0, is_done=True), Fault("POST /v1/files", 500, True)])
def test_upload_that_was_done_though_it_failed_is_deleted(fault: Fault) -> None:
    async def work(way: Way) -> None:
        await send(way, fault)
        assert way.server.asked["POST /v1/files"] == 1
        assert left(way) == set()

    travel(work)


@BOTH
def test_deletion_that_fails_is_tried_again(protocol: ProtocolName) -> None:
    async def work(way: Way) -> None:
        await send(way)
        way.server.end()
        way.server.faults = [Fault(f"DELETE {path}", 500) for path in deleted(way, protocol)]
        report = await way.collect()
        assert (report.answered, report.woken, report.ended) == (N, N, 0), "nobody waits for the deletion"
        assert left(way)
        await way.assess()
        assert await way.states() == {(LedgerState.JUDGED, ""): N}
        assert (await way.collect()).ended == 1
        assert left(way) == set()
        assert [(job.state, job.answered) for job in await way.jobs()] == [("ended", N)]
        assert (await way.collect()).is_empty

    travel(work, protocol=protocol)


def deleted(way: Way, protocol: ProtocolName) -> list[str]:
    """The first address of a deletion."""
    if protocol == "anthropic":
        return ["/anthropic/v1/messages/batches/msgbatch_0"]
    return [f"/v1/files/{name}" for name in way.server.files if name.startswith("file-out")]


def test_deletion_that_fails_for_days_is_given_up() -> None:
    async def work(way: Way) -> None:
        await send(way)
        way.server.end()
        (path,) = deleted(way, "openai")
        way.later(days=4)
        way.server.faults = [Fault(f"DELETE {path}", 500)]
        assert (await way.collect()).ended == 1

    travel(work)
