"""The weekly series: did the pass rate move over many runs? Watched by an e-process, not by repeated 5 % tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from judges.schema import Record
from worker.golden.history import RunSummary
from worker.statistics.sequential import ECusum

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
    """The runs of one target under one evaluator revision since the reference runs.

    `limit` is the share of failures that still counts as normal: the reference's mean plus what five runs leave open,
    at least one item's worth. `alarm` is the run at which the evidence passed `threshold`. `too_few` says why there
    is no series yet.
    """

    target: str
    revision: str
    reference: tuple[str, ...]
    reference_pass_rate: float | None = None
    limit: float | None = None
    threshold: float = RUNS_BETWEEN_FALSE_ALARMS
    points: tuple[SeriesPoint, ...] = ()
    alarm: str | None = None
    too_few: str | None = None


def build_series(history: Sequence[RunSummary], *, set_digest: str, target: str) -> Series:
    """The series of a target on the set as it stands, under the evaluator revision of the latest run.

    Runs that are not comparable (another state of the set, another judge, something missing) are not in it. The first
    five are the reference.
    """
    mine = [run for run in history if (run.set_digest, run.target) == (set_digest, target)]
    revision = mine[-1].revision if mine else ""
    runs = [run for run in mine if run.revision == revision and not run.missing and run.passed + run.failed]
    reference, later = runs[:REFERENCE_RUNS], runs[REFERENCE_RUNS:]
    series = Series(target=target, revision=revision, reference=tuple(run.run_id for run in reference))
    if len(reference) < REFERENCE_RUNS:
        why = f"{len(reference)} comparable runs; the first {REFERENCE_RUNS} only say what is normal"
        return series.model_copy(update={"too_few": why})
    shares = [run.failed / (run.passed + run.failed) for run in reference]
    one_item = reference[-1].repeats / (reference[-1].passed + reference[-1].failed)
    limit = fmean(shares) + max(one_item, _T_95 * stdev(shares) / math.sqrt(len(shares)))
    process = ECusum(p0=limit, p1=min(limit + DROP_TO_CATCH, (1 + limit) / 2), threshold=series.threshold)
    if limit >= 1:
        return series.model_copy(update={"too_few": "the reference runs pass nothing; there is nothing to lose"})
    logs = process.path([(run.failed, run.passed + run.failed) for run in later])
    first = process.first_alarm(logs)
    points = [
        SeriesPoint(
            run_id=run.run_id,
            pass_rate=run.passed / (run.passed + run.failed),
            answers=run.passed + run.failed,
            e_value=math.exp(min(log_e, 700.0)),
        )
        for run, log_e in zip(later, logs, strict=True)
    ]
    return series.model_copy(
        update={
            "reference_pass_rate": 1 - fmean(shares),
            "limit": limit,
            "points": tuple(points),
            "alarm": None if first is None else later[first].run_id,
        }
    )
