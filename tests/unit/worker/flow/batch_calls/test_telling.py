"""What traces that wait are told of a batch that brought no answer, and what batches that brought one cost them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from assay.worker.flow.batch_calls import telling
from assay.worker.flow.batch_calls.answers import Waker
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.records.ledger import LedgerState
from assay.worker.records.traces import Trace
from assay.worker.state.memory.ledger import MemoryLedger
from tests.builders import make_trace
from tests.servers.batch_servers import BatchServer, Fault
from tests.unit.worker.flow.batch_calls.way import NoMoney, Way
from tests.unit.worker.flow.pipeline import traces
from tests.virtual_clock import run_at_once

N = 3


def travel(work: Callable[[Way], Awaitable[None]], of: list[Trace] | None = None) -> None:
    async def main() -> None:
        with BatchServer() as server:
            way = Way(server, of or traces(N))
            try:
                await way.begin()
                await work(way)
            finally:
                await way.close()

    asyncio.run(main())


async def details(way: Way) -> set[str]:
    entries = (await way.entries()).values()
    assert {(entry.state, entry.reason) for entry in entries} == {(LedgerState.OPEN, "held_batch")}
    return {entry.detail for entry in entries}


@pytest.mark.parametrize("path", ["POST /v1/files", "POST /v1/batches"])
def test_traces_of_a_batch_that_was_refused_say_why_at_once_and_each_time(path: str) -> None:
    async def work(way: Way) -> None:
        for _ in range(3):
            way.server.faults = [Fault(path, 401)]
            await way.assess()
            assert all("assay batches ls" in detail for detail in await details(way))
            await way.send()
            (detail,) = await details(way)
            assert detail.startswith("the last batch was refused: ")
            assert "key" in detail or "401" in detail
            job = (await way.jobs())[-1]
            assert (job.state, job.word) == ("dropped", detail.removeprefix("the last batch was "))
            way.restart()  # another process knows nothing of it
            way.later(minutes=31)
        await way.assess()
        await way.send()
        way.server.end()
        await way.collect()
        await way.assess()
        assert await way.states() == {(LedgerState.JUDGED, ""): N}

    travel(work)


def test_traces_of_a_batch_that_failed_as_a_whole_say_why() -> None:
    async def work(way: Way) -> None:
        await way.assess()
        await way.send()
        way.server.end("failed", share=0.0)
        await way.collect()
        assert await details(way) == {"the last batch failed: token_limit_exceeded; another one follows"}

    travel(work)


class InHand(MemoryLedger):
    """Its entries wait only after a while: a full batch may be refused before that."""

    def __init__(self, *, rounds: int) -> None:
        super().__init__()
        self.rounds, self.asked = rounds, 0

    async def tell(self, rubric: str, trace_ids: object, *, reason: str, detail: str) -> list[str]:
        self.asked += 1
        return [str(trace_id) for trace_id in trace_ids] if self.asked > self.rounds else []  # type: ignore[attr-defined]


@pytest.mark.parametrize(("rounds", "asked"), [(0, 1), (1, 2), (9, 3)])
def test_those_still_in_hand_are_told_a_little_later_and_not_for_ever(rounds: int, asked: int) -> None:
    ledger = InHand(rounds=rounds)
    run_at_once(telling.tell_all(ledger, [Subject(rubric="r", trace_id="t")], "why"))
    assert ledger.asked == asked


def test_those_still_in_hand_are_woken_a_little_later() -> None:
    """The batch was withheld before the ledger had noted that they wait for it."""

    async def work(way: Way) -> None:
        await way.assess()
        ledger = InHand(rounds=1)
        woken: list[str] = []

        async def wake(rubric: str, trace_ids: Sequence[str], *, now: object) -> Sequence[str]:
            woken.extend(trace_ids)
            return []

        ledger.wake = wake  # type: ignore[method-assign]
        waker = Waker(way.state.ledger, ledger, way.state.backlog, way.clock)
        await waker.wake_all([Subject(rubric="r", trace_id="t")], "why")
        assert (woken, ledger.asked) == (["t"], 2)

    travel(work)


def test_traces_with_equal_content_pay_once_for_what_they_share() -> None:
    async def work(way: Way) -> None:
        await way.assess()
        await way.send()
        way.server.end()
        await way.collect()
        for _ in range(2):
            await way.assess()
        costs = sorted((e.judgement.cost_usd or 0.0) if e.judgement else -1.0 for e in (await way.entries()).values())
        assert costs[:-1] == [0.0] * (N - 1)
        assert costs[-1] > 0.0
        assert list(way.server.paid.values()) == [1]

    travel(work, [make_trace(f"t{n}") for n in range(N)])


def test_traces_with_other_content_each_pay() -> None:
    async def work(way: Way) -> None:
        await way.assess()
        await way.send()
        way.server.end()
        await way.collect()
        await way.assess()
        assert all(e.judgement and e.judgement.cost_usd for e in (await way.entries()).values())

    travel(work)


@pytest.mark.parametrize(("word", "charged"), [("completed", N), ("expired", N - 1)])
def test_answer_that_is_lost_on_our_side_is_charged_for_all_that_is_known(word: str, charged: int) -> None:
    """A line that is missing though all were answered cost something. One that expired cost nothing."""

    class Counting(NoMoney):
        charged: set[str] = set()  # noqa: RUF012  # of this one test

        async def answered(self, job: BatchJob, bodies: Mapping[str, bytes]) -> None:
            self.charged |= set(bodies)
            await super().answered(job, bodies)

    async def work(way: Way) -> None:
        money = way.money = Counting()
        await way.assess()
        await way.send()
        way.server.end(word)
        (name,) = [name for name in way.server.files if name.startswith("file-out")]
        way.server.files[name] = b"\n".join(way.server.files[name].splitlines()[1:])
        assert (await way.collect()).answered == N - 1
        assert len(money.charged) == charged

    travel(work)


def test_of_two_answers_to_one_request_the_first_counts() -> None:
    async def work(way: Way) -> None:
        await way.assess()
        await way.send()
        way.server.end()
        (name,) = [name for name in way.server.files if name.startswith("file-out")]
        later = [line.replace(b"usage", b"no_usage") for line in way.server.files[name].splitlines()]
        way.server.files[name] += b"\n".join(later)
        await way.collect()
        await way.assess()
        assert all(e.judgement and e.judgement.cost_usd for e in (await way.entries()).values())

    travel(work)
