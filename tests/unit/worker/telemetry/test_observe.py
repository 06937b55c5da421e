"""What becomes of a report: every observer is told, and the log writes at most one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from assay.worker.flow.assess_report import AssessReport
from assay.worker.telemetry.observe import TaskRun, add_observer, observe, remove_observer

RUN = TaskRun(
    task="assess",
    seconds=1.23456,
    about={"use_case": "bot", "traces": 16},
    report=AssessReport(judged=14, skipped=2),
)


@pytest.fixture
def observed() -> Iterator[list[TaskRun]]:
    """An observer of this test's own."""
    runs: list[TaskRun] = []
    add_observer(runs.append)
    yield runs
    remove_observer(runs.append)


def test_line_says_what_how_many_how_long_and_what_came_of_it() -> None:
    with capture_logs() as lines:
        observe(RUN)
    assert lines == [
        {
            "event": "task.done",
            "log_level": "info",
            "task": "assess",
            "seconds": 1.235,
            "use_case": "bot",
            "traces": 16,
            "judged": 14,
            "skipped": 2,
        }
    ]


def test_work_that_changed_nothing_is_told_at_debug_alone() -> None:
    with capture_logs() as lines:
        observe(TaskRun(task="sweep", seconds=0.1, report=AssessReport()))
    assert [line["log_level"] for line in lines] == ["debug"]


def test_failure_is_told_as_an_error_with_its_cause() -> None:
    error = RuntimeError("no")
    with capture_logs() as lines:
        observe(TaskRun(task="record", seconds=0.1, error=error))
    (line,) = lines
    assert (line["event"], line["log_level"], line["task"]) == ("task.failed", "error", "record")
    assert line["exc_info"] is error


def test_every_observer_gets_the_report_itself(observed: list[TaskRun]) -> None:
    observe(RUN)
    assert observed == [RUN]


def test_broken_observer_costs_neither_the_others_nor_the_work(observed: list[TaskRun]) -> None:
    def breaks(run: TaskRun) -> NoReturn:
        raise ValueError(run.task)

    # Before the one that must still be told.
    remove_observer(observed.append)
    add_observer(breaks)
    add_observer(observed.append)
    try:
        with capture_logs() as lines:
            observe(RUN)
    finally:
        remove_observer(breaks)
    assert observed == [RUN]
    broken: list[Any] = [line for line in lines if line["event"] == "observer.failed"]
    assert len(broken) == 1
