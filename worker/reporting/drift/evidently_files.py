"""A baseline's sample and present traffic as files that Evidently reads, with a script that runs it.

No text is in them: lengths, languages, models, yes and no, and vectors of 64 numbers.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from assay.judges.text.fingerprints import DIMENSIONS
from assay.worker.records.private_files import open_private, private_directory
from assay.worker.reporting.flagged.csv_file import harmless
from assay.worker.signals.drift.bins import topic_codes
from assay.worker.signals.drift.comparing import sample_of
from assay.worker.signals.drift.features import CATEGORIES, FEATURES, VECTORS
from assay.worker.signals.drift.observations import Floats, Observations
from assay.worker.signals.drift.records import DriftBaseline
from assay.worker.statistics.by_evidently import of_names, of_numbers

SCRIPT = '''"""Runs Evidently on the two files beside it: pip install "evidently==0.7.23" "pandas<3"."""
import json
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

columns = json.load(open("columns.json"))
definition = DataDefinition(numerical_columns=columns["numbers"], categorical_columns=columns["names"])
texts = {name: "string" for name in columns["names"]}
reference, current = (
    Dataset.from_pandas(pd.read_csv(name, dtype=texts), data_definition=definition)
    for name in ("reference.csv", "current.csv")
)
result = Report([DataDriftPreset()]).run(current, reference)
result.save_html("drift.html")
for metric in result.dict()["metrics"]:
    print(metric["metric_name"], metric["value"])
'''
"""What is written beside the files, e.g. as `run_evidently.py`."""


def write_evidently(folder: Path, baseline: DriftBaseline, traces: Observations) -> list[Path]:
    """Write both sides, a script, and what we say of each column by Evidently's definitions.

    Evidently knows no weights: each side is what a sample with equal weights would be only where all selection
    probabilities were equal.

    Raises:
        OSError: it cannot be written.
    """
    private_directory(folder)
    sides = {"reference": _columns(sample_of(baseline), baseline), "current": _columns(traces, baseline)}
    numbers = [name for name in sides["reference"] if name in _numeric()]
    names = [name for name in sides["reference"] if name not in _numeric()]
    texts = {
        "columns.json": json.dumps({"numbers": numbers, "names": names}, indent=1),
        "run_evidently.py": SCRIPT,
        "assay.json": json.dumps(_figures(sides["reference"], sides["current"]), indent=1),
    }
    written = []
    for name, columns in sides.items():
        path = folder / f"{name}.csv"
        with open_private(path, newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        written.append(path)
    for name, text in texts.items():
        with open_private(folder / name) as stream:
            stream.write(text + "\n")
        written.append(folder / name)
    return written


def _numeric() -> frozenset[str]:
    plain = {feature.column for feature in FEATURES if feature.kind == "number"}
    return frozenset({*plain, *(f"{name}_{at}" for name in VECTORS for at in range(DIMENSIONS))})


def _columns(traces: Observations, baseline: DriftBaseline) -> dict[str, list[str]]:
    """Columns of text cells, empty for unknown."""
    columns: dict[str, list[str]] = {}
    for feature in FEATURES:
        if feature.kind in {"number", "share"}:
            columns[feature.column] = [_cell(feature.kind, value) for value in traces.numbers[feature.column].tolist()]
    for name in CATEGORIES:
        codes, names = traces.categories[name]
        cells = [harmless(each) for each in names]
        columns[name] = [cells[code] if code >= 0 else "" for code in codes.tolist()]
    for name in VECTORS:
        columns.update(_vector_columns(traces, baseline, name))
    return columns


def _cell(kind: str, value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.15g}" if kind == "number" else ("yes" if value else "no")


def _vector_columns(traces: Observations, baseline: DriftBaseline, name: str) -> dict[str, list[str]]:
    """The topic, and the numbers of each vector scaled to length 1."""
    topics = baseline.topics.get(name)
    if topics is None or traces.vectors_from != baseline.vectors_from:
        return {}
    known = traces.vectors[name].known
    unit = traces.vectors[name].unit(np.ones(traces.n, dtype=np.bool_))
    codes = topic_codes(unit, topics).tolist()
    columns = {f"{name}_topic": [str(code) if is_known else "" for code, is_known in zip(codes, known, strict=True)]}
    for at in range(DIMENSIONS):
        columns[f"{name}_{at}"] = [
            f"{value:.6f}" if is_known else "" for value, is_known in zip(unit[:, at].tolist(), known, strict=True)
        ]
    return columns


def _figures(reference: dict[str, list[str]], current: dict[str, list[str]]) -> dict[str, object]:
    """Each column that both sides tell, by Evidently's definitions."""
    figures: dict[str, object] = {}
    drifted = 0
    for name, cells in reference.items():
        before, now = [cell for cell in cells if cell], [cell for cell in current.get(name, ()) if cell]
        if not before or not now:
            continue
        is_number = name in _numeric()
        figure = of_numbers(_floats(before), _floats(now)) if is_number else of_names(before, now)
        drifted += figure.drifted
        figures[name] = figure._asdict()
    return {"columns": figures, "drifted_columns": drifted, "share": drifted / len(figures) if figures else 0.0}


def _floats(cells: list[str]) -> Floats:
    return np.array([float(cell) for cell in cells])
