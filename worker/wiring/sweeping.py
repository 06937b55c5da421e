"""What looks for traces to judge, for each store of a deployment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.candidates import Chooser
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.store_sweeps import Sweeps
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.wiring.feedback import feedback_sweep
from assay.worker.wiring.first_costs import first_cost_usd
from assay.worker.wiring.state_of_store import store_order
from assay.worker.wiring.stores import Part

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def sweeps_of(runtime: Runtime) -> Sweeps:
    """The sweeps of a deployment."""
    stores, deployment = runtime.stores, runtime.deployment
    by_store = {part.place.name: _sweeper(runtime, part) for part in stores.parts}
    scanner = next(iter(by_store.values())).scanner
    if len(by_store) > 1:
        chooser = Chooser(deployment=deployment, rubrics=runtime.rubrics, calibrations=runtime.calibrations)
        windows = runtime.state.windows
        scanner = replace(scanner, source=stores.store, windows=windows, deployment=deployment, chooser=chooser)
    return Sweeps(by_store, scanner, store_order(runtime))


def _sweeper(runtime: Runtime, part: Part) -> Sweeper:
    """Looks through one store."""
    state, is_alone = runtime.state, len(runtime.stores.parts) == 1
    deployment = runtime.deployment if is_alone else runtime.deployment.of_store(part.place.name)
    return Sweeper(
        source=part.store,
        sink=part.store,
        ledger=state.ledger,
        windows=state.windows.of(part.mark),
        documents=state.documents,
        locks=state.locks,
        deployment=deployment,
        rubrics=runtime.rubrics,
        backlog=state.backlog,
        top_up=runtime.releaser.top_up if runtime.has_queue else _no_top_up,
        pressure=Pressure(
            backlog=state.backlog,
            key_values=state.key_values,
            limit=timedelta(seconds=runtime.settings.backlog_limit_s),
        ),
        budgeting=Budgeting(
            account=state.call_reader,
            ledger=state.ledger_reader,
            key_values=state.key_values,
            deployment=runtime.deployment,
            first_cost_usd=lambda rubric: first_cost_usd(runtime.rubrics[rubric], runtime.judge_files.prices),
        ),
        clock=runtime.clock,
        ledger_deadline=runtime.ledger_deadline,
        calibrations=runtime.calibrations,
        feedback=feedback_sweep(runtime, part, deployment),
        lock=f"sweep~{part.mark}" if part.mark else "sweep",
        traffic=state.windows,
        counts_ahead=isinstance(part.store, WithTraceImport),
    )


async def _no_top_up() -> int:
    """Without a queue everything waits for the fleet's own releases."""
    return 0
