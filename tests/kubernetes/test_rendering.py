"""What the chart renders: lint, schemas of Kubernetes 1.30 to 1.35, of KEDA and of the Prometheus operator, and files.

These are the tests of `make check-chart`, a part of `make check`: they start helm a dozen times, and nothing else.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.kubernetes.charts import (
    APPLICATION,
    CHART,
    EVERYTHING,
    KUSTOMIZE,
    NAMESPACE,
    ODD,
    ONE_NODE,
    ROOT,
    SIDECAR,
    Manifest,
    complaints,
    helm_template,
    objects,
    of_kind,
    rendered,
    run,
    tool,
)
from tests.kubernetes.kustomize_base import FILE, kustomize_base

ALL = ("--values", str(EVERYTHING))
VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35")

FORMS: dict[str, Callable[[], str]] = {
    "defaults": rendered,
    "everything": lambda: rendered(*ALL),
    "one node": lambda: rendered("--values", str(ONE_NODE)),
    "odd": lambda: rendered("--values", str(ODD)),
    "kustomize": lambda: run("kubectl", "kustomize", str(KUSTOMIZE / "overlays" / "production")).stdout,
    "sidecar": SIDECAR.read_text,
    "argo cd": lambda: rendered("--values", "-", given=values_of_the_application()),
}


class Verdict(NamedTuple):
    """What a schema says of an object. `problem` is empty where nothing is wrong."""

    form: str
    name: str
    version: str
    problem: str


def values_of_the_application() -> str:
    """The values that Argo CD gives to the chart."""
    application = yaml.safe_load(APPLICATION.read_text())
    return yaml.safe_dump(application["spec"]["source"]["helm"]["valuesObject"])


def verdicts(forms: dict[str, list[Manifest]], versions: tuple[str, ...]) -> list[Verdict]:
    """What the schemas of these versions say of every object."""
    command = [tool("python"), str(Path(__file__).parent / "check_resources.py")]
    given = json.dumps({"versions": versions, "forms": forms})
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return [Verdict(*json.loads(line)) for line in done.stdout.splitlines()]


def broken(manifests: list[Manifest], kind: str, name: str, change: Callable[[dict[str, Any]], object]) -> Manifest:
    """A copy of an object whose `spec` is changed, under another name."""
    (of_kind,) = [each for each in manifests if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    changed = copy.deepcopy(of_kind)
    change(changed["spec"])
    changed["metadata"]["name"] = "broken"
    return changed


def test_every_object_is_valid_and_the_check_refuses_what_is_wrong() -> None:
    forms = {name: objects(render()) for name, render in FORMS.items()}
    everything = forms["everything"]
    forms["broken"] = [
        broken(everything, "Deployment", "assay-beat", lambda spec: spec["template"]["spec"].update(gracePeriod=1)),
        broken(everything, "Deployment", "assay-control", lambda spec: spec.update(replicas="two")),
        broken(everything, "ScaledObject", "assay-assess", lambda spec: spec.update(minReplicaCount="many")),
        broken(everything, "ServiceMonitor", "assay", lambda spec: spec["endpoints"][0].update(scrapeTimeOut="9s")),
    ]
    told = verdicts(forms, VERSIONS)
    assert [each for each in told if each.problem and each.form != "broken"] == []
    assert {each.form for each in told} == forms.keys()
    problems = [each.problem for each in told if each.form == "broken"]
    assert all(problems)
    assert problems[-2:] == ["refused: spec.minReplicaCount", "unknown: .spec.endpoints[0].scrapeTimeOut"]


@pytest.mark.parametrize("values", [(), ALL, ("--values", str(ODD))], ids=["defaults", "everything", "odd"])
def test_helm_lints_it_without_a_complaint(values: tuple[str, ...]) -> None:
    done = run("helm", "lint", "--strict", str(CHART), *values)
    assert done.returncode == 0, done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert told == ["[INFO] Chart.yaml: icon is recommended"]
    assert complaints(helm_template(*values).stderr) == []


def test_rules_are_those_that_assay_renders_now(tmp_path: Path) -> None:
    render = [sys.executable, "-m", "assay.worker.cli", "alerts", "render", "--without-tests", "--out", str(tmp_path)]
    subprocess.run([*render, "--config", str(ROOT)], check=True, capture_output=True, timeout=300)
    rule = of_kind(objects(rendered(*ALL)), "PrometheusRule")["assay"]
    assert rule["spec"] == yaml.safe_load((tmp_path / "assay-alerts.yml").read_text())


def test_dashboards_are_those_that_ship() -> None:
    maps = of_kind(objects(rendered(*ALL)), "ConfigMap")
    told = {name: json.loads(text) for each in maps.values() for name, text in each["data"].items() if ".json" in name}
    told.pop("calibration__grounding-local__bot.json")
    shipped = (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")
    assert told == {path.name: json.loads(path.read_text()) for path in shipped}


def test_the_kustomize_base_is_what_the_chart_renders() -> None:
    assert FILE.read_text() == kustomize_base(), "write it anew: python -m tests.kubernetes.kustomize_base"


def test_kustomize_builds_base_and_overlay() -> None:
    base, overlay = (run("kubectl", "kustomize", str(KUSTOMIZE / name)) for name in ("base", "overlays/production"))
    assert (base.returncode, overlay.returncode) == (0, 0), base.stderr + overlay.stderr
    assert (base.stderr, overlay.stderr) == ("", "")
    manifests = objects(overlay.stdout)
    assert {each["metadata"]["namespace"] for each in manifests} == {NAMESPACE}
    for deployment in of_kind(manifests, "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["containers"][0]["image"] == "registry.example.org/team/assay-fleet:0.1.0"
        paths = [
            item["path"]
            for volume in pod["volumes"]
            for source in volume.get("projected", {}).get("sources", ())
            for item in source["configMap"]["items"]
        ]
        assert paths == ["assay.yaml", "rubrics/support.yaml"]
    assert "name: support-bot" in of_kind(manifests, "ConfigMap")["assay-config"]["data"]["assay.yaml"]
