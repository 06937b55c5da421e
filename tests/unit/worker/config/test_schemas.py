"""The JSON schemas that editors use are those of the code; run this file as a module to write them anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from assay.worker.alerts.digest.records import digest_schema
from assay.worker.alerts.present import alerts_schema
from assay.worker.config.deployment import Deployment
from assay.worker.config.endpoints import endpoints_schema
from assay.worker.golden.report.json_report import gate_schema, run_schema
from assay.worker.golden.sets.manifest import Manifest
from assay.worker.reporting.compare.result import compare_schema
from assay.worker.reporting.cost.records import cost_schema
from assay.worker.reporting.period.records import report_schema
from assay.worker.setup.capacity_rows import capacity_schema
from assay.worker.signals.drift.records import drift_schema
from assay.worker.signals.slos.records import slo_schema

ROOT = Path(__file__).parents[4]
SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "docs/alerts.schema.json": alerts_schema,
    "docs/assay.schema.json": Deployment.model_json_schema,
    "docs/capacity.schema.json": capacity_schema,
    "docs/compare.schema.json": compare_schema,
    "docs/cost.schema.json": cost_schema,
    "docs/digest.schema.json": digest_schema,
    "docs/drift.schema.json": drift_schema,
    "docs/endpoints.schema.json": endpoints_schema,
    "docs/gate.schema.json": gate_schema,
    "docs/golden-run.schema.json": run_schema,
    "docs/report.schema.json": report_schema,
    "docs/slo.schema.json": slo_schema,
    "golden_sets/manifest.schema.json": Manifest.model_json_schema,
}
SHIPPED = {
    "docs/assay.schema.json": ["assay.yaml", "worker/demo/assay.yaml"],
    "golden_sets/manifest.schema.json": ["golden_sets/mtrag-v1/manifest.yaml"],
}


def text_of(schema: Callable[[], dict[str, Any]]) -> str:
    """The schema as it is written."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", SCHEMAS)
def test_schema_is_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == text_of(SCHEMAS[path])


@pytest.mark.parametrize(("schema", "path"), [(s, p) for s, paths in SHIPPED.items() for p in paths])
def test_shipped_file_meets_its_schema_and_names_it(schema: str, path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(text), json.loads((ROOT / schema).read_text(encoding="utf-8")))
    if path != "worker/demo/assay.yaml":
        hint = text.splitlines()[0]
        assert hint.startswith("# yaml-language-server: $schema=")
        assert ((ROOT / path).parent / hint.partition("=")[2]).resolve() == ROOT / schema


if __name__ == "__main__":
    for name, schema in SCHEMAS.items():
        (ROOT / name).write_text(text_of(schema), encoding="utf-8")
