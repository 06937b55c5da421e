"""The chart and what it renders, by the helm that `make check-chart` installs."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "assay"
KUSTOMIZE = ROOT / "deploy" / "kustomize"
SIDECAR = ROOT / "deploy" / "sidecar" / "otlp-sidecar.yaml"
APPLICATION = ROOT / "deploy" / "argocd" / "application.yaml"
EVERYTHING, ONE_NODE, ODD = (
    Path(__file__).parent / "values" / name for name in ("everything.yaml", "one-node.yaml", "odd.yaml")
)
NAMESPACE = "llm"

Manifest = dict[str, Any]
"""An object of Kubernetes."""

ENVIRONMENT = "ASSAY_TEST_KUBERNETES"
"""The environment variable that names the folder with helm, kubectl and schemas. Unset: nothing is collected."""

_FOLDER = os.environ.get(ENVIRONMENT)  # noqa: TID251  # tells where tools are, before a test's environment is cleaned

FOLDED = "found symbolic link in path"
"""What helm notes of the rules and dashboards, which the chart takes from where they lie."""


def has_tools() -> bool:
    """Whether anybody has said where they are."""
    return _FOLDER is not None


def tool(name: str) -> str:
    """A program of that folder, e.g. `helm`."""
    assert _FOLDER is not None, f"{ENVIRONMENT} is not set"
    return str(Path(_FOLDER).absolute() / "bin" / name)


def run(name: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of that folder."""
    command = [tool(name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=given, check=False, timeout=300)


def helm_template(
    *arguments: str, chart: Path = CHART, release: str = "assay", given: str = ""
) -> subprocess.CompletedProcess[str]:
    """`helm template`. `--values -` takes what is given."""
    return run("helm", "template", release, str(chart), "--namespace", NAMESPACE, *arguments, given=given)


@functools.cache
def rendered(*arguments: str, chart: Path = CHART, release: str = "assay", given: str = "") -> str:
    """What the chart renders with these values."""
    done = helm_template(*arguments, chart=chart, release=release, given=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(text: str) -> list[Manifest]:
    """The objects of a stream of YAML."""
    # Ten times as fast as the loader in Python: the dashboards are half a megabyte.
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]  # a safe loader


def of_kind(manifests: Sequence[Manifest], kind: str) -> dict[str, Manifest]:
    """Those of a kind, by their name."""
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def complaints(stderr: str) -> list[str]:
    """What helm says beside its notes on links."""
    return [line for line in stderr.splitlines() if line.strip() and FOLDED not in line]
