"""Where the fleet tells what it did: each task's report is handed to every observer.

Use cases know nothing of it. They return a report, and the worker process passes it on. An observer is a function.
Today there is one, which writes the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from assay.worker.records.reports import Report

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class TaskRun:
    """One message or tick that a worker has worked off.

    Attributes:
        task: the task's name without `assay.`: `assess`, `record`, `sweep` …
        seconds: how long the work took.
        about: what the message says of itself: names and numbers, see `AssessMessage.about`.
        report: what the work came to; None where it failed.
        error: why it failed; None where it did not.
    """

    task: str
    seconds: float
    about: Mapping[str, str | int] = field(default_factory=dict)
    report: Report | None = None
    error: Exception | None = None


Observer = Callable[[TaskRun], None]


def log_run(run: TaskRun) -> None:
    """Write one line: an error where the work failed, info where something happened, debug where nothing did."""
    fields = {"task": run.task, "seconds": round(run.seconds, 3), **run.about}
    if run.error is not None:
        log.error("task.failed", **fields, exc_info=run.error)
        return
    outcome = run.report.model_dump(mode="json", exclude_defaults=True) if run.report is not None else {}
    level = log.info if outcome else log.debug
    level("task.done", **fields, **outcome)


_observers: list[Observer] = [log_run]


def add_observer(observer: Observer) -> None:
    """Have this function called after every task from now on, in the thread that did the work. It must not wait."""
    _observers.append(observer)


def remove_observer(observer: Observer) -> None:
    """Call this function no more."""
    _observers.remove(observer)


def observe(run: TaskRun) -> None:
    """Tell all observers. One that breaks is logged: it costs neither the others nor the work."""
    for observer in _observers:
        try:
            observer(run)
        except Exception:
            log.exception("observer.failed", task=run.task)
