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
from assay.worker.flow.record import RecordReport
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
        self, delivery_tag: str, work: Callable[[Any, str], Awaitable[Any]], *, give_up_s: float | None = None
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
