"""One run of a scheduled golden set: gated or run, kept, shown, and put into its series."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import SecretStr

from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.series import build_series
from assay.worker.golden.scheduling.outcome import RunOutcome, outcome_of
from assay.worker.golden.scheduling.slot_records import SlotRecord
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.targets.opening import Lookup
from assay.worker.records.messages import LONGEST_RUN_S

TIMEOUT_S = 4 * 3600.0
"""Of a scheduled run whose manifest has no `timeout_s`."""

SHOW_TIMEOUT_S = 600.0

log = structlog.get_logger(__name__)

Show = Callable[[GoldenSet, GoldenRun | GateResult], Awaitable[str]]
"""Shows a finished run where people look at runs; says what became of that in a few words."""


@dataclass(frozen=True)
class GoldenPlace:
    """What a run needs of the deployment: its sets, judges, environment and disk."""

    load: Callable[[str], GoldenSet]
    evaluator: Callable[[Rubric], Evaluator]
    lookup: Lookup
    data_dir: Path
    concurrency: int
    webhook: SecretStr | None = None
    show: Show | None = None

    def call(self, record: SlotRecord) -> GoldenCall:
        """The call of a slot, which goes on with what an earlier worker did of it."""
        golden = self.load(record.golden_set)
        return GoldenCall(
            golden=golden,
            data_dir=self.data_dir,
            repeats=golden.manifest.repeats,
            concurrency=self.concurrency,
            lookup=self.lookup,
            run_id=record.run_id,
            timeout_s=min(golden.manifest.timeout_s or TIMEOUT_S, LONGEST_RUN_S),
            resume="may",
            origin="schedule",
        )


async def run_scheduled(place: GoldenPlace, record: SlotRecord) -> RunOutcome:
    """Gate the manifest's target against the baseline, or, where there is none, run it; keep and show the result.

    A result that was kept before its worker died is taken as it is.

    Raises:
        EvaluationError: the set, its target or its judge cannot be used.
    """
    call = place.call(record)
    golden, store = call.golden, call.store
    evaluator = place.evaluator(golden.rubric)
    try:
        result = call.kept(evaluator.revision) or await _judged(call, evaluator)
    finally:
        await evaluator.judge.close()
    target = result.target if isinstance(result, GoldenRun) else result.candidate
    series = build_series(store.history(), set_digest=golden.digest, target=target, acknowledged=store.acknowledged())
    shown = await _shown(place, golden, result)
    return outcome_of(result, golden, series).model_copy(update={"shown": shown})


async def _judged(call: GoldenCall, evaluator: Evaluator) -> GoldenRun | GateResult:
    """The run itself, from its journal on where there is one."""
    result: GoldenRun | GateResult
    target = call.target()
    if call.golden.has_baseline:
        result = await call.gate(call.baseline(), target, evaluator)
    else:
        result = await call.run(target, evaluator)
    call.keep(result)
    call.forget_journal(result)
    return result


async def _shown(place: GoldenPlace, golden: GoldenSet, result: GoldenRun | GateResult) -> str:
    """What became of the run's experiment; whatever happens to it, the run is judged and kept."""
    if place.show is None:
        return ""
    try:
        async with asyncio.timeout(SHOW_TIMEOUT_S):
            return await place.show(golden, result)
    except Exception as exc:  # noqa: BLE001  # whatever went wrong, the run is judged and kept
        log.warning("golden.not_shown", golden_set=golden.name, error=type(exc).__name__)
        return f"experiment failed: {type(exc).__name__}"
