"""Taking runs as the new baseline: what is checked before a person's approval counts."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.sets.baseline import (
    FEWEST_OUTPUTS,
    BaselineAnchor,
    BaselineRecord,
    TakenOutputs,
    write_baseline,
)
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.statistics.flips import Flips
from assay.worker.statistics.repeats import measured_flips


def approve_baseline(golden: GoldenSet, runs: Sequence[GoldenRun], *, by: str, why: str) -> BaselineRecord:
    """Write the outputs of these runs as the set's baseline, with who took it and why.

    Nothing is frozen by this: `assay golden freeze` accepts the files after somebody looked at them.

    Raises:
        GoldenSetError: runs that do not fit the set or each other, are incomplete, or too few.
    """
    check_runs(golden, runs)
    last = max(runs, key=lambda run: run.finished)
    judged = {anchor.id: anchor.flagged for anchor in last.exam.anchors} if last.exam is not None else {}
    return write_baseline(
        golden.directory,
        [_taken(run, repeat) for run in runs for repeat in range(run.repeats)],
        [BaselineAnchor(id=name, flagged=flagged) for name, flagged in judged.items()],
        digests={part: digest for part, digest in golden.digests.items() if part != "baseline"},
        target=last.target,
        revision=last.revision,
        # The exam may reach a tier that no answer needed; a later exam is compared with both.
        models_served=tuple(sorted({*last.models_served, *(last.exam.models_served if last.exam is not None else ())})),
        flips=_flips(golden, runs),
        by=by,
        why=why,
    )


def check_runs(golden: GoldenSet, runs: Sequence[GoldenRun]) -> None:
    """Refuse runs that make no baseline.

    Raises:
        GoldenSetError: names the run and what is wrong with it.
    """
    if not runs:
        raise GoldenSetError(golden.directory, "--from", "names no run; give the ids of `assay golden run`")
    for run in runs:
        where = f"run {run.run_id or run.started.isoformat()}"
        if run.golden_set != golden.name or run.set_digest != golden.digest:
            raise GoldenSetError(where, "set_digest", "was made with another state of the set; run it again")
        if run.missing:
            raise GoldenSetError(where, "items", f"{run.missing} answers are missing; only complete runs count")
        if run.target != runs[0].target:
            raise GoldenSetError(where, "target", f"is {run.target!r}, the first is {runs[0].target!r}; use one")
    if len({run.run_id for run in runs}) < len(runs):
        raise GoldenSetError(golden.directory, "--from", "names a run twice; a baseline needs different ones")
    outputs = sum(run.repeats for run in runs)
    recorded = golden.manifest.target.kind == "recorded"
    if outputs < FEWEST_OUTPUTS and not recorded:
        remedy = f"{outputs} outputs to each item; at least {FEWEST_OUTPUTS} keep one lucky run from becoming the norm"
        raise GoldenSetError(golden.directory, "--from", f"{remedy}; name more runs, or one with --repeats 5")


def _flips(golden: GoldenSet, runs: Sequence[GoldenRun]) -> Flips | None:
    """How often an item passes in one of these outputs and fails in another, under the judge of one run each."""
    trials: dict[str, list[bool]] = {item.id: [] for item in golden.items}
    for run in runs:
        for result in run.items:
            trials[result.id].append(result.status is ItemStatus.PASSED)
    clusters = golden.clusters
    return measured_flips(list(trials.values()), [clusters[name] for name in trials])


def _taken(run: GoldenRun, repeat: int) -> TakenOutputs:
    results = [result for result in run.items if result.repeat == repeat]
    return TakenOutputs(
        run_id=run.run_id,
        repeat=repeat,
        started=run.started,
        passed=sum(result.status is ItemStatus.PASSED for result in results),
        failed=sum(result.status is ItemStatus.FAILED for result in results),
        answers=tuple(result.as_release() for result in results),
    )
