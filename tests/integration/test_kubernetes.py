"""deploy/helm, kustomize, argocd and sidecar, as far as no helm is needed: values, and what they refer to."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from assay.worker.config.deployment import parse_deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.fleet.process import DRAIN_S

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "assay"
BASE = DEPLOY / "kustomize" / "base"
OVERLAY = DEPLOY / "kustomize" / "overlays" / "production"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())


def paths_of(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every value that somebody can set, e.g. `assess.autoscaling.mode`, as far as the schema knows its keys."""
    known = schema.get("properties", {})
    for name, value in values.items():
        if isinstance(value, dict) and value and "properties" in known.get(name, {}):
            yield from paths_of(value, known[name], f"{path}{name}.")
        else:
            yield f"{path}{name}"


def test_rules_and_dashboards_of_the_chart_are_the_shipped_files() -> None:
    links = [path for path in (CHART / "files").rglob("*") if not path.is_dir()]
    shipped = [DEPLOY / "prometheus" / "assay-alerts.yml", *(DEPLOY / "grafana" / "dashboards").glob("*.json")]
    assert all(path.is_symlink() for path in links), "a copy would fall behind"
    assert sorted(path.resolve() for path in links) == sorted(shipped)


def test_the_charts_values_are_what_their_schema_allows_and_nothing_is_left_out() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)
    known = {re.sub(r"(authenticationRef)\..*", r"\1", path) for path in _defined(SCHEMA)}
    assert known - {"global"} == set(paths_of(VALUES, SCHEMA))


def _defined(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield from _defined(part, f"{path}{name}.") if "properties" in part else [f"{path}{name}"]


def test_every_value_stands_in_the_readme() -> None:
    text = (CHART / "README.md").read_text()
    told = set(re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE))
    assert told == set(paths_of(VALUES, SCHEMA))


def test_chart_and_package_have_one_version() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (package, package)


def test_defaults_of_the_chart_are_those_of_the_product() -> None:
    assert VALUES["batchDeadlineSeconds"] == Settings().batch_deadline_s
    assert VALUES["collector"]["port"] == Settings().collector_port


@pytest.mark.parametrize("source", ["chart", "base", "overlay", "argocd"])
def test_every_shipped_configuration_can_be_used(source: str, tmp_path: Path) -> None:
    application = yaml.safe_load((DEPLOY / "argocd" / "application.yaml").read_text())
    texts = {
        "chart": VALUES["config"]["assay"],
        "base": (BASE / "config.yaml").read_text(),
        "overlay": (OVERLAY / "assay.yaml").read_text(),
        "argocd": application["spec"]["source"]["helm"]["valuesObject"]["config"]["assay"],
    }
    (tmp_path / "assay.yaml").write_text(texts[source])
    if source == "overlay":
        (tmp_path / "rubrics").symlink_to(OVERLAY / "rubrics")
    deployment = parse_deployment(tmp_path / "assay.yaml")
    root = ConfigRoot(path=tmp_path)
    for use_case in deployment.use_cases:
        for name in use_case.rubrics or deployment.defaults.rubrics:
            assert root.rubric(name, Settings().rubric_variables()).name == name


def test_argo_cd_sets_values_that_there_are() -> None:
    source = yaml.safe_load((DEPLOY / "argocd" / "application.yaml").read_text())["spec"]["source"]
    assert ROOT / source["path"] == CHART
    jsonschema.validate(VALUES | source["helm"]["valuesObject"], SCHEMA)


def test_the_sidecar_sends_to_the_charts_collector() -> None:
    config_map, deployment = yaml.safe_load_all((DEPLOY / "sidecar" / "otlp-sidecar.yaml").read_text())
    config = yaml.safe_load(config_map["data"]["config.yaml"])
    exporter = config["exporters"]["otlphttp/assay"]
    assert exporter["endpoint"] == f"http://assay-collector.llm.svc:{VALUES['collector']['port']}"
    (sidecar,) = deployment["spec"]["template"]["spec"]["initContainers"]
    (token,) = sidecar["env"]
    assert exporter["headers"]["authorization"] == f"Bearer ${{env:{token['name']}}}"
    assert token["valueFrom"]["secretKeyRef"]["key"] == VALUES["collector"]["token"]["key"]
    (application,) = deployment["spec"]["template"]["spec"]["containers"]
    sends_to = {each["name"]: each["value"] for each in application["env"]}["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert sends_to == f"http://{config['receivers']['otlp']['protocols']['http']['endpoint']}"
    for pipeline in config["service"]["pipelines"].values():
        for part in ("receivers", "processors", "exporters"):
            assert set(pipeline[part]) <= config[part].keys()
    assert set(config["service"]["extensions"]) == config["extensions"].keys()


def deployments() -> dict[str, dict[str, Any]]:
    """Of the Kustomize base, which `make test-kubernetes` holds equal to the chart's."""
    manifests = yaml.safe_load_all((BASE / "assay.yaml").read_text())
    return {each["metadata"]["name"]: each["spec"] for each in manifests if each["kind"] == "Deployment"}


@pytest.mark.parametrize("name", sorted(deployments()))
def test_a_pod_may_do_nothing_that_it_does_not_need(name: str) -> None:
    pod = deployments()[name]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not [mount for mount in container["volumeMounts"] if "subPath" in mount], "its content never changes"


def test_no_service_of_the_namespace_becomes_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a Service called assay-collector Kubernetes would make ASSAY_COLLECTOR_PORT, which is a setting of ours."""
    monkeypatch.setenv("ASSAY_COLLECTOR_PORT", "tcp://10.0.0.7:4318")
    with pytest.raises(ValueError, match="collector_port"):
        Settings()
    assert [spec["template"]["spec"]["enableServiceLinks"] for spec in deployments().values()] == [False] * 3


def test_a_worker_has_the_time_that_its_end_may_take() -> None:
    """Until the batch's deadline it waits, then it cancels what is left, then it writes what is to be written."""
    for name in ("assay-assess", "assay-control"):
        pod = deployments()[name]["template"]["spec"]
        given = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
        needed_s = float(str(given["ASSAY_BATCH_DEADLINE_S"])) + 2 * DRAIN_S
        assert needed_s < pod["terminationGracePeriodSeconds"] <= needed_s + 30


def test_a_process_that_hangs_is_ended_by_itself_before_the_kubelet_does() -> None:
    from assay.worker.fleet.process import WEDGED_AFTER_S

    for spec in deployments().values():
        (container,) = spec["template"]["spec"]["containers"]
        probe = container["livenessProbe"]
        assert probe["periodSeconds"] * (probe["failureThreshold"] - 1) > WEDGED_AFTER_S
        assert probe["terminationGracePeriodSeconds"] < spec["template"]["spec"]["terminationGracePeriodSeconds"]
