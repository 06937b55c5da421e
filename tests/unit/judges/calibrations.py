"""Calibrations that fit the test judge of `tests.fakes`."""

from __future__ import annotations

from datetime import date
from typing import Any

from assay.judges.calibration import Calibration, LogisticCurve, risk_hash
from assay.judges.rubric import Rubric

RUBRIC = Rubric(name="grounding")


def make_calibration(**over: Any) -> Calibration:
    fields: dict[str, Any] = {
        "rubric": "grounding",
        "rubric_hash": risk_hash(RUBRIC, "test"),
        "judge": "test",
        "judge_fingerprint": "test-judge-1",
        "curve": LogisticCurve(slope=1.0, intercept=1.0),
        "n": 100,
        "positives": 20,
        "fitted_on": date(2026, 11, 21),
        "data_digest": "d",
    }
    return Calibration.model_validate({**fields, **over})
