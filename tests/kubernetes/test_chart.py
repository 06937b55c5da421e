"""The chart by the real helm: what it renders, what it refuses, and what it makes of one value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.charts import (
    CHART,
    EVERYTHING,
    NAMESPACE,
    ODD,
    ONE_NODE,
    Manifest,
    helm_template,
    objects,
    of_kind,
    rendered,
    run,
)

ALL = ("--values", str(EVERYTHING))
LONGEST_NAME = 63
"""Characters of a Service's name."""


def test_a_packaged_chart_renders_the_same(tmp_path: Path) -> None:
    """Links are followed when it is packed: whoever gets the archive has no checkout."""
    done = run("helm", "package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tgz")
    assert rendered(*ALL, chart=archive) == rendered(*ALL)


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
    ("serve.tokens=x", "tokens"),
    ("serve=null", "missing property 'serve'"),
    ("serve.token.existingSecret=", "/serve/token/existingSecret"),
    ("serve.ingress.host=https://assay.example.org", "/serve/ingress/host"),
    ("env.ASSAY_SERVE_TOKEN=0123456789abcdef", "ASSAY_SERVE_TOKEN"),
    ("upgradeStrategy=BlueGreen", "/upgradeStrategy"),
    ("podLabels.app\\.kubernetes\\.io/name=other", "app.kubernetes.io/name"),
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
    (["serve.enabled=true", "serve.ingress.enabled=true"], "serve.ingress.host: an Ingress without a host"),
    (["networkPolicy.egress.enabled=true"], "networkPolicy.egress.rules: nothing but DNS"),
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


def deployments(*arguments: str) -> dict[str, Manifest]:
    return of_kind(objects(rendered(*arguments)), "Deployment")


def container(deployment: Manifest) -> dict[str, Any]:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(only)


def variables(deployment: Manifest) -> dict[str, dict[str, Any]]:
    """The variables of a pod's container by their name, as they stand there."""
    return {each["name"]: each for each in container(deployment)["env"]}


@pytest.mark.parametrize("deadline_s", [30, 300])
def test_the_grace_period_follows_the_batchs_deadline(deadline_s: int) -> None:
    pods = deployments("--set", f"batchDeadlineSeconds={deadline_s}")
    for name in ("assay-assess", "assay-control"):
        assert variables(pods[name])["ASSAY_BATCH_DEADLINE_S"]["value"] == str(deadline_s)
        assert pods[name]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == deadline_s + 20


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
        given = variables(deployments(*arguments)["assay-assess"])
        return given["ASSAY_MEMORY_LIMIT_MB"]["value"] if "ASSAY_MEMORY_LIMIT_MB" in given else None

    assert limit_mb() == "870"
    assert limit_mb("--set", "assess.resources.limits.memory=600Mi") == "510"
    assert limit_mb("--set", "assess.softMemoryShare=0") is None
    assert limit_mb("--set", "assess.resources.limits=null") is None
    assert limit_mb("--set", "assess.resources.limits.memory=100Mi") is None, "a worker takes no limit below 128"


LONG = "a-release-whose-name-is-as-long-as-helm-lets-it-be-53"


@pytest.mark.parametrize("releases", [("assay", "second"), (f"{LONG[:-1]}1", f"{LONG[:-1]}2")], ids=["usual", "long"])
def test_two_releases_in_a_namespace_do_not_meet(releases: tuple[str, str]) -> None:
    both = [objects(rendered("--values", str(ONE_NODE), release=release)) for release in releases]
    names = [{(each["kind"], each["metadata"]["name"]) for each in manifests} for manifests in both]
    assert not names[0] & names[1]
    assert all(len(name) <= LONGEST_NAME for each in names for _, name in each)
    selectors = [
        json.dumps(each["spec"]["selector"], sort_keys=True)
        for manifests in both
        for each in manifests
        if each["kind"] in ("Deployment", "Service")
    ]
    assert len(set(selectors)) == len(selectors)


def test_a_variable_stands_once_in_a_pod_and_the_components_own_counts() -> None:
    pods = deployments("--values", str(ODD))
    twice = {name.rpartition("-")[2]: variables(each)["TWICE"] for name, each in pods.items()}
    assert twice["control"]["value"] == "2"
    assert "valueFrom" in twice["assess"]
    for each in pods.values():
        assert len(variables(each)) == len(container(each)["env"]), "a server-side apply refuses two of one name"


def test_the_page_has_its_own_port_policy_and_secrets() -> None:
    manifests = objects(rendered(*ALL))
    serve = of_kind(manifests, "Deployment")["assay-serve"]
    given = variables(serve)
    assert given["ASSAY_SERVE_TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == "assay-serve-token"
    assert given["ASSAY_DATABASE_URL"]["valueFrom"]["secretKeyRef"]["name"] == "assay-readers"
    labels = serve["spec"]["template"]["metadata"]["labels"]
    services = of_kind(manifests, "Service")
    chosen = {name for name, each in services.items() if each["spec"]["selector"].items() <= labels.items()}
    assert chosen == {"assay-serve", "assay-metrics"}
    policies = of_kind(manifests, "NetworkPolicy").values()
    ports = [port for each in policies for rule in each["spec"]["ingress"] for port in rule["ports"]]
    assert {port["port"] for port in ports} == {"metrics", "otlp-http", "http"}
    usual = deployments("--set", "serve.enabled=true")["assay-serve"]
    assert variables(usual)["ASSAY_DATABASE_URL"]["valueFrom"]["secretKeyRef"]["name"] == "assay-database"


def test_an_upgrade_keeps_every_pod_until_the_next_is_ready_unless_asked_to() -> None:
    rolling = [each["spec"]["strategy"] for each in deployments(*ALL).values()]
    assert {(each["type"], each["rollingUpdate"]["maxUnavailable"]) for each in rolling} == {("RollingUpdate", 0)}
    recreated = deployments("--set", "upgradeStrategy=Recreate").values()
    assert [each["spec"]["strategy"] for each in recreated] == [{"type": "Recreate"}] * 3


def test_the_notes_name_the_secrets_and_what_comes_next() -> None:
    def notes(*arguments: str) -> str:
        done = run("helm", "install", "assay", str(CHART), "--namespace", NAMESPACE, "--dry-run=client", *arguments)
        return done.stdout.partition("NOTES:")[2]

    everything = notes(*ALL)
    for secret in ("shared-redis: url", "assay-serve-token: ASSAY_SERVE_TOKEN", "assay-collector-token", "langfuse"):
        assert f"\n  {secret}" in everything
    assert "exec deploy/assay-control -- assay doctor" in everything
    assert "https://assay.example.org/" in everything
    assert "networkPolicy.serveFrom" not in everything, "they have named it"
    assert "networkPolicy.serveFrom" in notes("--values", str(ONE_NODE))


def test_a_policy_without_peers_lets_nobody_in() -> None:
    manifests = objects(rendered(*ALL, "--set-json", "networkPolicy.metricsFrom=[]"))
    policies = of_kind(manifests, "NetworkPolicy")
    assert policies["assay"]["spec"]["ingress"] == []
