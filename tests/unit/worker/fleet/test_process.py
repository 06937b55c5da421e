"""What `run_task` makes of a task's work: its report, or its failure, is observed once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from assay.worker.fleet import process
from assay.worker.fleet.app import TaskFailed, _is_news
from assay.worker.fleet.reading import read_message
from assay.worker.fleet.transport import in_hand
from assay.worker.flow.record import RecordReport
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.messages import RecordMessage
from assay.worker.telemetry.observe import TaskRun, add_observer, remove_observer
from assay.worker.wiring.runtime import Runtime

TASK = SimpleNamespace(name="assay.record", request=SimpleNamespace(properties={"delivery_tag": "tag-1"}))


class Process:
    """Runs work at once, in this thread."""

    calls: list[tuple[str, float | None]]

    def __init__(self) -> None:
        self.calls = []

    def run_delivery(
        self,
        delivery_tag: str,
        work: Callable[[Any, str], Awaitable[Any]],
        *,
        give_up_s: float | None = None,
        is_tick: bool = False,
    ) -> object:
        self.calls.append((delivery_tag, give_up_s))

        async def main() -> object:
            return await work(None, "owner-1")

        return asyncio.run(main())


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Process:
    stand_in = Process()
    monkeypatch.setattr(process, "worker_process", lambda: stand_in)
    return stand_in


@pytest.fixture
def observed() -> Iterator[list[TaskRun]]:
    runs: list[TaskRun] = []
    add_observer(runs.append)
    yield runs
    remove_observer(runs.append)


async def posts(_: Runtime, owner: str) -> RecordReport:
    return RecordReport(posted=3)


async def breaks(_: Runtime, owner: str) -> RecordReport:
    raise ValueError("it may quote a trace")


def test_report_is_observed_with_what_the_message_says_of_itself(worker: Process, observed: list[TaskRun]) -> None:
    process.run_task(TASK, posts, about={"rubric": "grounding"}, give_up_s=7.0)
    (run,) = observed
    assert (run.task, run.report, run.about, run.error) == (
        "record", RecordReport(posted=3), {"rubric": "grounding"}, None
    )  # fmt: skip
    assert run.seconds > 0
    assert worker.calls == [("tag-1", 7.0)]


def test_failure_is_observed_and_celery_need_not_repeat_it(worker: Process, observed: list[TaskRun]) -> None:
    with pytest.raises(TaskFailed) as caught:
        process.run_task(TASK, breaks)
    (run,) = observed
    assert isinstance(run.error, ValueError)
    assert "quote" not in str(caught.value)
    assert not _is_news(failure_of(caught.value))
    assert _is_news(failure_of(TypeError("a message of another version")))


async def is_cancelled(_: Runtime, owner: str) -> RecordReport:
    raise process.GivenBack


def test_work_that_is_given_back_is_neither_done_nor_failed(worker: Process, observed: list[TaskRun]) -> None:
    process.run_task(TASK, is_cancelled)
    assert observed == []


class Deliveries:
    """Notes what becomes of a delivery."""

    def __init__(self) -> None:
        self.became: list[str] = []

    def acknowledge(self, tag: str) -> None:
        self.became.append("acknowledged")

    def give_back(self, tag: str) -> None:
        self.became.append("given back")


class Worker(process.WorkerProcess):
    """Runs nothing but what it is given, in this thread."""

    def __init__(self) -> None:
        self._give_up_s = 1.0

    def run(self, work: Callable[[Any], Awaitable[Any]], *, give_up_s: float) -> Any:
        async def main() -> object:
            return await work(None)

        return asyncio.run(main())


@pytest.fixture
def deliveries(monkeypatch: pytest.MonkeyPatch) -> Deliveries:
    noted = Deliveries()
    monkeypatch.setattr(process, "deliveries_of_process", lambda: noted)
    monkeypatch.setattr(process, "HELD_FOR_REDIS_S", 0.01)
    monkeypatch.setattr(in_hand.InHand, "begin", lambda self, tag, limit_s: "owner")
    return noted


async def finds_no_redis(_: Runtime, owner: str) -> RecordReport:
    raise StateUnavailable("Redis at redis://h:1: NoPermissionError: NOPERM; check ASSAY_REDIS_URL")


async def finds_a_foreign_key(_: Runtime, owner: str) -> RecordReport:
    raise StateUnavailable("Redis at redis://h:1: ResponseError: WRONGTYPE Operation against a key")


def test_work_whose_redis_is_away_comes_again(deliveries: Deliveries) -> None:
    with pytest.raises(process.GivenBack):
        Worker().run_delivery("tag-1", finds_no_redis)
    assert deliveries.became == ["given back"]


def test_what_would_fail_again_and_again_does_not_come_again(deliveries: Deliveries) -> None:
    """The next tick comes by itself, and the reconciler asks for the work of a batch."""
    with pytest.raises(StateUnavailable):
        Worker().run_delivery("tag-1", finds_no_redis, is_tick=True)
    with pytest.raises(StateUnavailable):
        Worker().run_delivery("tag-1", finds_a_foreign_key)
    with pytest.raises(ValueError, match="quote"):
        Worker().run_delivery("tag-1", breaks)
    assert deliveries.became == ["acknowledged"] * 3


def test_message_of_another_version_is_refused_without_its_content(capsys: pytest.CaptureFixture[str]) -> None:
    forged = {"v": 2, "rubric": "TEXT-OF-SOMEBODY", "TEXT-OF-SOMEBODY": 1}
    assert read_message(TASK, RecordMessage, forged) is None
    told = "".join(capsys.readouterr())
    assert "message.refused" in told
    assert "rubric_hash" in told
    assert "TEXT-OF-SOMEBODY" not in told


def failure_of(error: Exception) -> logging.LogRecord:
    """What Celery logs of a task that raised this."""
    exc_info = (type(error), error, error.__traceback__)
    return logging.LogRecord("celery.app.trace", logging.ERROR, __file__, 1, "failed", None, exc_info)
