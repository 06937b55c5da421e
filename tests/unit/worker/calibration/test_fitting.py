"""`assay calibrate` underneath: labels checked before anything is judged, folds by source, figures, and the plot."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from assay.judges.calibration import CalibrationError
from assay.judges.errors import ConfigurationError
from assay.worker.calibration.fitting import CalibrationReport, compare, cross_fitted, figures, fit, reliability_of
from assay.worker.calibration.labels import LabelledRisk, check_labels, labelled_risk, why_no_risk
from assay.worker.calibration.reliability_plot import plot_reliability
from assay.worker.records.jsonl import BadLine
from tests.unit.judges.calibrations import make_calibration

SAMPLE: dict[str, Any] = {"id": "a", "contexts": ["x"], "response": "y", "label": 1}
VERDICT: dict[str, Any] = {
    "id": "a",
    "outcome": "scored",
    "scores": {"hallucination_risk": 0.9},
    "states": {"grounding_state": "judged"},
    "raw_risk": 0.3,
    "revision": "r1",
    "label": 1,
}


def labelled(n: int, *, per_source: int = 4, seed: int = 0) -> list[LabelledRisk]:
    generator = random.Random(seed)
    rows = []
    for i in range(n):
        risk = generator.uniform(0, 1)
        source = f"s{i // per_source}"
        label = int(generator.uniform(0, 1) < risk**2)
        rows.append(LabelledRisk(risk, label, source, {"task": "QA" if i % 2 else "Summary"}))
    return rows


def check(tmp_path: Path, *lines: Any) -> tuple[Any, list[BadLine]]:
    path = tmp_path / "labels.jsonl"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    bad: list[BadLine] = []
    try:
        return check_labels(path, {"r1"}, bad.append), bad
    except ConfigurationError as exc:
        return exc, bad


@pytest.mark.parametrize(("line", "holds_verdicts"), [(SAMPLE, False), (VERDICT, True)])
def test_labels_are_samples_or_verdicts(tmp_path: Path, line: dict[str, Any], holds_verdicts: bool) -> None:
    found, bad = check(tmp_path, line, {**line, "label": 0})
    assert (found.lines, found.holds_verdicts, bad) == (2, holds_verdicts, [])
    assert len(found.digest) == 64


@pytest.mark.parametrize(
    ("lines", "number", "remedy"),
    [
        ([SAMPLE, {**SAMPLE, "label": 2}], 2, "must be 1"),
        ([{**SAMPLE, "label": None}], 1, "must be 1"),
        ([{**SAMPLE, "label": 0.5}], 1, "must be 1"),
        ([{**SAMPLE, "label": "1"}], 1, "must be 1"),
        ([SAMPLE, "{nope"], 2, "JSON"),
        ([VERDICT, {**VERDICT, "revision": "r2"}], 2, "judge it again"),
        ([VERDICT, SAMPLE], 2, "holds no verdict"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_fitted(
    tmp_path: Path, lines: list[Any], number: int, remedy: str
) -> None:
    found, bad = check(tmp_path, *lines)
    assert isinstance(found, ConfigurationError)
    assert "nothing was fitted" in str(found)
    (one,) = bad
    assert one.number == number
    assert remedy in one.remedy


def test_empty_file_is_an_error(tmp_path: Path) -> None:
    assert "holds no line" in str(check(tmp_path)[0])


def test_what_is_fitted_is_the_risk_before_calibration_and_patterns() -> None:
    row = labelled_risk({**VERDICT, "source": "rag", "source_id": 7, "input": {"task": "QA"}}, ["task", "none"])
    assert row == LabelledRisk(0.3, 1, "rag:7", {"task": "QA", "none": "None"})


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"raw_risk": None, "scores": {}, "states": {"grounding_state": "refusal"}}, "refusal"),
        ({"outcome": "skipped", "reason": "empty_response"}, "empty_response"),
        ({"outcome": "failed"}, "failed"),
    ],
)
def test_row_without_a_risk_is_counted_and_never_a_number(over: dict[str, Any], why: str) -> None:
    record = {**VERDICT, **over}
    assert labelled_risk(record, []) is None
    assert why_no_risk(record) == why


def test_no_row_is_calibrated_by_a_curve_that_saw_its_source() -> None:
    rows = labelled(400)
    before = cross_fitted(rows)
    flipped = [row._replace(label=1 - row.label) if row.source == rows[0].source else row for row in rows]
    after = cross_fitted(flipped)
    assert after[:4] == before[:4]
    assert after[4:] != before[4:]


def test_one_source_cannot_be_both_fitted_and_tested() -> None:
    with pytest.raises(CalibrationError, match="by source"):
        cross_fitted([row._replace(source="only") for row in labelled(400)])


def test_calibration_mends_the_error_and_keeps_the_order_of_answers() -> None:
    rows = labelled(1200)
    calibrated = cross_fitted(rows)
    overall, qa, summary = compare(rows, calibrated, ["task"], 0.5)
    assert [one.group for one in (overall, qa, summary)] == ["all", "task=QA", "task=Summary"]
    assert qa.as_judged.n + summary.as_judged.n == overall.as_judged.n == 1200
    assert overall.as_judged.sources == 300
    assert overall.as_judged.ece is not None
    assert overall.calibrated.ece is not None
    assert overall.calibrated.ece.value < 0.05 < overall.as_judged.ece.value
    assert overall.as_judged.auroc is not None
    assert overall.calibrated.auroc is not None
    assert overall.calibrated.auroc.value == pytest.approx(overall.as_judged.auroc.value, abs=0.01)


def test_figures_of_one_class_are_not_estimable_instead_of_wrong() -> None:
    rows = [row._replace(label=0) for row in labelled(40)]
    found = figures(rows, [row.risk for row in rows], 0.5)
    assert (found.sensitivity, found.auroc, found.kappa) == (None, None, None)
    assert found.ece is not None


def test_plot_is_a_png(tmp_path: Path) -> None:
    rows = labelled(200)
    calibrated = cross_fitted(rows)
    report = CalibrationReport(
        calibration=make_calibration(curve=fit(rows)),
        groups=(),
        without_risk={},
        reliability_as_judged=reliability_of(rows, [row.risk for row in rows]),
        reliability_calibrated=reliability_of(rows, calibrated),
    )
    plot_reliability(report, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigurationError, match="--plot"):
        plot_reliability(report, tmp_path / "missing" / "p.png")
