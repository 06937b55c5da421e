"""When a process sends what it has gathered, by a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from assay.judges.errors import CallHeld
from assay.judges.models.admission import CallBound
from assay.judges.models.batches.deferral import DeferredCall
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.worker.flow.batch_calls.answers import Waker
from assay.worker.flow.batch_calls.desk import HOLD_S, NEXT_S, BatchDesk
from assay.worker.flow.batch_calls.gathering import IDLE_S, LONGEST_S, MOST_BYTES, MOST_REQUESTS, Gathering
from assay.worker.flow.batch_calls.submitting import Submitted, Submitter
from assay.worker.ports.clock import FixedClock
from assay.worker.records.batch_jobs import BatchJob, Subject
from assay.worker.state.memory.backlog import MemoryBacklog
from assay.worker.state.memory.batch_jobs import MemoryBatchJobs
from assay.worker.state.memory.ledger import MemoryLedger
from tests.builders import NOW
from tests.unit.worker.flow.batch_calls.way import Unchanged
from tests.virtual_clock import run_at_once

SUBJECT = Subject(rubric="grounding", trace_id="t")


class Sent(Submitter):
    """Notes when a batch was sent, and of how many requests."""

    batches: list[tuple[float, int]]

    async def submit(self, gathering: Gathering) -> Submitted:
        self.batches.append((asyncio.get_running_loop().time(), len(gathering.bodies)))
        return Submitted()


class Spent:
    """No budget has room, or one call at a time is weighed for a while."""

    def __init__(self, *, takes_s: float = 0.0, is_spent: bool = False) -> None:
        self.takes_s, self.is_spent = takes_s, is_spent
        self.released_keys: list[str] = []

    async def reserve(self, call: DeferredCall, use_case: str) -> None:
        await asyncio.sleep(self.takes_s)
        if self.is_spent:
            raise CallHeld("the budget of bot is spent", reason="budget", retry_after_s=60.0)

    async def answered(self, job: BatchJob, bodies: Mapping[str, bytes]) -> None:
        raise AssertionError

    async def released(self, endpoint: str, keys: Sequence[str]) -> None:
        self.released_keys += keys


def call(number: int = 0, *, size: int = 10) -> DeferredCall:
    body = {"text": "x" * size}
    bound = CallBound(prompt_tokens=1, completion_tokens=1)
    return DeferredCall(f"{number:064x}", EndpointSettings(name="default"), "m", body, bound)


def opened(money: Spent | None = None) -> tuple[BatchDesk, Sent]:
    jobs, ledger, clock = MemoryBatchJobs(), MemoryLedger(), FixedClock(NOW)
    waker = Waker(ledger, ledger, MemoryBacklog(ledger), clock)
    sent = Sent(jobs, money or Spent(), lambda *_: pytest.fail("nothing is sent here"), waker, clock, Unchanged())
    object.__setattr__(sent, "batches", [])
    return BatchDesk(jobs, money or Spent(), sent), sent


async def hand_in(desk: BatchDesk, handed: DeferredCall) -> CallHeld:
    with pytest.raises(CallHeld) as held:
        await desk.answer_to(handed, desk.for_sample(SUBJECT, use_case="bot", purpose="r"))
    return held.value


def test_batch_is_sent_when_nobody_has_added_to_it_for_a_while() -> None:
    async def main() -> None:
        desk, sent = opened()
        for number in range(3):
            held = await hand_in(desk, call(number))
            assert (held.reason, held.retry_after_s) == ("batch", HOLD_S)
            await asyncio.sleep(IDLE_S - 2)
        assert sent.batches == []
        await asyncio.sleep(4)
        assert [n for _, n in sent.batches] == [3]

    run_at_once(main())


def test_batch_that_always_grows_is_sent_all_the_same() -> None:
    async def main() -> None:
        desk, sent = opened()
        for number in range(int(LONGEST_S) + 30):
            await hand_in(desk, call(number))
            await asyncio.sleep(1)
        (first, *_) = sent.batches
        assert first[0] <= LONGEST_S + 2

    run_at_once(main())


@pytest.mark.parametrize(("size", "n"), [(10, MOST_REQUESTS), (MOST_BYTES // 4, 4)])
def test_full_batch_is_sent_at_once(size: int, n: int) -> None:
    async def main() -> None:
        desk, sent = opened()
        for number in range(n):
            await hand_in(desk, call(number, size=size))
        await asyncio.sleep(0)
        assert sent.batches == [(0.0, n)]

    run_at_once(main())


def test_call_that_no_budget_pays_waits_for_the_budget_and_is_nobodys() -> None:
    async def main() -> None:
        money = Spent(is_spent=True)
        desk, sent = opened(money)
        assert (await hand_in(desk, call())).reason == "budget"
        money.is_spent = False
        assert (await hand_in(desk, call())).reason == "batch"
        await desk.flush(1)
        assert [n for _, n in sent.batches] == [1]

    run_at_once(main())


def test_call_whose_batch_left_while_it_was_weighed_comes_with_the_next_one() -> None:
    async def main() -> None:
        money = Spent(takes_s=3.0)
        desk, sent = opened(money)
        late = asyncio.create_task(hand_in(desk, call()))
        await asyncio.sleep(1)
        await desk.flush(0)
        assert (await late).retry_after_s == NEXT_S
        assert money.released_keys == [call().key]
        assert (await hand_in(desk, call())).retry_after_s == HOLD_S
        await desk.flush(1)
        assert [n for _, n in sent.batches] == [1]

    run_at_once(main())
