"""The Celery tasks: thin shells that unpack a message and call a plain async function.

What belongs to golden sets is imported by its tasks: assess workers never need it.
"""

from __future__ import annotations

from typing import Any

from assay.worker.config.settings import load_settings
from assay.worker.fleet.app import app, at_control_start, at_start, publish
from assay.worker.fleet.process import run_task, worker_process
from assay.worker.records.messages import (
    LONGEST_RUN_S,
    AssessMessage,
    GoldenJudgeMessage,
    GoldenRunMessage,
    RecordMessage,
)
from assay.worker.wiring.runtime import Runtime

SCRAPE_S = 8.0
"""Longest answer to a scrape. Prometheus itself gives up after ten seconds."""


@app.task(name="assay.sweep", bind=True)
def sweep(self: Any) -> None:
    """Look for traces to judge."""
    run_task(self, lambda runtime: runtime.sweeper.sweep())


@app.task(name="assay.assess", bind=True)
def assess(self: Any, message: dict[str, Any]) -> None:
    """Judge one batch."""
    batch = AssessMessage.model_validate(message)
    owner = self.request.id  # read here: Celery's request is bound to this thread, and the work runs on another
    run_task(self, lambda runtime: runtime.assessor.assess(batch, owner=owner), about=batch.about)


@app.task(name="assay.record", bind=True)
def record(self: Any, message: dict[str, Any]) -> None:
    """Write kept verdicts as scores."""
    batch = RecordMessage.model_validate(message)
    run_task(self, lambda runtime: runtime.recorder.record(batch), about=batch.about)


@app.task(name="assay.verify", bind=True)
def verify(self: Any) -> None:
    """Read posted scores back."""
    run_task(self, lambda runtime: runtime.verifier.verify())


@app.task(name="assay.reconcile", bind=True)
def reconcile(self: Any) -> None:
    """Publish again what is overdue."""
    run_task(self, lambda runtime: runtime.reconciler.reconcile())


@app.task(name="assay.golden_tick", bind=True)
def golden_tick(self: Any) -> None:
    """Look for golden sets whose scheduled time has come."""
    from assay.worker.wiring.golden import golden_clock

    run_task(self, lambda runtime: golden_clock(runtime, publish).tick())


@app.task(name="assay.golden_run", bind=True)
def golden_run(self: Any, message: dict[str, Any]) -> None:
    """Run one golden set for one slot."""
    from assay.worker.golden.scheduling.scheduler import ScheduledRunReport
    from assay.worker.wiring.golden import scheduled_runs

    slot = GoldenRunMessage.model_validate(message)
    owner = self.request.id

    async def work(runtime: Runtime) -> ScheduledRunReport:
        return ScheduledRunReport.of(await scheduled_runs(runtime).run(slot, owner=owner))

    run_task(self, work, about=slot.about, give_up_s=LONGEST_RUN_S)


@app.task(name="assay.golden_judge", bind=True)
def golden_judge(self: Any, message: dict[str, Any]) -> None:
    """Judge samples of a golden run."""
    from assay.worker.wiring.golden import golden_judging

    batch = GoldenJudgeMessage.model_validate(message)
    owner = self.request.id
    run_task(self, lambda runtime: golden_judging(runtime).judge(batch, owner=owner), about=batch.about)


@app.task(name="assay.review", bind=True)
def review(self: Any) -> None:
    """Put flagged answers into the queues people review."""
    run_task(self, lambda runtime: runtime.review())


@at_start
def begin() -> None:
    """Read the configuration at the start: a file that is broken later must not keep the first task from it."""
    worker_process()


@at_control_start
def serve_metrics() -> None:
    """Serve the state of the golden sets' schedules to Prometheus, on ASSAY_METRICS_PORT if it is set."""
    settings = load_settings()
    if settings.metrics_port is None:
        return
    from assay.worker.telemetry import prometheus
    from assay.worker.wiring.golden import read_schedule_statuses

    prometheus.serve_metrics(
        settings.metrics_host,
        settings.metrics_port,
        lambda: worker_process().run(None, read_schedule_statuses, give_up_s=SCRAPE_S),
    )
