"""The configuration a runtime works with, as a version that people and logs can name, and what an edit changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import CONFIG_FILE, Deployment

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime

FIXED = ("store", "salt", "window_seconds")
"""Keys that a running process never takes up: other traces, another sample or other windows would be meant."""


def config_version(runtime: Runtime) -> str:
    """12 hex digits over assay.yaml, endpoints, prices, the rubrics it names and their calibrations."""
    files = runtime.judge_files.version()
    parts = (runtime.deployment.model_dump(mode="json"), files, _rubrics(runtime), _calibrations(runtime))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def changes(before: Runtime, after: Runtime) -> list[str]:
    """What differs, a short phrase each: `use case bot`, `rubric grounding 1a2b3c → 4d5e6f`."""
    return [
        *_top_level(before.deployment, after.deployment),
        *_judge_files(before, after),
        *_use_cases(before.deployment, after.deployment),
        *_versions("rubric", _rubrics(before), _rubrics(after)),
        *_versions("calibration of", _calibrations(before), _calibrations(after)),
    ]


def check_fixed(before: Deployment, after: Deployment) -> None:
    """Refuse an edit that only a restart of the whole fleet may take up.

    Raises:
        ConfigurationError: names the key and the remedy.
    """
    for key in FIXED:
        if getattr(before, key) != getattr(after, key):
            raise ConfigurationError(
                f"{CONFIG_FILE}: {key}: cannot change under a running fleet; "
                "stop all workers and beat, then start them again"
            )


def _rubrics(runtime: Runtime) -> dict[str, str]:
    return {name: rubric.content_hash() for name, rubric in runtime.rubrics.items()}


def _calibrations(runtime: Runtime) -> dict[str, str]:
    return {name: fitted.content_hash() for name, fitted in runtime.calibrations.items()}


def _top_level(before: Deployment, after: Deployment) -> Iterator[str]:
    keys = (key for key in Deployment.model_fields if key != "use_cases")
    yield from (key for key in keys if getattr(before, key) != getattr(after, key))


def _judge_files(before: Runtime, after: Runtime) -> Iterator[str]:
    """What lies beside assay.yaml. A section of assay.yaml itself is told with its other keys."""
    old, new = before.judge_files, after.judge_files
    for name in sorted({*old.endpoints, *new.endpoints}):
        if old.endpoints.get(name) != new.endpoints.get(name):
            yield f"endpoint {name}"
    if old.prices != new.prices:
        yield "price table"


def _use_cases(before: Deployment, after: Deployment) -> Iterator[str]:
    old, new = ({case.name: case for case in each.use_cases} for each in (before, after))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            what = "added" if name not in old else "removed" if name not in new else "changed"
            yield f"use case {name} {what}"
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield "order of use cases"


def _versions(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield f"{what} {name} {old.get(name, 'none')[:6]} → {new.get(name, 'none')[:6]}"
