"""One run of a scheduled golden set: gated or run, kept, shown, and put into its series."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import SecretStr

from assay.judges.evaluate import Evaluator
from assay.judges.models.batches.deferral import CallDesk
from assay.judges.rubric import Rubric
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.deferral import Deferral, WaitsForBatch
from assay.worker.golden.runs.journal import JOURNAL
from assay.worker.golden.runs.run_store import RunStore, WaitingRun
from assay.worker.golden.runs.series import build_series
from assay.worker.golden.scheduling.outcome import RunOutcome, outcome_of
from assay.worker.golden.scheduling.slot_records import SlotRecord
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.targets.opening import Lookup
from assay.worker.records.messages import LONGEST_RUN_S

TIMEOUT_S = 4 * 3600.0
"""Of a scheduled run whose manifest has no `timeout_s`."""

LONGEST_WAIT = timedelta(days=7)
"""After so long a run is put aside no more. What has no judgement then is missing, and nothing passes by it."""

SHOW_TIMEOUT_S = 600.0

log = structlog.get_logger(__name__)

Show = Callable[[GoldenSet, GoldenRun | GateResult], Awaitable[str]]
"""Shows a finished run where people look at runs; says what became of that in a few words."""


class RunDesk(Protocol):
    """Takes the judge calls of one run for a provider's batch."""

    @property
    def tags(self) -> Sequence[str]:
        """Our names of the batches that the run waits for."""
        ...

    def of(self, judgement: str) -> CallDesk:
        """The desk for the calls of one judgement. See `Deferral.desk_for`."""
        ...

    async def check(self) -> None:
        """Return if every endpoint that judges has batches and lets us in.

        Raises:
            ConfigurationError: one has none, or no model is asked at all.
        """
        ...

    async def send(self) -> None:
        """Send what was handed in, without waiting for more."""
        ...


OpenDesk = Callable[[GoldenSet, str, str], RunDesk]
"""The desk of a run: of which set, the run's id, and the evaluator's revision."""


class PutAside(Exception):  # no error: the run goes on when the answers are here
    """A run waits for a provider's batch: how many judgements do, for which batches, and why."""

    def __init__(self, waits: WaitsForBatch, batches: Sequence[str]) -> None:
        super().__init__(str(waits))
        self.judgements = waits.judgements
        self.why = waits.why
        self.batches = tuple(batches)


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
    open_desk: OpenDesk | None = None

    def has_begun(self, record: SlotRecord) -> bool:
        """Whether what was done of a slot lies on this machine."""
        return (RunStore(self.data_dir, record.golden_set).directory(record.run_id) / JOURNAL).is_file()

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


async def run_scheduled(place: GoldenPlace, record: SlotRecord, now: datetime) -> RunOutcome:
    """Gate the manifest's target against the baseline, or, where there is none, run it; keep and show the result.

    A result that was kept before its worker died is taken as it is.

    Args:
        place: the deployment.
        record: the slot.
        now: what the time is. A run that has waited for a week waits no more: what has no judgement is missing.

    Raises:
        EvaluationError: the set, its target or its judge cannot be used.
        PutAside: it waits for a provider's batch.
    """
    call = place.call(record)
    golden, store = call.golden, call.store
    store.take_up(call.run_id)
    evaluator = place.evaluator(golden.rubric)
    since = record.waits.since if record.waits is not None else now
    try:
        result = call.kept(evaluator.revision) or await _judged_as_set(place, call, evaluator, since, now)
    finally:
        await evaluator.judge.close()
    target = result.target if isinstance(result, GoldenRun) else result.candidate
    series = build_series(store.history(), set_digest=golden.digest, target=target, acknowledged=store.acknowledged())
    shown = await _shown(place, golden, result)
    return outcome_of(result, golden, series).model_copy(update={"shown": shown})


async def _judged_as_set(
    place: GoldenPlace, call: GoldenCall, evaluator: Evaluator, since: datetime, now: datetime
) -> GoldenRun | GateResult:
    """The run, judged at once or by a provider's batches, as the schedule says.

    Raises:
        PutAside: it waits for a batch, which is on its way.
    """
    schedule = call.golden.manifest.schedule
    if place.open_desk is None or schedule is None or schedule.judge_by == "live":
        return await _judged(call, evaluator)
    desk = place.open_desk(call.golden, call.run_id, evaluator.revision)
    if not call.can_resume:
        await desk.check()
    try:
        is_patient = now - since < LONGEST_WAIT
        return await _judged(replace(call, deferral=Deferral(desk.of, is_patient=is_patient)), evaluator)
    except WaitsForBatch as exc:
        await desk.send()
        waiting = WaitingRun(run_id=call.run_id, since=since, judgements=exc.judgements, batches=tuple(desk.tags))
        call.store.put_aside(waiting)
        raise PutAside(exc, desk.tags) from None


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
