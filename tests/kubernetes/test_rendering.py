"""What is rendered, held to the schemas of Kubernetes 1.30 to 1.35, of KEDA and of the Prometheus operator."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kubernetes.charts import EVERYTHING, KUSTOMIZE, ROOT, objects, rendered, run, tool

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35")
SIDECAR = ROOT / "deploy" / "sidecar" / "otlp-sidecar.yaml"
CUSTOM = {"ScaledObject", "ServiceMonitor", "PrometheusRule"}
"""Kinds that Kubernetes itself does not know."""

FORMS: dict[str, Callable[[], str]] = {
    "defaults": rendered,
    "everything": lambda: rendered("--values", str(EVERYTHING)),
    "hpa": lambda: rendered("--set", "assess.autoscaling.mode=hpa"),
    "kustomize": lambda: run("kubectl", "kustomize", str(KUSTOMIZE / "overlays" / "production")).stdout,
    "sidecar": SIDECAR.read_text,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("manifests")
    for name, render in FORMS.items():
        (folder / f"{name}.yaml").write_text(render())
    return sorted(folder.iterdir())


def validate(version: str, *files: Path) -> subprocess.CompletedProcess[str]:
    return run("kubernetes-validate", "-k", version, "--strict", *map(str, files))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(files: list[Path], version: str) -> None:
    done = validate(version, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = [each["kind"] for path in files for each in objects(path.read_text())]
    assert (done.stdout + done.stderr).count(" passed for resource ") == sum(kind not in CUSTOM for kind in kinds)


def test_the_schema_check_refuses_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "manifests.yaml"
    path.write_text(rendered().replace("terminationGracePeriodSeconds: 140", "terminationGrace: 140"))
    assert validate(VERSIONS[-1], path).returncode != 0


def test_custom_resources_are_what_keda_and_the_operator_know() -> None:
    everything = rendered("--values", str(EVERYTHING))
    wrong_value = everything.replace("minReplicaCount: 1", "minReplicaCount: many")
    wrong_key = everything.replace("scrapeTimeout:", "scrapeTimeOut:")
    # In one go: the models take seconds to be imported.
    command = [tool("python"), str(Path(__file__).parent / "check_resources.py")]
    given = "\n---\n".join((everything, wrong_value, wrong_key))
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=300)
    verdicts = done.stdout.splitlines()
    assert set(verdicts[: len(CUSTOM)]) == {f"{kind} ok" for kind in CUSTOM}
    refused = [verdict for verdict in verdicts if not verdict.endswith(" ok")]
    assert refused == [
        "ScaledObject refused: ('spec', 'minReplicaCount')",
        "ServiceMonitor unknown: ['.spec.endpoints[0].scrapeTimeOut']",
    ]
