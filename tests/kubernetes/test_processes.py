"""All processes of the chart with everything on, from a span that an application sends to its scores.

The commands, variables, ports, probes and volumes are those that helm rendered. Redis and PostgreSQL are real.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.kubernetes.charts import EVERYTHING, ROOT, objects, of_kind, rendered
from tests.kubernetes.pods import Cluster, Pod, await_all, running_pods
from tests.scraping import values_of
from tests.servers.postgres_server import PostgresProcess
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

TOKEN = "token-of-tests"
QUICK = {"ASSAY_CONFIG_LOOK_EVERY_S": "0.5", "ASSAY_SWEEP_EVERY_S": "2", "ASSAY_VERIFY_EVERY_S": "1"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresProcess]:
    with tempfile.TemporaryDirectory(prefix="assay-postgres-", ignore_cleanup_errors=True) as directory:
        process = PostgresProcess(Path(directory))
        yield process
        process.close()


@pytest.fixture
def manifests(tmp_path: Path) -> list[dict[str, Any]]:
    rubric = tmp_path / "mine.yaml"
    rubric.write_text((ROOT / "rubrics" / "grounding.yaml").read_text().replace("name: grounding", "name: mine"))
    own = (
        *("--set-file", f"config.files.rubrics/mine\\.yaml={rubric}"),
        # Nobody is there: a process would try for seconds to send its last spans.
        *("--set", "env.OTEL_EXPORTER_OTLP_ENDPOINT=null"),
    )
    return objects(rendered("--values", str(EVERYTHING), *own))


def test_a_span_that_is_sent_to_the_chart_is_judged(
    tmp_path: Path, manifests: list[dict[str, Any]], server: ValkeyServer, postgres: PostgresProcess
) -> None:
    config_maps = {name: each["data"] for name, each in of_kind(manifests, "ConfigMap").items()}
    secrets = {
        "shared-redis": {"url": server.url},
        "assay-postgres": {"uri": postgres.new_database()},
        "langfuse": {},
        "openai": {},
        "company-ca": {"ca.crt": "none of these tests asks for it"},
        "assay-collector-token": {"ASSAY_COLLECTOR_TOKEN": TOKEN},
    }
    cluster = Cluster(tmp_path, secrets, {**config_maps, "golden-bot-v1": {"manifest.yaml": ""}}, overridden=QUICK)
    with running_pods(manifests, cluster, network=78) as pods:
        assert set(pods) == {"assay-assess", "assay-control", "assay-beat", "assay-collector"}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            await_all(pods, probe)
        collector = pods["assay-collector"]
        assert sent(collector, "wrong") == 401
        until(lambda: taken(sent(collector, TOKEN)), told=collector.told, every_s=0.5)
        for name, pod in pods.items():
            builds = [labels for labels in values_of(pod.scrape()) if labels[0] == "assay_build_info"]
            assert [name.removeprefix("assay-") in labels for labels in builds] == [True]
        await_score(pods["assay-control"])
        assert {name: pod.stop() for name, pod in pods.items()} == dict.fromkeys(pods, 0)


def sent(collector: Pod, token: str) -> int:
    """The status with which a span is answered that is sent to the Service's port."""
    body = json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span()]}]}]}).encode()
    address = f"http://{collector.address}:{collector.port('otlp-http')}/v1/traces"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    try:
        with urlopen(Request(address, data=body, headers=headers, method="POST"), timeout=60) as reply:
            return int(reply.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def taken(status: int) -> bool:
    """Whether a span was taken. A sender tries again where there was no room for it."""
    assert status in (200, 429, 503), status
    return status == 200


def span() -> dict[str, Any]:
    begun = int(time.time()) * 10**9
    told = {
        "input.value": "When was the bridge opened?",
        "output.value": "The bridge was opened in 1932.",
        "retrieval.documents.0.document.content": "The bridge was opened in 1932.",
        "openinference.span.kind": "CHAIN",
    }
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "chat",
        "startTimeUnixNano": str(begun),
        "endTimeUnixNano": str(begun + 10**9),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in told.items()],
    }


def await_score(control: Pod) -> None:
    """Wait until the trace of the span has its scores."""
    wanted = {"assay_funnel_traces", "bot", "mine", "scored"}

    def is_scored() -> bool:
        return any(set(labels) == wanted and n >= 1 for labels, n in values_of(control.scrape()).items())

    until(is_scored, told=control.told, every_s=0.5)
