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
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.journal import JOURNAL, Journal, JournalHeader, forget_journal, new_run_id
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.runs.series import build_series
from assay.worker.golden.scheduling.outcome import RunOutcome, outcome_of
from assay.worker.golden.scheduling.slot_records import SlotRecord
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.targets import ExchangeLog, GoldenTarget, baseline_targets, target_for
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


async def run_scheduled(place: GoldenPlace, record: SlotRecord) -> RunOutcome:
    """Gate the manifest's target against the baseline, or, where there is none, run it; keep and show the result.

    A result that was kept before its worker died is taken as it is.

    Raises:
        EvaluationError: the set, its target or its judge cannot be used.
    """
    golden = place.load(record.golden_set)
    store = RunStore(place.data_dir, golden.name)
    evaluator = place.evaluator(golden.rubric)
    try:
        made = store.kept(record.run_id)
        if made is None or (made.set_digest, made.revision) != (golden.digest, evaluator.revision):
            made = await _made(place, golden, evaluator, store, record.run_id)
    finally:
        await evaluator.judge.close()
    target = made.target if isinstance(made, GoldenRun) else made.candidate
    series = build_series(store.history(), set_digest=golden.digest, target=target, acknowledged=store.acknowledged())
    shown = await _shown(place, golden, made)
    return outcome_of(made, golden, series).model_copy(update={"shown": shown})


async def _made(
    place: GoldenPlace, golden: GoldenSet, evaluator: Evaluator, store: RunStore, run_id: str
) -> GoldenRun | GateResult:
    """The run itself, from its journal on where there is one."""
    log_of = ExchangeLog(store.directory(run_id))
    target = target_for(golden, lookup=place.lookup, concurrency=place.concurrency, keep=log_of.keep)
    before = _baseline(golden, run_id, place.lookup)
    names = {"candidate": target.identity, **({"baseline": before[0].identity} if before else {})}
    journal = _journal(store, golden, evaluator.revision, names, run_id)
    session = GoldenSession(
        golden,
        evaluator,
        place.concurrency,
        run_id=run_id,
        timeout_s=min(golden.manifest.timeout_s or TIMEOUT_S, LONGEST_RUN_S),
        journal=journal,
    )
    try:
        return await _judged(session, store, target, before)
    finally:
        journal.close()


async def _judged(
    session: GoldenSession, store: RunStore, target: GoldenTarget, before: list[GoldenTarget]
) -> GoldenRun | GateResult:
    made: GoldenRun | GateResult
    if before:
        made = gate_result(await session.gate(before, target))
        kept, missing = store.save_gate(made, origin="schedule"), made.candidate_missing + made.baseline_missing
    else:
        made = await session.run_and_examine(target)
        kept, missing = store.save_run(made, origin="schedule"), made.missing
    if not missing and (made.exam is None or not made.exam.missing):
        forget_journal(kept.parent)
    return made


async def _shown(place: GoldenPlace, golden: GoldenSet, made: GoldenRun | GateResult) -> str:
    """What became of the run's experiment; whatever happens to it, the run is judged and kept."""
    if place.show is None:
        return ""
    try:
        async with asyncio.timeout(SHOW_TIMEOUT_S):
            return await place.show(golden, made)
    except Exception as exc:  # noqa: BLE001  # whatever went wrong, the run is judged and kept
        log.warning("golden.not_shown", golden_set=golden.name, error=type(exc).__name__)
        return f"experiment failed: {type(exc).__name__}"


def _baseline(golden: GoldenSet, run_id: str, lookup: Lookup) -> list[GoldenTarget]:
    """What is compared with: the reviewed baseline, else the manifest's release, else nothing."""
    if golden.baseline is not None:
        return baseline_targets(golden, golden.manifest.repeats, run_id)
    named = golden.manifest.baseline
    return [target_for(golden, release=named, lookup=lookup)] if named is not None else []


def _journal(store: RunStore, golden: GoldenSet, revision: str, targets: dict[str, str], run_id: str) -> Journal:
    """The run's journal; one that was made with something else is left behind under a new name."""
    header = JournalHeader(
        run_id=run_id,
        golden_set=golden.name,
        set_digest=golden.digest,
        revision=revision,
        targets=targets,
        repeats=golden.manifest.repeats,
    )
    directory = store.directory(run_id)
    if not directory.exists():
        return Journal.start(directory, header)
    try:
        return Journal.resume(directory, header)
    except GoldenSetError:
        stale = directory / JOURNAL
        if stale.exists():
            stale.rename(directory / f"{JOURNAL}.{new_run_id()}")
        return Journal.start(directory, header)
