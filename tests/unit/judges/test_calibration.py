"""Calibration: curves that only rise, files that hold for one judge, and a risk that is marked as calibrated."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.judges.calibration import (
    ISOTONIC_FROM,
    Calibration,
    CalibrationError,
    IsotonicCurve,
    LogisticCurve,
    fit_curve,
    fit_platt,
    parse_calibration,
    pool_adjacent,
    read_calibration,
    risk_hash,
)
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Pattern, RiskLabels, Rubric, Rules, ValueKind
from assay.judges.schema import Sample, Scored
from tests.builders import make_sample
from tests.fakes import PlannedJudge, supported
from tests.unit.judges.calibrations import RUBRIC, make_calibration
from tests.unit.worker.statistics.vectors import vector

RISKS = st.floats(0, 1)


def labelled(n: int, seed: int = 0) -> tuple[list[float], list[int]]:
    generator = random.Random(seed)
    risks = [generator.uniform(0, 1) for _ in range(n)]
    return risks, [int(generator.uniform(0, 1) < risk**2) for risk in risks]


def test_platt_and_isotonic_are_as_published() -> None:
    case = vector("calibration")
    scores, labels, expected = case["input"]["score"], case["input"]["label"], case["expected"]
    assert fit_platt(scores, labels) == pytest.approx(
        (expected["platt_slope"], expected["platt_intercept"]), abs=case["tol"]
    )
    fitted = [share for _, share, size in pool_adjacent(scores, labels) for _ in range(size)]
    assert fitted == pytest.approx(expected["isotonic"], abs=case["tol"])


@pytest.mark.parametrize(("n", "kind"), [(ISOTONIC_FROM - 1, "logistic"), (ISOTONIC_FROM, "isotonic")])
def test_kind_of_curve_follows_the_number_of_labels(n: int, kind: str) -> None:
    risks, labels = labelled(n)
    curve = fit_curve(risks, labels)
    assert curve.kind == kind
    assert abs(sum(map(curve, risks)) - sum(labels)) / n < 0.02


@given(st.lists(st.tuples(RISKS, st.integers(0, 1)), min_size=1, max_size=40), st.lists(RISKS, min_size=2))
def test_isotonic_curve_stays_in_its_range_and_never_falls(rows: list[tuple[float, int]], probes: list[float]) -> None:
    rows *= ISOTONIC_FROM // len(rows) + 1
    try:
        curve = fit_curve([risk for risk, _ in rows], [label for _, label in rows])
    except CalibrationError:
        return
    values = [curve(risk) for risk in sorted(probes)]
    assert all(0 < value < 1 for value in values)
    assert values == sorted(values)


@given(st.floats(0.001, 50), st.floats(-50, 50), RISKS, RISKS)
def test_logistic_curve_stays_in_its_range_and_never_falls(slope: float, intercept: float, a: float, b: float) -> None:
    curve = LogisticCurve(slope=slope, intercept=intercept)
    low, high = curve(min(a, b)), curve(max(a, b))
    assert 0 <= low <= high <= 1


@given(st.lists(st.tuples(RISKS, st.integers(0, 1)), min_size=1))
def test_pooled_blocks_rise_and_keep_every_label(rows: list[tuple[float, int]]) -> None:
    blocks = pool_adjacent([risk for risk, _ in rows], [label for _, label in rows])
    assert [share for _, share, _ in blocks] == sorted(share for _, share, _ in blocks)
    assert sum(size for *_, size in blocks) == len(rows)
    assert sum(share * size for _, share, size in blocks) == pytest.approx(sum(label for _, label in rows))


def test_separable_labels_have_a_finite_curve() -> None:
    curve = fit_curve([0.1] * 50 + [0.9] * 50, [0] * 50 + [1] * 50)
    assert curve(0.1) == pytest.approx(1 / 52, abs=1e-3)
    assert curve(0.9) == pytest.approx(51 / 52, abs=1e-3)


@pytest.mark.parametrize(
    ("risks", "labels", "expected"),
    [
        ([0.1] * 50, [0] * 50, "at least 10 marked and 10 unmarked"),
        ([0.9] * 50 + [0.1] * 50, [0] * 50 + [1] * 50, "no higher risk"),
        ([0.1] * 400 + [0.9] * 400, [1] * 400 + [0] * 400, "no higher risk"),
    ],
)
def test_labels_that_cannot_be_fitted_are_refused(risks: list[float], labels: list[int], expected: str) -> None:
    with pytest.raises(CalibrationError, match=expected):
        fit_curve(risks, labels)


@pytest.mark.parametrize("risk", [float("nan"), -0.1, 1.1, float("inf")])
def test_what_is_no_risk_is_refused(risk: float) -> None:
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        fit_curve([risk, *[0.5] * 40], [0, 1] * 20 + [1])


@pytest.mark.parametrize("knots", [((0.1, 0.5), (0.1, 0.6)), ((0.1, 0.5), (0.2, 0.4)), ((0.1, 0.5),)])
def test_knots_that_do_not_rise_are_refused(knots: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValidationError):
        IsotonicCurve(knots=knots)


def test_file_survives_writing_and_reading(tmp_path: Path) -> None:
    calibration = make_calibration(curve=fit_curve(*labelled(600)))
    (tmp_path / "c.json").write_text(calibration.model_dump_json(indent=1))
    assert read_calibration(tmp_path / "c.json") == calibration
    assert parse_calibration(calibration.content(), source="r").content_hash() == calibration.content_hash()


@pytest.mark.parametrize("text", ["", "[]", '{"v": 2}', "{nope"])
def test_broken_file_names_itself_and_the_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=r"c\.json: .*assay calibrate"):
        read_calibration(path)


def test_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_calibration(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"rubric": "other"}, "rubric 'other'"),
        ({"judge": "llm"}, "judge 'llm'"),
        ({"rubric_hash": "x"}, "value rules"),
        ({"judge_fingerprint": "x"}, "prompt, weights or model"),
    ],
)
def test_calibration_of_another_pair_is_refused(over: dict[str, str], expected: str) -> None:
    calibration = make_calibration(**over)
    assert expected in (calibration.mismatch(RUBRIC, PlannedJudge()) or "")
    with pytest.raises(CalibrationError, match="does not hold"):
        Evaluator(RUBRIC, PlannedJudge(), calibration)


def test_only_what_changes_the_judged_risk_is_in_the_rubric_hash() -> None:
    cuts = RUBRIC.model_copy(update={"description": "new", "risk_labels": RiskLabels(medium=0.1, high=0.9)})
    pattern = RUBRIC.model_copy(update={"rules": Rules(patterns=(Pattern(id="p", must_not_match="x"),))})
    values = RUBRIC.model_copy(update={"rules": Rules(values=(ValueKind.DATE,))})
    assert (
        risk_hash(cuts, "test") == risk_hash(pattern, "test") == risk_hash(RUBRIC, "test") != risk_hash(values, "test")
    )


def evaluate(sample: Sample, rubric: Rubric = RUBRIC, calibration: Calibration | None = None) -> Scored:
    outcome = asyncio.run(Evaluator(rubric, PlannedJudge(supported), calibration).evaluate(sample))
    assert isinstance(outcome, Scored)
    return outcome


def test_evaluator_applies_the_calibration_and_says_so() -> None:
    calibration = make_calibration()
    outcome = evaluate(make_sample(), calibration=calibration)
    assert outcome.verdict is not None
    assert outcome.scores["hallucination_risk"] == calibration(0.1)
    assert (outcome.verdict.calibrated, outcome.verdict.raw_risk) == (True, 0.1)
    assert outcome.risk_label == "medium"
    assert outcome.scores["groundedness"] == evaluate(make_sample()).scores["groundedness"]


def test_revision_changes_with_the_calibrations_content() -> None:
    plain = Evaluator(RUBRIC, PlannedJudge()).revision
    one = Evaluator(RUBRIC, PlannedJudge(), make_calibration()).revision
    other = Evaluator(RUBRIC, PlannedJudge(), make_calibration(n=101)).revision
    assert len({plain, one, other}) == 3


def test_pattern_floor_stands_above_the_calibrated_risk() -> None:
    rubric = RUBRIC.model_copy(update={"rules": Rules(patterns=(Pattern(id="p", must_not_match="bridge"),))})
    low = make_calibration(curve=LogisticCurve(slope=1.0, intercept=-4.0))
    outcome = evaluate(make_sample(), rubric, low)
    assert outcome.scores["hallucination_risk"] == 0.6


def test_answer_without_evidence_is_not_called_calibrated() -> None:
    rubric = RUBRIC.model_copy(update={"closed_book": "score"})
    calibration = make_calibration(rubric_hash=risk_hash(rubric, "test"))
    sample = make_sample(contexts=(" ",))
    outcome = asyncio.run(Evaluator(rubric, PlannedJudge(_uncalibrated), calibration).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert outcome.scores == {"hallucination_risk": 0.1}
    assert outcome.verdict is not None
    assert not outcome.verdict.calibrated


def _uncalibrated(sample: Sample) -> Any:
    return supported(sample).model_copy(update={"calibrated": False})
