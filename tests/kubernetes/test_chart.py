"""The chart by the real helm: what it renders, what it refuses, and what it makes of one value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kubernetes.charts import (
    CHART,
    EVERYTHING,
    KUSTOMIZE,
    NAMESPACE,
    ROOT,
    complaints,
    helm_template,
    objects,
    of_kind,
    rendered,
    run,
)
from tests.kubernetes.kustomize_base import FILE, kustomize_base

ALL = ("--values", str(EVERYTHING))


@pytest.mark.parametrize("values", [(), ALL], ids=["defaults", "everything"])
def test_helm_lints_it_without_a_complaint(values: tuple[str, ...]) -> None:
    done = run("helm", "lint", "--strict", str(CHART), *values)
    assert done.returncode == 0, done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert told == ["[INFO] Chart.yaml: icon is recommended"]
    assert complaints(helm_template(*values).stderr) == []


def test_a_packaged_chart_renders_the_same(tmp_path: Path) -> None:
    """Links are followed when it is packed: whoever gets the archive has no checkout."""
    done = run("helm", "package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tgz")
    assert rendered(*ALL, chart=archive) == rendered(*ALL)


def test_rules_are_those_that_ship() -> None:
    rule = of_kind(objects(rendered(*ALL)), "PrometheusRule")["assay"]
    assert rule["spec"] == yaml.safe_load((ROOT / "deploy" / "prometheus" / "assay-alerts.yml").read_text())


def test_dashboards_are_those_that_ship() -> None:
    maps = of_kind(objects(rendered(*ALL)), "ConfigMap")
    told = {name: json.loads(text) for each in maps.values() for name, text in each["data"].items() if ".json" in name}
    told.pop("calibration__grounding-local__bot.json")
    shipped = (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")
    assert told == {path.name: json.loads(path.read_text()) for path in shipped}


REFUSED_BY_SCHEMA = [
    ("assess.replicas=two", "/assess/replicas"),
    ("control.replicas=0", "/control/replicas"),
    ("beat.replicas=9", "/beat/replicas"),
    ("metrics.port=99999", "/metrics/port"),
    ("batchDeadlineSeconds=0", "/batchDeadlineSeconds"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
    ("image.digest=latest", "/image/digest"),
    ("redis.url=redis://:secret@host:6379/0", "/redis/url"),
    ("redis.existingSecret=Not_A_Name", "/redis/existingSecret"),
    ("env.ASSAY_REDIS_URL=redis://x", "ASSAY_REDIS_URL"),
    ("env.OPENAI_API_KEY=sk-1", "OPENAI_API_KEY"),
    ("assess.autoscaling.mode=maybe", "/assess/autoscaling/mode"),
    ("assess.autoscaling.keda.prometheusAddress=prometheus", "prometheusAddress"),
    ("assess.softMemoryShare=2", "/assess/softMemoryShare"),
    ("assess.podDisruptionBudget.maxUnavailable=0", "maxUnavailable"),
    ("config.files.\\.\\./passwd=x", "../passwd"),
    ("probes.readiness.terminationGracePeriodSeconds=5", "/probes/readiness"),
    ("persistence.size=plenty", "/persistence/size"),
    ("asess.replicas=2", "asess"),
]


@pytest.mark.parametrize(("setting", "place"), REFUSED_BY_SCHEMA, ids=[setting for setting, _ in REFUSED_BY_SCHEMA])
def test_a_wrong_value_is_refused_with_its_place(setting: str, place: str) -> None:
    done = helm_template("--set", setting)
    assert done.returncode != 0
    assert "don't meet the specifications of the schema" in done.stderr
    assert place in done.stderr


SQLITE = "config.assay=store: {kind: sqlite}"
REFUSED_BY_TEMPLATES = [
    (["redis.existingSecret="], "Assay needs a Redis or Valkey"),
    (["database.existingSecret="], "without PostgreSQL the record would be lost"),
    (["collector.enabled=true"], "persistence.enabled=true"),
    ([SQLITE], "a store of kind sqlite is a file"),
    (["config.assay=stores: [{name: a\\, kind: sqlite}]"], "a store of kind sqlite is a file"),
    (["config.assay=store: ["], "no YAML"),
    (["assess.autoscaling.mode=hpa", "assess.autoscaling.minReplicas=0"], "cannot go to zero"),
    (["assess.autoscaling.mode=keda", "assess.autoscaling.minReplicas=20"], "above maxReplicas"),
    (["config.files.rubrics/a@b\\.yaml=x", "config.files.rubrics/a__b\\.yaml=y"], "same key"),
]


@pytest.mark.parametrize(
    ("settings", "remedy"), REFUSED_BY_TEMPLATES, ids=[remedy for _, remedy in REFUSED_BY_TEMPLATES]
)
def test_what_cannot_work_is_refused_with_a_remedy(settings: list[str], remedy: str) -> None:
    arguments = [word for setting in settings for word in ("--set", setting.replace("{", "\\{"))]
    if any("config.assay=" in setting for setting in settings):
        arguments = [word for setting in settings for word in ("--set-literal", setting.replace("\\,", ","))]
    done = helm_template(*arguments)
    assert done.returncode != 0
    assert remedy in done.stderr


def deployments(*arguments: str) -> dict[str, dict[str, Any]]:
    return of_kind(objects(rendered(*arguments)), "Deployment")


@pytest.mark.parametrize("deadline_s", [30, 300])
def test_the_grace_period_follows_the_batchs_deadline(deadline_s: int) -> None:
    pods = {
        name: each["spec"]["template"]["spec"]
        for name, each in deployments("--set", f"batchDeadlineSeconds={deadline_s}").items()
    }
    for name in ("assay-assess", "assay-control"):
        given = {each["name"]: each.get("value") for each in pods[name]["containers"][0]["env"]}
        assert given["ASSAY_BATCH_DEADLINE_S"] == str(deadline_s)
        assert pods[name]["terminationGracePeriodSeconds"] == deadline_s + 20


@pytest.mark.parametrize(("mode", "kind"), [("keda", "ScaledObject"), ("hpa", "HorizontalPodAutoscaler")])
def test_an_autoscalers_replicas_are_left_to_it(mode: str, kind: str) -> None:
    manifests = objects(rendered("--set", f"assess.autoscaling.mode={mode}"))
    spec = of_kind(manifests, "Deployment")["assay-assess"]["spec"]
    assert "replicas" not in spec, "each upgrade would set it back"
    assert of_kind(manifests, kind)["assay-assess"]["spec"]["scaleTargetRef"]["name"] == "assay-assess"


def test_an_edit_of_the_configuration_restarts_nothing_unless_asked_to() -> None:
    edit = ("--set-literal", "config.assay=store: {kind: langfuse}\nuse_cases: [{name: other, match: {}}]")
    assert deployments(*edit) == deployments()
    asked = ("--set", "config.restartOnChange=true")
    assert deployments(*edit, *asked) != deployments(*asked)


def test_a_worker_ends_in_order_before_its_memory_is_used_up() -> None:
    def limit_mb(*arguments: str) -> str | None:
        (container,) = deployments(*arguments)["assay-assess"]["spec"]["template"]["spec"]["containers"]
        values: dict[str, str] = {each["name"]: each.get("value", "") for each in container["env"]}
        return values.get("ASSAY_MEMORY_LIMIT_MB")

    assert limit_mb() == "870"
    assert limit_mb("--set", "assess.resources.limits.memory=600Mi") == "510"
    assert limit_mb("--set", "assess.softMemoryShare=0") is None
    assert limit_mb("--set", "assess.resources.limits=null") is None


def test_selectors_of_two_releases_do_not_meet() -> None:
    done = run("helm", "template", "second", str(CHART), "--namespace", NAMESPACE)
    second, first = objects(done.stdout), objects(rendered())
    names = [{(each["kind"], each["metadata"]["name"]) for each in manifests} for manifests in (first, second)]
    assert not names[0] & names[1]
    selectors = [
        json.dumps(each["spec"]["selector"], sort_keys=True)
        for manifests in (first, second)
        for each in manifests
        if each["kind"] in ("Deployment", "Service")
    ]
    assert len(set(selectors)) == len(selectors)


def test_a_policy_without_peers_lets_nobody_in() -> None:
    manifests = objects(rendered(*ALL, "--set-json", "networkPolicy.metricsFrom=[]"))
    policies = of_kind(manifests, "NetworkPolicy")
    assert policies["assay"]["spec"]["ingress"] == []


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
