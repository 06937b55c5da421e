"""Asks Evidently about the columns and writes what it says. It runs in Evidently's environment, without Assay.

.venv-evidently/bin/python -m tests.evidently.record FILE.json
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # neither is in the environment of the tests
from evidently import DataDefinition, Dataset, Report  # type: ignore[import-not-found]
from evidently.metrics import ValueDrift  # type: ignore[import-not-found]
from evidently.presets import DataDriftPreset  # type: ignore[import-not-found]

from tests.evidently.columns import cases


def told(case: dict[str, Any]) -> dict[str, Any]:
    """The test that Evidently takes by itself, and its index, of one column."""
    kind = "numerical_columns" if case["kind"] == "number" else "categorical_columns"
    definition = DataDefinition(**{kind: ["x"]})
    reference, current = (
        Dataset.from_pandas(pd.DataFrame({"x": case[side]}), data_definition=definition)
        for side in ("reference", "current")
    )
    metrics = (
        Report([DataDriftPreset(), ValueDrift(column="x", method="psi")]).run(current, reference).dict()["metrics"]
    )
    drift, index = (metric for metric in metrics if metric["config"]["type"].endswith("ValueDrift"))
    return {
        "method": drift["config"]["method"],
        "value": float(drift["value"]),
        "psi": float(index["value"]),
        "drifted": metrics[0]["value"]["count"] > 0,
    }


def recorded() -> dict[str, Any]:
    """All columns, with what said so."""
    versions = {name: version(name) for name in ("evidently", "pandas", "numpy", "scipy")}
    return {"versions": versions, "columns": {name: told(case) for name, case in cases().items()}}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(recorded(), indent=1) + "\n", encoding="utf-8")
