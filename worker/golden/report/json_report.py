"""Runs and gate results as versioned JSON, and the JSON schemas of both forms."""

from __future__ import annotations

import json
from typing import Any

from assay.worker.golden.results.gate_result import EXIT_CODES, GateResult
from assay.worker.golden.results.run_result import GoldenRun

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_json(run: GoldenRun) -> str:
    """A run as JSON, `schema` 2; `GoldenRun.model_validate_json` reads it again."""
    return run.model_dump_json(indent=2)


def gate_json(result: GateResult) -> str:
    """A gate result as JSON, `schema` 3, with its exit code and the ids of the items that changed."""
    data: dict[str, Any] = result.model_dump(mode="json") | {
        "exit_code": result.exit_code,
        "items_worse": [pair.id for pair in result.discordant if pair.worse],
        "items_better": [pair.id for pair in result.discordant if pair.better],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def run_schema() -> dict[str, Any]:
    """The JSON schema of what `assay golden run --json` prints."""
    return {"$schema": _DIALECT, **GoldenRun.model_json_schema(mode="serialization")}


def gate_schema() -> dict[str, Any]:
    """The JSON schema of what `assay gate --json` prints."""
    schema = GateResult.model_json_schema(mode="serialization")
    ids = {"type": "array", "items": {"type": "string"}}
    added = {
        "exit_code": {"enum": sorted(EXIT_CODES.values()), "description": "0 pass, 1 regressed, 3 inconclusive."},
        "items_worse": {**ids, "description": "Items that got worse, those that lost most first."},
        "items_better": {**ids, "description": "Items that got better."},
    }
    schema["properties"] |= added
    schema["required"] = [*schema["required"], *added]
    return {"$schema": _DIALECT, **schema}
