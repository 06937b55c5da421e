"""Fits a calibration on labelled risks and says how good it is on rows it was not fitted on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from assay.judges.calibration import Calibration, CalibrationError, Curve, fit_curve, risk_hash
from assay.judges.evaluate import Evaluator
from assay.judges.schema import Record
from assay.worker.calibration.labels import LabelledRisk, LabelsFile
from assay.worker.statistics.agreement import auroc_estimate, class_rates
from assay.worker.statistics.calibration import (
    ReliabilityBin,
    ece_by_chance,
    ece_estimate,
    kappa_estimate,
    reliability,
)
from assay.worker.statistics.intervals import Estimate

FOLDS = 5


class Figures(Record):
    """How risks agree with people's labels. A risk of `cut` or more is flagged. None cannot be estimated."""

    n: int
    marked: int
    sources: int
    cut: float
    sensitivity: Estimate | None
    specificity: Estimate | None
    balanced_accuracy: Estimate | None
    auroc: Estimate | None
    kappa: Estimate | None
    ece: Estimate | None
    ece_by_chance: float


class Comparison(Record):
    """One group of answers: figures of the risk as judged, and calibrated by folds that did not hold the answer."""

    group: str
    as_judged: Figures
    calibrated: Figures


class CalibrationReport(Record):
    """What was fitted and what it is worth."""

    calibration: Calibration
    groups: tuple[Comparison, ...]
    without_risk: dict[str, int]
    reliability_as_judged: tuple[ReliabilityBin, ...]
    reliability_calibrated: tuple[ReliabilityBin, ...]


def calibrate_rows(
    rows: Sequence[LabelledRisk],
    evaluator: Evaluator,
    *,
    slices: Sequence[str],
    without: Mapping[str, int],
    file: LabelsFile,
    on: date,
    use_case: str | None = None,
) -> CalibrationReport:
    """Fit the risk of an evaluator's judge to labels, and say what the calibration is worth.

    Args:
        rows: labelled risks.
        evaluator: whose risks they are.
        slices: fields by whose values the figures are also told.
        without: answers that have no risk, by reason.
        file: where the labels come from.
        on: the day of fitting.
        use_case: the only one it is to hold for. None: all that have none of their own.

    Raises:
        CalibrationError: as `fit` and `cross_fitted`.
    """
    calibrated = cross_fitted(rows)
    rubric, judge = evaluator.rubric, evaluator.judge
    return CalibrationReport(
        calibration=Calibration(
            rubric=rubric.name,
            rubric_hash=risk_hash(rubric, judge.name),
            judge=judge.name,
            judge_fingerprint=judge.fingerprint,
            curve=fit(rows),
            n=len(rows),
            positives=sum(row.label for row in rows),
            fitted_on=on,
            data_digest=file.digest,
            use_case=use_case,
        ),
        groups=tuple(compare(rows, calibrated, slices, rubric.risk_labels.high)),
        without_risk=dict(without),
        reliability_as_judged=reliability_of(rows, [row.risk for row in rows]),
        reliability_calibrated=reliability_of(rows, calibrated),
    )


def fit(rows: Sequence[LabelledRisk]) -> Curve:
    """The curve for these rows. Its kind depends on how many there are.

    Raises:
        CalibrationError: they are too few, or the risk does not rise with the labels.
    """
    return fit_curve([row.risk for row in rows], [row.label for row in rows])


def cross_fitted(rows: Sequence[LabelledRisk]) -> list[float]:
    """Each row's risk, calibrated by a curve fitted on rows of other sources alone.

    Raises:
        CalibrationError: as `fit`, and where one source makes up nearly everything.
    """
    folds = [_fold(row.source) for row in rows]
    curves = {}
    for fold in sorted(set(folds)):
        others = [row for row, own in zip(rows, folds, strict=True) if own != fold]
        try:
            curves[fold] = fit(others)
        except CalibrationError as exc:
            raise CalibrationError(f"{exc} (after setting aside one of {FOLDS} folds by source)") from exc
    return [curves[fold](row.risk) for row, fold in zip(rows, folds, strict=True)]


def compare(
    rows: Sequence[LabelledRisk], calibrated: Sequence[float], slices: Sequence[str], cut: float
) -> list[Comparison]:
    """Figures over all rows and over each value of each slice."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups["all"].append(place)
        for key in slices:
            groups[f"{key}={row.slices[key]}"].append(place)
    first, *rest = groups
    return [
        Comparison(
            group=name,
            as_judged=figures([rows[i] for i in groups[name]], [rows[i].risk for i in groups[name]], cut),
            calibrated=figures([rows[i] for i in groups[name]], [calibrated[i] for i in groups[name]], cut),
        )
        for name in (first, *sorted(rest))
    ]


def figures(rows: Sequence[LabelledRisk], risks: Sequence[float], cut: float) -> Figures:
    """Figures of some risks for these rows, with intervals over sources."""
    labels, sources = [row.label for row in rows], [row.source for row in rows]
    flags = [risk >= cut for risk in risks]
    rates = class_rates(labels, flags, clusters=sources)
    return Figures(
        n=len(rows),
        marked=sum(labels),
        sources=len(set(sources)),
        cut=cut,
        sensitivity=rates.sensitivity if rates else None,
        specificity=rates.specificity if rates else None,
        balanced_accuracy=rates.balanced_accuracy if rates else None,
        auroc=auroc_estimate(labels, risks, clusters=sources),
        kappa=kappa_estimate(labels, flags, clusters=sources) if rates else None,
        ece=ece_estimate(labels, risks, clusters=sources),
        ece_by_chance=ece_by_chance(risks),
    )


def reliability_of(rows: Sequence[LabelledRisk], risks: Sequence[float]) -> tuple[ReliabilityBin, ...]:
    """Stated against marked, in bins."""
    return tuple(reliability([row.label for row in rows], risks, clusters=[row.source for row in rows]))


def _fold(source: str) -> int:
    """The fold of a row: all rows of one source are in one, on every machine the same."""
    return int.from_bytes(hashlib.sha256(source.encode("utf-8", "surrogatepass")).digest()[:8], "big") % FOLDS
