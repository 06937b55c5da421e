"""What the Kubernetes manifests name is there: their commands run, and answer at their ports and paths.

The manifests are those of the Kustomize base, which `make test-kubernetes` holds equal to what the chart renders.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import yaml

from assay.worker.stores.sqlite.store import SqliteStore
from tests.e2e.running import make_traces
from tests.kubernetes.fleets import QUICK, Servers, await_scored, backing_servers, check_roles, has_record
from tests.kubernetes.pods import Cluster, Pod, await_all, running_pods
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


def cluster_of(folder: Path, servers: Servers) -> Cluster:
    """What the manifests refer to."""
    store = folder / "traces.db"
    asyncio.run(_fill(store))
    secrets = {
        "assay-redis": {"ASSAY_REDIS_URL": servers.redis.url},
        "assay-database": {"ASSAY_DATABASE_URL": servers.postgres.new_database()},
        "assay-keys": {"OPENAI_API_KEY": "sk-of-tests"},
    }
    config = {"assay.yaml": CONFIG.format(store=store, rate=1.0)}
    return Cluster(folder, secrets, {"assay-config": config}, overridden=QUICK)


async def _fill(path: Path) -> None:
    store = SqliteStore(path)
    try:
        await store.add_traces(make_traces(TRACES))
    finally:
        await store.close()


def test_the_manifests_processes_answer_their_probes_judge_and_take_an_edit_up(tmp_path: Path) -> None:
    manifests = list(yaml.safe_load_all(BASE.read_text()))
    with backing_servers(tmp_path) as servers:
        cluster = cluster_of(tmp_path, servers)
        with running_pods(manifests, cluster) as pods:
            assert {name: pod.container["args"][0] for name, pod in pods.items()} == {
                "assay-assess": "worker",
                "assay-control": "worker",
                "assay-beat": "beat",
            }
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                await_all(pods, probe)
            check_roles(pods)
            _check_secrets(pods)
            await_scored(pods["assay-control"], "bot", TRACES)
            _check_edit(pods, cluster)
            _check_without_redis(pods, servers.redis)
            assert {name: pod.stop() for name, pod in pods.items()} == dict.fromkeys(pods, 0)
        assert has_record(servers, cluster.secrets["assay-database"]["ASSAY_DATABASE_URL"])


def _check_secrets(pods: dict[str, Pod]) -> None:
    for name, pod in pods.items():
        has = {"ASSAY_DATABASE_URL": name == "assay-control", "OPENAI_API_KEY": name != "assay-beat"}
        assert {variable: variable in pod.environment for variable in has} == has, "who needs no secret has none"


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
