"""Where the fleet tells what it did: each task's report, and each call to a judge model, is handed to every observer.

Use cases know nothing of it. They return a report, and the worker process passes it on. An observer is a function: one
writes the log, others count for `/metrics` or send spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

import structlog

from assay.worker.limits.call_observer import CallObserver, ObservedCall
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


Surrounding = Callable[[str, Mapping[str, str | int]], AbstractContextManager[None]]
"""What a task runs within, by the task's name and what its message says of itself. It neither waits nor raises."""

_surroundings: list[Surrounding] = []


def add_surrounding(surrounding: Surrounding) -> None:
    """Have every task run within this from now on, its observers too. Context variables go along to the loop."""
    _surroundings.append(surrounding)


@contextmanager
def surrounded(task: str, about: Mapping[str, str | int]) -> Iterator[None]:
    """What this task runs within."""
    with ExitStack() as stack:
        for surrounding in _surroundings:
            stack.enter_context(surrounding(task, about))
        yield


_call_observers: list[CallObserver] = []


def add_call_observer(observer: CallObserver) -> None:
    """Have this function called after every call to a judge model from now on, on the event loop. It must not wait."""
    _call_observers.append(observer)


def remove_call_observer(observer: CallObserver) -> None:
    """Call this function no more."""
    _call_observers.remove(observer)


def observe_call(call: ObservedCall) -> None:
    """Tell all observers of calls. One that breaks is logged: it costs neither the others nor the call."""
    for observer in _call_observers:
        try:
            observer(call)
        except Exception:
            log.exception("observer.failed", endpoint=call.endpoint)
