"""One run of a scheduled golden set: gated or run, kept, shown, and put into its series."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.deferral import Deferral, WaitsForBatch
from assay.worker.golden.runs.journal import JOURNAL
from assay.worker.golden.runs.run_store import RunStore, WaitingRun
from assay.worker.golden.runs.series import build_series
from assay.worker.golden.scheduling.outcome import RunOutcome, outcome_of, own_words
from assay.worker.golden.scheduling.run_desk import OpenDesk, PutAside
from assay.worker.golden.scheduling.slot_records import UNUSABLE_FOR, SlotRecord
from assay.worker.golden.sets.files import GoldenSetError
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


class NotUsableNow(Exception):  # no error: the run goes on when it is mended
    """The set or the judge of a run that waits cannot be used: in the middle of an edit, or for good."""


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

    def forget_wait(self, record: SlotRecord) -> None:
        """Note on this machine that a run which was put aside has ended, however it did."""
        RunStore(self.data_dir, record.golden_set).take_up(record.run_id)

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
        EvaluationError: the set, its target or its judge cannot be used, or nobody wants the run any more.
        PutAside: it waits for a provider's batch.
        NotUsableNow: it waited for one, and the set or its judge cannot be used now.
    """
    call, evaluator = _opened(place, record, now)
    golden, store = call.golden, call.store
    store.take_up(call.run_id)
    try:
        result = call.kept(evaluator.revision) or await _judged_as_set(place, call, evaluator, record, now)
    finally:
        await evaluator.judge.close()
    target = result.target if isinstance(result, GoldenRun) else result.candidate
    series = build_series(store.history(), set_digest=golden.digest, target=target, acknowledged=store.acknowledged())
    shown = await _shown(place, golden, result)
    return outcome_of(result, golden, series).model_copy(update={"shown": shown})


def _opened(place: GoldenPlace, record: SlotRecord, now: datetime) -> tuple[GoldenCall, Evaluator]:
    """The run's call, and its judge.

    Raises:
        ConfigurationError: one of them cannot be used; of a run that waits only if it has been so for a day.
        NotUsableNow: of a run that waits, before that.
    """
    try:
        call = place.call(record)
        return call, place.evaluator(call.golden.rubric)
    except ConfigurationError as exc:
        waits = record.waits
        if waits is None or (waits.unusable_since is not None and now - waits.unusable_since >= UNUSABLE_FOR):
            raise
        raise NotUsableNow(own_words(exc)) from exc


async def _judged_as_set(
    place: GoldenPlace, call: GoldenCall, evaluator: Evaluator, record: SlotRecord, now: datetime
) -> GoldenRun | GateResult:
    """The run, judged at once or by a provider's batches, as the schedule says.

    Raises:
        ConfigurationError: nobody wants it any more.
        PutAside: it waits for a batch, which is on its way.
    """
    schedule = call.golden.manifest.schedule
    if schedule is None:
        return await _judged_unscheduled(place, call, evaluator, record, now)
    if place.open_desk is None or schedule.judge_by == "live":
        return await _judged(call, evaluator)
    return await _judged_by_batch(place.open_desk, call, evaluator, record, now)


async def _judged_unscheduled(
    place: GoldenPlace, call: GoldenCall, evaluator: Evaluator, record: SlotRecord, now: datetime
) -> GoldenRun | GateResult:
    """A run whose schedule was taken out since it came due.

    What batches judge is paid: such a run goes on, and asks the application nothing. One that its worker left behind
    would ask it further, and is given up.

    Raises:
        ConfigurationError: it is given up.
        PutAside: it waits for a batch.
    """
    where = f"{call.golden.directory / 'manifest.yaml'}: schedule: was taken out before this run had ended"
    if record.waits is None and record.attempts <= 1:  # it came due when there was a schedule
        return await _judged(call, evaluator)
    if record.waits is None or place.open_desk is None:
        raise ConfigurationError(f"{where}; it is given up")
    if not call.can_resume:
        raise ConfigurationError(f"{where}, and what it had done is not on this machine; it is given up")
    try:
        return await _judged_by_batch(place.open_desk, replace(call, resume="must"), evaluator, record, now)
    except GoldenSetError as exc:
        why = str(exc).removeprefix(f"{exc.file}: ")
        raise ConfigurationError(f"{where}, and it cannot go on: {why}") from None


async def _judged_by_batch(
    open_desk: OpenDesk, call: GoldenCall, evaluator: Evaluator, record: SlotRecord, now: datetime
) -> GoldenRun | GateResult:
    """The run, whose judge calls go to a provider's batches.

    Raises:
        PutAside: it waits for a batch, which is on its way.
    """
    since = record.waits.since if record.waits is not None else now
    desk = open_desk(call.golden, call.run_id, evaluator.revision)
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
