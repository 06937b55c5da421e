"""What docker-compose.yml mounts: each file is read by its own program, or held to that program's documentation."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.worker.alerts.rendering.scraping import OTHERS, PORT
from assay.worker.alerts.rendering.scraping import SERVICES as SCRAPED
from tests.compose_file import OURS, ROOT, SERVICES, filled, in_force, mounts, names_of

TOLD = {"ASSAY_COLLECTOR_TOKEN": "c1"}
"""With it the OpenTelemetry Collector sends to `assay collector`, too."""


def test_every_file_that_is_mounted_is_there() -> None:
    for name, service in in_force(SERVICES, {}).items():
        for source, target, _ in mounts(service):
            is_there = (ROOT / source).exists() or "/" not in source or source.endswith("/secrets")
            assert is_there, f"{name}: {target} is {source}"


def test_every_service_of_ours_is_scraped_and_so_is_what_watches_it() -> None:
    assert set(SCRAPED) == set(OURS)
    for name in SCRAPED:
        assert SERVICES[name]["environment"]["ASSAY_METRICS_PORT"] == str(PORT)
        assert SERVICES[name]["environment"]["ASSAY_METRICS_HOST"] == "0.0.0.0"
        assert "container_name" not in SERVICES[name], "replicas share the service's name"
    first, *others = (each.partition(":")[0] for each in OTHERS)
    started = {each for each, service in SERVICES.items() if service.get("profiles") == ["observability"]}
    assert {"prometheus", "check-observability", *others} == started
    assert first == "localhost"
    told = mounted("prometheus", "/etc/prometheus", "prometheus.yml")["alerting"]["alertmanagers"]
    assert [each["targets"] for part in told for each in part["static_configs"]] == [["alertmanager:9093"]]


def test_grafana_has_both_data_sources_and_finds_the_dashboards() -> None:
    places = {target: ROOT / source for source, target, _ in mounts(in_force(SERVICES["grafana"], {})) if "/" in source}
    provisioning = places["/etc/grafana/provisioning"]
    files = [yaml.safe_load(path.read_text()) for path in sorted((provisioning / "datasources").glob("*.yml"))]
    sources = {each["type"]: each for file in files for each in file["datasources"]}
    assert {kind: each["url"] for kind, each in sources.items()} == {
        "prometheus": "http://prometheus:9090",
        "tempo": f"http://tempo:{tempo()['server']['http_listen_port']}",
    }
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "assay.yml").read_text())["providers"]
    assert len(list(places[provider["options"]["path"]].glob("*.json"))) >= 4


def mounted(service: str, target: str, name: str = "") -> Any:
    """A file as its container reads it."""
    places = {to: source for source, to, _ in mounts(in_force(SERVICES[service], {}))}
    return yaml.safe_load((ROOT / places[target] / name).read_text())


def tempo() -> Any:
    return mounted("tempo", "/etc/tempo.yaml")


def collector_configs(env: dict[str, str]) -> list[Any]:
    """What the OpenTelemetry Collector is told to read, in its order."""
    command = filled(SERVICES["otel-collector"]["command"], env).split()
    return [mounted("otel-collector", option.removeprefix("--config=")) for option in command]


KNOWN: dict[str, set[str]] = {
    "otlp": {"protocols"},
    "memory_limiter": {"check_interval", "limit_mib", "spike_limit_mib"},
    "batch": {"send_batch_size", "send_batch_max_size", "timeout"},
    "otlp_http": {"endpoint", "compression", "headers", "timeout", "retry_on_failure", "sending_queue"},
    "retry_on_failure": {"enabled", "initial_interval", "max_interval", "max_elapsed_time"},
    "sending_queue": {"enabled", "queue_size"},
}
"""Keys that the documentation of the OpenTelemetry Collector has, of those components that we use."""


@pytest.mark.parametrize("env", [{}, TOLD], ids=["Tempo alone", "and assay collector"])
def test_the_otel_collector_has_a_way_from_its_door_to_every_place(env: dict[str, str]) -> None:
    """The program cannot be had here. Names and keys are held to its documentation, pipelines to what is declared."""
    merged: dict[str, Any] = {"receivers": {}, "processors": {}, "exporters": {}}
    pipelines: dict[str, Any] = {}
    for config in collector_configs(env):
        for section, parts in merged.items():
            parts.update(config.get(section, {}))
        pipelines.update(config["service"]["pipelines"])
    for parts in merged.values():
        for name, part in parts.items():
            assert part.keys() <= KNOWN[name.partition("/")[0]], name
            for key in part.keys() & KNOWN.keys():
                assert part[key].keys() <= KNOWN[key], name
    for name, pipeline in pipelines.items():
        assert name.partition("/")[0] in ("traces", "logs")
        for section, parts in merged.items():
            assert pipeline[section], name
            assert set(pipeline[section]) <= parts.keys(), name
        assert pipeline["processors"][0] == "memory_limiter", "it refuses before anything is kept"
    ends = {pipeline["exporters"][0] for name, pipeline in pipelines.items() if name.startswith("traces")}
    assert ends == {"otlp_http/tempo", *(["otlp_http/assay"] if env else [])}
    ways = {merged["exporters"][end]["endpoint"] for end in ends}
    receiver = tempo()["distributor"]["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    collector = SERVICES["collector"]["environment"]["ASSAY_COLLECTOR_PORT"]
    assert ways == {f"http://tempo:{receiver.rpartition(':')[2]}", *([f"http://collector:{collector}"] if env else [])}
    assert names_of(SERVICES["otel-collector"]["environment"]) == {"ASSAY_COLLECTOR_TOKEN"}


def test_tempo_is_told_what_its_documentation_knows() -> None:
    """The program cannot be had here: the sections are those of its manifest for release 3, less those it dropped."""
    known = {"server", "distributor", "live_store", "backend_scheduler", "storage", "usage_report"}
    assert set(tempo()) == known
    paths = {tempo()["storage"]["trace"]["wal"]["path"], tempo()["storage"]["trace"]["local"]["path"]}
    volume = {target for source, target, _ in mounts(SERVICES["tempo"]) if source == "tempo"}
    assert {str(Path(path).parent) for path in paths} == volume


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_reads_what_is_mounted(tmp_path: Path) -> None:
    (folder,) = (source for source, target, _ in mounts(SERVICES["prometheus"]) if target == "/etc/prometheus")
    config = SERVICES["prometheus"]["command"][0].partition("=")[2].replace("/etc/prometheus", str(ROOT / folder))
    done = subprocess.run(["promtool", "check", "config", config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
def test_alertmanager_reads_what_is_mounted() -> None:
    places = {target: source for source, target, _ in mounts(in_force(SERVICES["alertmanager"], {}))}
    config = ROOT / places[SERVICES["alertmanager"]["command"][0].partition("=")[2]]
    done = subprocess.run(["amtool", "check-config", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
