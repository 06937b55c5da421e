"""Judging by the fleet, both halves in one process: what is lost, late, doubled, foreign or broken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError, ModelUnavailable
from assay.judges.schema import Failed, Outcome, Sample, Scored
from assay.worker.golden.runs.fleet_judging import FleetEvaluator, GoldenJudgeReport, GoldenJudging, JudgedBy, Pace
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.messages import BATCH_SIZE, GoldenJudgeMessage
from assay.worker.state.memory.documents import MemoryDocuments
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.locks import MemoryLocks
from tests.unit.worker.golden.golden_sets import BAD, OK, WrittenJudge
from tests.waiting import PATIENCE_S

QUICK = Pace(look_s=0.01, republish_after_s=0.05, silence_s=0.1)


def sample(n: int, response: str = OK) -> Sample:
    return Sample(id=f"s{n}", question="?", contexts=("c",), response=response)


class Queue:
    """Messages on their way; `work` decides what becomes of each."""

    def __init__(self, judge: Any = None) -> None:
        self.values, self.documents = MemoryKeyValues(), MemoryDocuments()
        self.locks = MemoryLocks()
        self.judge = judge or WrittenJudge()
        self.messages: list[GoldenJudgeMessage] = []
        self.work: Callable[[GoldenJudgeMessage], Awaitable[Any]] = self._judge
        self.said: list[str] = []
        self.evaluator = FleetEvaluator(
            JudgedBy(revision="rev-1", rubric_hash="h", calibration_hash=None, documents={"h": "name: x"}),
            self.values,
            self.documents,
            self.publish,
            pace=QUICK,
            say=self.said.append,
        )
        self._tasks: list[asyncio.Task[Any]] = []

    async def find(self, rubric_hash: str, calibration_hash: str | None) -> Any:
        assert await self.documents.get(rubric_hash) == "name: x"
        return self.judge

    async def publish(self, messages: Sequence[Any]) -> None:
        for message in messages:
            self.messages.append(message)
            self._tasks.append(asyncio.create_task(self._worked(message)))

    async def _worked(self, message: GoldenJudgeMessage) -> None:
        await self.work(message)

    async def _judge(self, message: GoldenJudgeMessage, owner: str = "w") -> GoldenJudgeReport:
        return await GoldenJudging(self.values, self.locks, self.find).judge(message, owner=owner)

    def run(self, *samples: Sample, within_s: float = PATIENCE_S) -> list[Outcome]:
        async def main() -> list[Outcome]:
            try:
                async with asyncio.timeout(within_s):
                    return await asyncio.gather(*(self.evaluator.evaluate(one) for one in samples))
            finally:
                await self.evaluator.close()
                await asyncio.gather(*self._tasks, return_exceptions=True)

        return asyncio.run(main())


def test_outcomes_keep_to_their_samples_and_travel_in_batches() -> None:
    queue = Queue()
    outcomes = queue.run(*(sample(n, (OK, BAD)[n % 2]) for n in range(40)))
    risks = [one.scores["hallucination_risk"] for one in outcomes if isinstance(one, Scored)]
    assert risks == [(0.1, 0.9)[n % 2] for n in range(40)]
    assert len(queue.judge.samples) == 40
    assert sum(len(message.keys) for message in queue.messages) == 40
    assert len(queue.messages) <= 40 / BATCH_SIZE + 3


def test_equal_samples_are_judged_each_for_itself() -> None:
    queue = Queue()
    assert len(queue.run(sample(1), sample(1), sample(1))) == 3
    assert len(queue.judge.samples) == 3, "repeats measure the judge's noise; one judgement must not stand for all"


def test_a_lost_message_is_published_again() -> None:
    queue = Queue()
    lost: list[GoldenJudgeMessage] = []

    async def loses_the_first(message: GoldenJudgeMessage) -> None:
        if len(lost) < 2:
            lost.append(message)
        else:
            await queue._judge(message)

    queue.work = loses_the_first
    (outcome,) = queue.run(sample(1))
    assert isinstance(outcome, Scored)
    assert [message.keys for message in queue.messages] == [lost[0].keys] * 3


def test_a_state_that_lost_its_memory_gets_everything_again() -> None:
    queue = Queue()

    async def loses_all(message: GoldenJudgeMessage) -> None:
        if len(queue.messages) == 1:
            queue.values._values.clear()
            queue.documents._documents.clear()
        else:
            await queue._judge(message)

    queue.work = loses_all
    assert isinstance(queue.run(sample(1))[0], Scored)


def test_a_message_that_comes_twice_is_judged_once() -> None:
    queue = Queue()

    async def doubled(message: GoldenJudgeMessage) -> None:
        reports = await asyncio.gather(*(queue._judge(message, owner=f"w{n}") for n in range(4)))
        assert sum(reports, GoldenJudgeReport()).judged == len(message.keys)
        assert await queue._judge(message, owner="late") == GoldenJudgeReport(not_ours=len(message.keys))

    queue.work = doubled
    queue.run(*(sample(n) for n in range(5)))
    assert len(queue.judge.samples) == 5


def test_an_outage_of_the_state_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, calls = Queue(), 0
    kept = queue.values.kept

    async def away(keys: Sequence[str]) -> Any:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise StateUnavailable("gone")
        return await kept(keys)

    monkeypatch.setattr(queue.values, "kept", away)
    assert isinstance(queue.run(sample(1))[0], Scored)


def test_a_bug_while_waiting_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()

    async def broken(keys: Sequence[str]) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(queue.values, "kept", broken)
    with pytest.raises(ZeroDivisionError):
        queue.run(sample(1))


def test_a_fleet_that_says_nothing_is_told_of_once_and_the_time_limit_ends_it() -> None:
    queue = Queue()

    async def nobody(message: GoldenJudgeMessage) -> None:
        """No worker is there."""

    queue.work = nobody
    with pytest.raises(TimeoutError):
        queue.run(sample(1), within_s=0.5)
    (said,) = queue.said
    assert "does the fleet run" in said


class Raises(WrittenJudge):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def evaluate(self, sample: Sample) -> Outcome:
        if sample.response == BAD:
            raise self.error
        return await super().evaluate(sample)


@pytest.mark.parametrize("error", [ModelUnavailable("down"), ValueError("private text")])
def test_a_sample_that_breaks_its_judge_fails_alone_and_tells_no_text(error: Exception) -> None:
    good, bad = Queue(Raises(error)).run(sample(1), sample(2, BAD))
    assert isinstance(good, Scored)
    assert isinstance(bad, Failed)
    assert bad.error == type(error).__name__
    assert "private" not in bad.message


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (WrittenJudge(revision="rev-2"), "OtherEvaluator"),
        (None, "UnknownRubric"),
        (ConfigurationError("no key"), "ConfigurationError"),
    ],
)
def test_a_worker_that_would_judge_otherwise_refuses(found: Any, error: str) -> None:
    queue = Queue()

    async def find(rubric_hash: str, calibration_hash: str | None) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    queue.find = find  # type: ignore[method-assign]
    (outcome,) = queue.run(sample(1))
    assert isinstance(outcome, Failed)
    assert outcome.error == error


def test_an_outcome_of_another_version_is_a_failure_and_no_score() -> None:
    queue = Queue()

    async def foreign(message: GoldenJudgeMessage) -> None:
        for key in message.keys:
            await queue.values.keep(f"golden:outcome:{key}", b'{"outcome": "excellent", "score": 1}', ttl_s=60)

    queue.work = foreign
    (outcome,) = queue.run(sample(1))
    assert isinstance(outcome, Failed)
    assert outcome.error == "OtherVersion"
