"""Calibration of the risk: from what a judge states to how often people marked such answers, fitted on human labels.

Below `ISOTONIC_FROM` labels the curve is logistic in the log odds of the risk (Platt 1999, with his smoothed targets).
From there on it is isotonic (pool adjacent violators, Ayer et al. 1955), linear between the blocks' centres. Both only
rise, so the order of the answers stays. A calibration holds for one judge and one way of asking it. `mismatch` tells
whether it does.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from assay.judges.base import Judge
from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.judges.schema import Probability, Record
from assay.judges.team_files.problems import first_problem

ISOTONIC_FROM = 500
"""Labels from which the isotonic curve is fitted. With fewer it follows the noise."""

FEWEST_OF_A_CLASS = 10
"""Labels each class must have before any curve is fitted."""

_SQUEEZE = 0.005
"""Risks of 0 and 1 are taken this far inwards: their log odds stay finite, and no single answer bends the curve."""


class CalibrationError(ConfigurationError):
    """Labels that no curve can be fitted to, or a calibration file that cannot be used."""


class LogisticCurve(Record):
    """1 ÷ (1 + exp(−(slope · x + intercept))), x the log odds of the risk squeezed into [0.005, 0.995]."""

    kind: Literal["logistic"] = "logistic"
    slope: float = Field(gt=0, allow_inf_nan=False)
    intercept: float = Field(allow_inf_nan=False)

    def __call__(self, risk: float) -> float:
        """The calibrated risk."""
        return _sigmoid(self.slope * _log_odds(risk) + self.intercept)


class IsotonicCurve(Record):
    """Straight lines between knots (risk, calibrated risk). The curve is flat before the first and after the last."""

    kind: Literal["isotonic"] = "isotonic"
    knots: tuple[tuple[Probability, Probability], ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _rises(self) -> IsotonicCurve:
        for (x, y), (next_x, next_y) in zip(self.knots, self.knots[1:], strict=False):
            if next_x <= x or next_y < y:
                raise ValueError(f"knots must rise; ({next_x:g}, {next_y:g}) follows ({x:g}, {y:g})")
        return self

    def __call__(self, risk: float) -> float:
        """The calibrated risk."""
        (x, y), *rest = self.knots
        if risk <= x:
            return y
        for next_x, next_y in rest:
            if risk <= next_x:
                # Rounding must not carry the value past the knot, or the curve would fall behind it.
                return min(next_y, y + (next_y - y) * ((risk - x) / (next_x - x)))
            x, y = next_x, next_y
        return y


Curve = Annotated[LogisticCurve | IsotonicCurve, Field(discriminator="kind")]


class Calibration(Record):
    """A fitted curve and what it rests on: the content of `calibration/RUBRIC-JUDGE.json`.

    `rubric_hash` covers what of the rubric can change a judge's risk. Its cuts, patterns and texts may be edited.
    `data_digest` is the sha256 of the labels file. `use_case` is the one whose answers were labelled, and the only one
    it holds for. None: it holds wherever there is no nearer one.
    """

    v: Literal[1] = 1
    rubric: str
    rubric_hash: str
    judge: str
    judge_fingerprint: str
    curve: Curve
    n: int = Field(ge=1)
    positives: int = Field(ge=1)
    fitted_on: date
    data_digest: str
    use_case: str | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A calibration of no use case is written as it was before there were any, and has the same hash."""
        data: dict[str, Any] = serialise(self)
        if self.use_case is None:
            del data["use_case"]
        return data

    def __call__(self, risk: float) -> float:
        """The calibrated risk, in [0, 1]. It never falls where the risk rises."""
        return self.curve(risk)

    def content(self) -> str:
        """Canonical JSON. The hash is taken over it."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def content_hash(self) -> str:
        """sha256 of `content()`, 64 hex digits. It is part of the evaluator revision."""
        return hashlib.sha256(self.content().encode()).hexdigest()

    def mismatch(self, rubric: Rubric, judge: Judge) -> str | None:
        """Why this calibration does not hold for the pair, in words. None if it does."""
        if self.rubric != rubric.name:
            return f"it was fitted for rubric {self.rubric!r}"
        if self.judge != judge.name:
            return f"it was fitted for judge {self.judge!r}"
        if self.rubric_hash != risk_hash(rubric, judge.name):
            return f"the judge or the value rules of rubric {rubric.name!r} have changed since {self.fitted_on}"
        if self.judge_fingerprint != judge.fingerprint:
            return f"judge {judge.name!r} (prompt, weights or model) has changed since {self.fitted_on}"
        return None


def risk_hash(rubric: Rubric, judge: str) -> str:
    """sha256 over what of a rubric can change a judge's risk: how that judge is asked, and the value rules.

    Patterns are left out: they set a floor that is applied after calibration. So are the cuts, which people set by it,
    and what a cascade escalates: each of its tiers judges the same whoever is asked before or after.
    """
    asked = {"local": set(), "decision": {"decision"}, "llm": {"llm"}}.get(judge, {"llm", "panel"})
    parts = {
        "asked": rubric.judge.model_dump(mode="json", include=asked),
        "values": sorted(rubric.rules.values),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        CalibrationError: unreadable, or not as written by `assay calibrate`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CalibrationError(f"{path}: file: cannot be read ({exc})") from exc
    return parse_calibration(text, source=str(path))


def parse_calibration(text: str, *, source: str) -> Calibration:
    """Parse a calibration's JSON. `source` is named in errors.

    Raises:
        CalibrationError: as `read_calibration`.
    """
    try:
        return Calibration.model_validate_json(text)
    except ValidationError as exc:
        key, problem = first_problem(exc)
        raise CalibrationError(f"{source}: {key}: {problem}; write it anew with `assay calibrate`") from exc


def fit_curve(risks: Sequence[float], labels: Sequence[int]) -> Curve:
    """The curve for these labelled risks: logistic below 500 labels, isotonic from there on.

    Raises:
        CalibrationError: a class has fewer than 10 labels, or the risk does not rise with the labels at all.
        ValueError: lengths differ, a risk lies outside [0, 1], or a label is neither 0 nor 1.
    """
    _check(risks, labels)
    positives = sum(labels)
    fewest = min(positives, len(labels) - positives)
    if fewest < FEWEST_OF_A_CLASS:
        raise CalibrationError(
            f"labels: {positives} of {len(labels)} judged answers are marked; a calibration needs at least "
            f"{FEWEST_OF_A_CLASS} marked and {FEWEST_OF_A_CLASS} unmarked ones; label more"
        )
    curve = _isotonic(risks, labels) if len(labels) >= ISOTONIC_FROM else _logistic(risks, labels)
    if curve is None:
        raise CalibrationError(
            "labels: marked answers have no higher risk than unmarked ones: there is nothing to calibrate; "
            "check that label 1 means hallucinated, and that this judge suits this data"
        )
    return curve


def fit_platt(values: Sequence[float], labels: Sequence[int]) -> tuple[float, float]:
    """Slope and intercept of a logistic curve, fitted to smoothed targets by Newton's method.

    Targets are (n₁ + 1) / (n₁ + 2) and 1 / (n₀ + 2) (Platt 1999), so that separable labels have a finite answer.
    """
    n1 = sum(labels)
    high, low = (n1 + 1) / (n1 + 2), 1 / (len(labels) - n1 + 2)
    targets = [high if label else low for label in labels]
    slope, intercept = 0.0, math.log((n1 + 1) / (len(labels) - n1 + 1))
    for _ in range(100):
        step = _newton_step(values, targets, slope, intercept)
        slope, intercept = slope - step[0], intercept - step[1]
        if max(map(abs, step)) < 1e-10:
            break
    return slope, intercept


def pool_adjacent(values: Sequence[float], labels: Sequence[int]) -> list[tuple[float, float, int]]:
    """Isotonic regression: blocks of (mean value, share of labels 1, size) in rising order.

    Equal values are one block from the start. Neighbours that would fall are pooled until none does.
    """
    tied: dict[float, list[int]] = {}
    for value, label in zip(values, labels, strict=True):
        tied.setdefault(value, []).append(label)
    blocks: list[tuple[float, int, int]] = []
    for value in sorted(tied):
        total, ones, size = value * len(tied[value]), sum(tied[value]), len(tied[value])
        while blocks and blocks[-1][1] * size >= ones * blocks[-1][2]:
            before = blocks.pop()
            total, ones, size = total + before[0], ones + before[1], size + before[2]
        blocks.append((total, ones, size))
    return [(total / size, ones / size, size) for total, ones, size in blocks]


def _logistic(risks: Sequence[float], labels: Sequence[int]) -> LogisticCurve | None:
    slope, intercept = fit_platt([_log_odds(risk) for risk in risks], labels)
    slope, intercept = _rounded(slope), _rounded(intercept)
    return LogisticCurve(slope=slope, intercept=intercept) if slope > 0 else None


def _isotonic(risks: Sequence[float], labels: Sequence[int]) -> IsotonicCurve | None:
    """Knots at the blocks' centres. A block of all 0 or all 1 is not believed more than Platt's targets allow."""
    n1 = sum(labels)
    low, high = 1 / (len(labels) - n1 + 2), (n1 + 1) / (n1 + 2)
    knots: list[tuple[float, float]] = []
    for centre, share, _ in pool_adjacent(risks, labels):
        knot = (_rounded(min(1.0, max(0.0, centre))), _rounded(min(high, max(low, share))))
        if not knots or knot[0] > knots[-1][0]:
            knots.append(knot)
    return IsotonicCurve(knots=tuple(knots)) if len(knots) > 1 else None


def _newton_step(
    values: Sequence[float], targets: Sequence[float], slope: float, intercept: float
) -> tuple[float, float]:
    """Newton's step for the log loss. A trace of a ridge keeps it finite where all values are one."""
    g0 = g1 = h01 = 0.0
    h00 = h11 = 1e-9
    for x, target in zip(values, targets, strict=True):
        p = _sigmoid(slope * x + intercept)
        weight = p * (1 - p)
        g0, g1 = g0 + (p - target) * x, g1 + (p - target)
        h00, h01, h11 = h00 + weight * x * x, h01 + weight * x, h11 + weight
    determinant = h00 * h11 - h01 * h01
    return (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant


def _check(risks: Sequence[float], labels: Sequence[int]) -> None:
    if len(risks) != len(labels):
        raise ValueError("risks and labels must have the same length")
    if not all(0.0 <= risk <= 1.0 for risk in risks):
        raise ValueError("risks must lie in [0, 1]; leave out what was not judged")
    if not all(label in (0, 1) for label in labels):
        raise ValueError("labels must be 0 or 1")


def _log_odds(risk: float) -> float:
    squeezed = _SQUEEZE + (1 - 2 * _SQUEEZE) * risk
    return math.log(squeezed / (1 - squeezed))


def _sigmoid(x: float) -> float:
    if x < 0:
        return math.exp(x) / (1 + math.exp(x)) if x > -700 else 0.0
    return 1 / (1 + math.exp(-x))


def _rounded(value: float) -> float:
    """Six significant digits: what the file says is what is applied."""
    return float(f"{value:.6g}")
