"""Evidently's own figures, as it printed them (`tests/vectors/evidently.json`; `make test-evidently` asks it anew)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assay.worker.statistics.by_evidently import Figure, of_names, of_numbers
from tests.evidently.columns import cases

RECORDED = json.loads((Path(__file__).parents[3] / "vectors" / "evidently.json").read_text(encoding="utf-8"))
METHODS = {
    "K-S p_value": "ks",
    "chi-square p_value": "chisquare",
    "Z-test p_value": "z",
    "Wasserstein distance (normed)": "wasserstein",
    "Jensen-Shannon distance": "jensenshannon",
}


def figure_of(name: str) -> Figure:
    case = cases()[name]
    if case["kind"] == "number":
        return of_numbers(np.array(case["reference"]), np.array(case["current"]))
    return of_names(case["reference"], case["current"])


def test_the_figures_are_of_the_version_that_the_docs_name() -> None:
    assert RECORDED["versions"]["evidently"] == "0.7.23"
    assert set(RECORDED["columns"]) == set(cases())


@pytest.mark.parametrize("name", list(cases()))
def test_a_columns_drift_is_what_evidently_says(name: str) -> None:
    told, figure = RECORDED["columns"][name], figure_of(name)
    assert figure.method == METHODS[told["method"]]
    assert figure.value == pytest.approx(told["value"], rel=1e-9, abs=1e-12)
    assert figure.psi == pytest.approx(told["psi"], rel=1e-9)
    assert figure.drifted == told["drifted"]


def test_columns_with_one_value_or_a_new_one_have_figures() -> None:
    assert of_names(["a"] * 9, ["a"] * 5) == Figure("z", 1.0, False, 0.0)
    assert of_names(["a", "b"] * 9, ["c", "b"] * 5).value == 0.0
    assert of_numbers(np.arange(30.0), np.arange(30.0)).value == 1.0
    assert of_numbers(np.arange(30.0), np.arange(30.0) + 100).value < 1e-15
