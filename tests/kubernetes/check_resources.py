"""Holds custom resources to the models of those who define them. Run by the Python of `make test-kubernetes`' folder.

Reads YAML from stdin. Prints a line for each object that has a model: `ScaledObject ok`, or what is wrong with it.
"""

from __future__ import annotations

import sys

import yaml
from cloudcoil.models.keda import v1alpha1 as keda  # type: ignore[import-not-found]  # of another environment
from cloudcoil.models.prometheus_operator import v1 as operator  # type: ignore[import-not-found]
from pydantic import ValidationError

MODELS = {
    "ScaledObject": keda.ScaledObject,
    "ServiceMonitor": operator.ServiceMonitor,
    "PrometheusRule": operator.PrometheusRule,
}


def main() -> None:
    """Check all objects of a kind that has a model."""
    for manifest in yaml.safe_load_all(sys.stdin.read()):
        kind = (manifest or {}).get("kind", "")
        if kind in MODELS:
            print(kind, _verdict(manifest))


def _verdict(manifest: dict[str, object]) -> str:
    try:
        checked = MODELS[str(manifest["kind"])].model_validate(manifest)
    except ValidationError as exc:
        return f"refused: {exc.errors()[0]['loc']}"
    lost = _lost(manifest, checked.model_dump(by_alias=True, exclude_unset=True, mode="json"))
    return f"unknown: {lost}" if lost else "ok"


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
