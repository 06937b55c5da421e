"""The JSON schemas that editors use are those of the code; run this file as a module to write them anew."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from worker.config import Deployment
from worker.golden.schema import Manifest

ROOT = Path(__file__).parents[3]
SCHEMAS: dict[str, type[BaseModel]] = {
    "docs/assay.schema.json": Deployment,
    "golden_sets/manifest.schema.json": Manifest,
}
SHIPPED = {
    "docs/assay.schema.json": ["assay.yaml", "worker/demo/assay.yaml"],
    "golden_sets/manifest.schema.json": ["golden_sets/mtrag-v1/manifest.yaml"],
}


def text_of(model: type[BaseModel]) -> str:
    """The schema as it is written."""
    return json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


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
    for name, model in SCHEMAS.items():
        (ROOT / name).write_text(text_of(model), encoding="utf-8")
