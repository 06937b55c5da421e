"""The weekly series: did the pass rate of scheduled runs move? Watched by an e-process, not by repeated 5 % tests."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import fmean, stdev

from assay.judges.schema import Record
from assay.worker.golden.results.run_result import ExamState
from assay.worker.golden.runs.run_store import RunSummary
from assay.worker.statistics.sequential import ECusum

REFERENCE_RUNS = 5
"""Runs that say what is normal. A single one would be as lucky or unlucky as it happened to be."""

DROP_TO_CATCH = 0.05
"""Drop of the pass rate the bet is placed on: five points. Larger drops are caught sooner, smaller ones later."""

RUNS_BETWEEN_FALSE_ALARMS = 250
"""Mean number of unchanged runs until a false alarm, at least: about five years of weekly runs."""

_T_95 = 2.132
"""95 % point of Student's t with 4 degrees of freedom, for the mean of five reference runs."""


class SeriesPoint(Record):
    """One run of the series. `e_value` is the evidence after it that the pass rate is below the reference's."""

    run_id: str
    pass_rate: float
    answers: int
    e_value: float


class Series(Record):
    """The scheduled runs of one target under one evaluator revision since the reference runs.

    `limit` is the share of failures that still counts as normal: the reference's mean plus what five runs leave open,
    at least one item's worth. `alarm` is the run at which the evidence passed `threshold`, unless that has been
    acknowledged: after a run in `acknowledged` the evidence starts anew. `too_few` says why there is no series yet.
    `looks` counts all scheduled runs that were begun for it, comparable or not.
    """

    target: str
    revision: str
    reference: tuple[str, ...]
    looks: int = 0
    reference_pass_rate: float | None = None
    limit: float | None = None
    threshold: float = RUNS_BETWEEN_FALSE_ALARMS
    points: tuple[SeriesPoint, ...] = ()
    acknowledged: tuple[str, ...] = ()
    alarm: str | None = None
    too_few: str | None = None

    @property
    def since_alarm(self) -> tuple[str, ...]:
        """The run that raised the alarm and those after it: what can be acknowledged."""
        ids = tuple(point.run_id for point in self.points)
        return () if self.alarm is None else ids[ids.index(self.alarm) :]


def build_series(
    history: Sequence[RunSummary], *, set_digest: str, target: str, acknowledged: Collection[str] = ()
) -> Series:
    """The series of a target on the set as it stands, under the evaluator revision of the latest scheduled run.

    Runs by command, as a pipeline's gates, are not in it: how many there are and of what is anybody's choice. Nor are
    runs that are not comparable (another state of the set, another judge or one that failed its exam, something
    missing). The first five are the reference.
    """
    scheduled = [run for run in history if run.origin == "schedule"]
    mine = [run for run in scheduled if (run.set_digest, run.target) == (set_digest, target)]
    revision = mine[-1].revision if mine else ""
    mine = [run for run in mine if run.revision == revision]
    runs = [run for run in mine if _comparable(run)]
    reference, later = runs[:REFERENCE_RUNS], runs[REFERENCE_RUNS:]
    ids = tuple(run.run_id for run in reference)
    series = Series(target=target, revision=revision, reference=ids, looks=len(mine))
    if len(reference) < REFERENCE_RUNS:
        why = f"{len(reference)} comparable scheduled runs; the first {REFERENCE_RUNS} only say what is normal"
        return series.model_copy(update={"too_few": why})
    shares = [run.failed / (run.passed + run.failed) for run in reference]
    limit = _limit(shares, one_item=reference[-1].repeats / (reference[-1].passed + reference[-1].failed))
    if limit >= 1:
        return series.model_copy(update={"too_few": "the reference runs pass nothing; there is nothing to lose"})
    series = series.model_copy(update={"reference_pass_rate": 1 - fmean(shares), "limit": limit})
    return series.model_copy(update=_watched(later, limit, acknowledged))


def _comparable(run: RunSummary) -> bool:
    judge_failed = run.exam is not None and run.exam not in (ExamState.PASSED, ExamState.UNEXAMINED)
    return not run.missing and not judge_failed and run.passed + run.failed > 0


def _limit(shares: Sequence[float], *, one_item: float) -> float:
    """The share of failures that still counts as normal after these reference runs."""
    return fmean(shares) + max(one_item, _T_95 * stdev(shares) / math.sqrt(len(shares)))


def _watched(runs: Sequence[RunSummary], limit: float, acknowledged: Collection[str]) -> dict[str, object]:
    """The points after the reference, and the alarm nobody has acknowledged; each acknowledgement restarts the path."""
    process = ECusum(
        p0=limit, p1=min(limit + DROP_TO_CATCH, (1 + limit) / 2), threshold=float(RUNS_BETWEEN_FALSE_ALARMS)
    )
    restarts = [at + 1 for at, run in enumerate(runs) if run.run_id in acknowledged]
    logs: list[float] = []
    for start, end in pairwise([0, *restarts, len(runs)]):
        logs += process.path([(run.failed, run.passed + run.failed) for run in runs[start:end]])
    open_from = restarts[-1] if restarts else 0
    first = process.first_alarm(logs[open_from:])
    points = tuple(
        SeriesPoint(
            run_id=run.run_id,
            pass_rate=run.passed / (run.passed + run.failed),
            answers=run.passed + run.failed,
            e_value=math.exp(min(log_e, 700.0)),
        )
        for run, log_e in zip(runs, logs, strict=True)
    )
    return {
        "points": points,
        "acknowledged": tuple(runs[at - 1].run_id for at in restarts),
        "alarm": None if first is None else runs[open_from + first].run_id,
    }
