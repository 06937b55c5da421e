"""Holds objects to the schemas of Kubernetes and to the models of those who define custom ones.

Run by the Python of `make check-chart`'s folder, in one go: schemas and models take seconds to be read. Stdin is JSON:
`{"versions": ["1.30"], "forms": {"defaults": [OBJECT, …]}}`. Stdout is a line of JSON for each object and version:
`["defaults", "Deployment/assay-beat", "1.30", ""]`, where the last tells what is wrong.
"""

from __future__ import annotations

import functools
import json
import sys

from cloudcoil.models.keda import v1alpha1 as keda  # type: ignore[import-not-found]  # of another environment
from cloudcoil.models.prometheus_operator import v1 as operator  # type: ignore[import-not-found]
from kubernetes_validate import utils  # type: ignore[import-not-found]
from pydantic import ValidationError

MODELS = {
    "ScaledObject": keda.ScaledObject,
    "ServiceMonitor": operator.ServiceMonitor,
    "PrometheusRule": operator.PrometheusRule,
}
CUSTOM = "custom"
"""In place of a version: custom resources have one of their own."""


def main() -> None:
    """Check all objects."""
    # It reads all definitions of a version again for each object.
    utils.schema_contents = functools.cache(utils.schema_contents)
    asked = json.load(sys.stdin)
    for form, manifests in asked["forms"].items():
        for manifest in manifests:
            name = f"{manifest['kind']}/{manifest['metadata']['name']}"
            if manifest["kind"] in MODELS:
                print(json.dumps([form, name, CUSTOM, _custom(manifest)]))
                continue
            for version in asked["versions"]:
                print(json.dumps([form, name, version, _of_kubernetes(manifest, version)]))


def _of_kubernetes(manifest: dict[str, object], version: str) -> str:
    try:
        utils.validate(manifest, version, strict=True)
    except utils.SchemaNotFoundError as exc:
        return str(exc.message)
    except utils.ValidationError as exc:
        return f"{'.'.join(map(str, exc.path))}: {exc.message[:200]}"
    return ""


def _custom(manifest: dict[str, object]) -> str:
    try:
        checked = MODELS[str(manifest["kind"])].model_validate(manifest)
    except ValidationError as exc:
        return f"refused: {'.'.join(map(str, exc.errors()[0]['loc']))}"
    lost = _lost(manifest, checked.model_dump(by_alias=True, exclude_unset=True, mode="json"))
    return f"unknown: {', '.join(lost)}" if lost else ""


def _lost(given: object, kept: object, path: str = "") -> list[str]:
    """Keys that the model does not know."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return [
            problem
            for key, value in given.items()
            for problem in ([f"{path}.{key}"] if key not in kept else _lost(value, kept[key], f"{path}.{key}"))
        ]
    if isinstance(given, list) and isinstance(kept, list):
        return [p for n, pair in enumerate(zip(given, kept, strict=True)) for p in _lost(*pair, f"{path}[{n}]")]
    return []


if __name__ == "__main__":
    main()
