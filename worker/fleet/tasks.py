"""The Celery tasks: thin shells that unpack a message and call a plain async function.

What belongs to golden sets is imported by its tasks: assess workers never need it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from assay.worker.fleet.app import app, publish
from assay.worker.fleet.process import run_task
from assay.worker.fleet.reading import read_message
from assay.worker.fleet.ticks import run_tick
from assay.worker.records.messages import (
    LONGEST_RUN_S,
    AssessMessage,
    GoldenJudgeMessage,
    GoldenRunMessage,
    RecordMessage,
)
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.flow.assess_report import AssessReport

PROCESS = uuid.uuid4().hex
"""This process among all that take messages."""


@app.task(name="assay.sweep", bind=True)
def sweep(self: Any, tick: object = None) -> None:
    """Look for traces to judge."""
    run_tick(self, tick, lambda runtime: runtime.sweeps.sweep())


@app.task(name="assay.assess", bind=True)
def assess(self: Any, message: dict[str, Any]) -> None:
    """Judge one batch."""
    batch = read_message(self, AssessMessage, message)
    if batch is None:
        return

    async def work(runtime: Runtime, owner: str) -> AssessReport:
        report = await runtime.assessor.assess(batch, owner=owner)
        await runtime.releaser.after(batch, report, worker=PROCESS, slots=runtime.settings.worker_threads)
        return report

    run_task(self, work, about=batch.about)


@app.task(name="assay.release", bind=True)
def release(self: Any, tick: object = None) -> None:
    """Hand waiting work to the queue."""
    run_tick(self, tick, lambda runtime: runtime.releaser.tick())


@app.task(name="assay.record", bind=True)
def record(self: Any, message: dict[str, Any]) -> None:
    """Write kept verdicts as scores."""
    batch = read_message(self, RecordMessage, message)
    if batch is not None:
        run_task(self, lambda runtime, _owner: runtime.recorder.record(batch), about=batch.about)


@app.task(name="assay.verify", bind=True)
def verify(self: Any, tick: object = None) -> None:
    """Read posted scores back."""
    run_tick(self, tick, lambda runtime: runtime.verifier.verify())


@app.task(name="assay.reconcile", bind=True)
def reconcile(self: Any, tick: object = None) -> None:
    """Publish again what is overdue."""
    run_tick(self, tick, lambda runtime: runtime.reconciler.reconcile())


@app.task(name="assay.golden_tick", bind=True)
def golden_tick(self: Any, tick: object = None) -> None:
    """Look for golden sets whose scheduled time has come."""
    from assay.worker.wiring.golden import golden_clock

    run_tick(self, tick, lambda runtime: golden_clock(runtime, publish).tick())


@app.task(name="assay.golden_run", bind=True)
def golden_run(self: Any, message: dict[str, Any]) -> None:
    """Run one golden set for one slot."""
    from assay.worker.golden.scheduling.scheduler import ScheduledRunReport
    from assay.worker.wiring.golden import scheduled_runs

    slot = read_message(self, GoldenRunMessage, message)
    if slot is None:
        return

    owner = self.request.id  # of the message: a claim that a dead worker left is taken over with its redelivery

    async def work(runtime: Runtime, _delivery: str) -> ScheduledRunReport:
        return ScheduledRunReport.of(await scheduled_runs(runtime).run(slot, owner=owner))

    run_task(self, work, about=slot.about, give_up_s=LONGEST_RUN_S)


@app.task(name="assay.golden_judge", bind=True)
def golden_judge(self: Any, message: dict[str, Any]) -> None:
    """Judge samples of a golden run."""
    from assay.worker.wiring.golden import golden_judging

    batch = read_message(self, GoldenJudgeMessage, message)
    owner = self.request.id  # as in `golden_run`
    if batch is not None:
        run_task(self, lambda runtime, _: golden_judging(runtime).judge(batch, owner=owner), about=batch.about)


@app.task(name="assay.review", bind=True)
def review(self: Any, tick: object = None) -> None:
    """Put flagged answers into the queues people review."""
    run_tick(self, tick, lambda runtime: runtime.review())


@app.task(name="assay.copies", bind=True)
def copies(self: Any, tick: object = None) -> None:
    """Write scores to further places."""
    run_tick(self, tick, lambda runtime: runtime.copy_scores())


@app.task(name="assay.batches", bind=True)
def batches(self: Any, tick: object = None) -> None:
    """Look after the batches at providers: collect what has ended."""
    run_tick(self, tick, lambda runtime: runtime.batch_endpoints.look(runtime.batch_collector))


@app.task(name="assay.history", bind=True)
def history(self: Any, tick: object = None) -> None:
    """Write what has ended into the record."""
    run_tick(self, tick, lambda runtime: runtime.keep_history())


@app.task(name="assay.signals", bind=True)
def signals(self: Any, tick: object = None) -> None:
    """Compute rates and SLOs from the record, for metrics and alerts."""
    from assay.worker.wiring.signals import keep_signals

    run_tick(self, tick, keep_signals)


@app.task(name="assay.alerts", bind=True)
def alerts(self: Any, tick: object = None) -> None:
    """Look whether alerts are due, and tell people."""
    from assay.worker.wiring.alerting import look_for_alerts

    run_tick(self, tick, look_for_alerts)


@app.task(name="assay.drift", bind=True)
def drift(self: Any, tick: object = None) -> None:
    """Check for drift once a day."""
    from assay.worker.wiring.drifting import check_drift

    run_tick(self, tick, check_drift)


@app.task(name="assay.digest", bind=True)
def digest(self: Any, tick: object = None) -> None:
    """Send the weekly message when it is due."""
    from assay.worker.wiring.digests import send_digest

    run_tick(self, tick, send_digest)
