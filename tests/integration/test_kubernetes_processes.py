"""What the Kubernetes manifests name is there: their commands run, and answer at their ports and paths.

The manifests are those of the Kustomize base, which `make test-kubernetes` holds equal to what the chart renders.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from assay.worker.stores.sqlite.store import SqliteStore
from tests.e2e.running import make_traces
from tests.kubernetes.pods import Cluster, Pod, await_all, running_pods
from tests.scraping import values_of
from tests.servers.postgres_server import PostgresProcess
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

BASE = Path(__file__).parents[2] / "deploy" / "kustomize" / "base" / "assay.yaml"
TRACES = 8
CONFIG = """
store: {{kind: sqlite, path: {store}}}
defaults: {{quiet_seconds: 1, min_per_day: 0, low_traffic: {{below_per_day: 0}}, rubrics: [grounding]}}
use_cases:
  - {{name: bot, rate: {rate}, allow_rate: true}}
"""

QUICK = {"ASSAY_CONFIG_LOOK_EVERY_S": "0.5", "ASSAY_SWEEP_EVERY_S": "5", "ASSAY_VERIFY_EVERY_S": "1"}
"""Shorter intervals than the usual ones. Nothing else differs from the manifests."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    # The path of a Unix socket has at most 107 bytes, and tmp_path is longer than that.
    with tempfile.TemporaryDirectory(prefix="assay-postgres-", ignore_cleanup_errors=True) as directory:
        process = PostgresProcess(Path(directory))
        yield process
        process.close()


@pytest.fixture
def cluster(tmp_path: Path, server: ValkeyServer, postgres: PostgresProcess) -> Cluster:
    store = tmp_path / "traces.db"
    asyncio.run(_fill(store))
    secrets = {
        "assay-redis": {"ASSAY_REDIS_URL": server.url},
        "assay-database": {"ASSAY_DATABASE_URL": postgres.new_database()},
        "assay-keys": {"OPENAI_API_KEY": "sk-of-tests"},
    }
    config = {"assay.yaml": CONFIG.format(store=store, rate=1.0)}
    return Cluster(tmp_path, secrets, {"assay-config": config}, overridden=QUICK)


async def _fill(path: Path) -> None:
    store = SqliteStore(path)
    try:
        await store.add_traces(make_traces(TRACES))
    finally:
        await store.close()


def test_the_manifests_processes_answer_their_probes_judge_and_take_an_edit_up(
    cluster: Cluster, server: ValkeyServer, postgres: PostgresProcess
) -> None:
    manifests = list(yaml.safe_load_all(BASE.read_text()))
    with running_pods(manifests, cluster, network=77) as pods:
        assert {name: pod.container["args"][0] for name, pod in pods.items()} == {
            "assay-assess": "worker",
            "assay-control": "worker",
            "assay-beat": "beat",
        }
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            await_all(pods, probe)
        _check_roles(pods)
        _await_scores(pods["assay-control"])
        _check_edit(pods, cluster)
        _check_without_redis(pods, server)
        assert {name: pod.stop() for name, pod in pods.items()} == dict.fromkeys(pods, 0)
    database = cluster.secrets["assay-database"]["ASSAY_DATABASE_URL"].partition("@/")[2].partition("?")[0]
    postgres.run("SELECT 1 / count(*) FROM history", database)


def _check_roles(pods: dict[str, Pod]) -> None:
    for name, pod in pods.items():
        role = name.removeprefix("assay-")
        builds = [labels for labels in values_of(pod.scrape()) if labels[0] == "assay_build_info"]
        assert [role in labels for labels in builds] == [True]
        has = {"ASSAY_DATABASE_URL": role == "control", "OPENAI_API_KEY": role != "beat"}
        assert {variable: variable in pod.environment for variable in has} == has, "who needs no secret has none"


def _await_scores(control: Pod) -> None:
    def scored() -> bool:
        wanted = {"assay_funnel_traces", "bot", "grounding", "scored"}
        return sum(n for labels, n in values_of(control.scrape()).items() if set(labels) == wanted) >= TRACES

    until(scored, told=control.told, every_s=0.5)


def _check_edit(pods: dict[str, Pod], cluster: Cluster) -> None:
    """The ConfigMap changes, and the kubelet exchanges what is mounted."""
    edited = cluster.config_maps["assay-config"]["assay.yaml"].replace("rate: 1.0", "rate: 0.5")
    cluster.config_maps["assay-config"] = {"assay.yaml": edited}
    for name in ("assay-assess", "assay-control"):
        pods[name].project()
        until(lambda pod=pods[name]: "config.taken_up" in pod.told(), told=pods[name].told)  # type: ignore[misc]


def _check_without_redis(pods: dict[str, Pod], server: ValkeyServer) -> None:
    """Nothing is ready, and nothing is restarted."""
    server.kill()
    await_all(pods, "readinessProbe", 503)
    assert {name: pod.probe("livenessProbe").status for name, pod in pods.items()} == dict.fromkeys(pods, 200)
    server.start()
    await_all(pods, "readinessProbe")
