"""All processes of the chart with everything on, from a span that an application sends to its scores and to the page.

The commands, variables, ports, probes and volumes are those that helm rendered. Redis and PostgreSQL are real.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.kubernetes.charts import EVERYTHING, ROOT, Manifest, objects, of_kind, rendered
from tests.kubernetes.fleets import QUICK, Servers, await_scored, backing_servers, check_roles, database_of, has_record
from tests.kubernetes.pods import Cluster, Pod, await_all, running_pods
from tests.scraping import asked, values_of
from tests.waiting import PATIENCE_S, until

TOKEN = "token-of-tests-0123456789"
ASSESS, CONTROL, BEAT, COLLECTOR, SERVE = (
    f"assay-{component}" for component in ("assess", "control", "beat", "collector", "serve")
)


def manifests_with_a_rubric(folder: Path) -> list[Manifest]:
    """Everything on, and a rubric of a user's own."""
    rubric = folder / "mine.yaml"
    rubric.write_text((ROOT / "rubrics" / "grounding.yaml").read_text().replace("name: grounding", "name: mine"))
    own = (
        *("--set-file", f"config.files.rubrics/mine\\.yaml={rubric}"),
        # Nobody is there: a process would try for seconds to send its last spans.
        *("--set", "env.OTEL_EXPORTER_OTLP_ENDPOINT=null"),
    )
    return objects(rendered("--values", str(EVERYTHING), *own))


def cluster_of(folder: Path, manifests: list[Manifest], servers: Servers) -> Cluster:
    """What the manifests refer to. Readers have a role that may do nothing but read."""
    database = servers.postgres.new_database()
    servers.postgres.run("CREATE ROLE readers LOGIN; GRANT pg_read_all_data TO readers")
    config_maps = {name: each["data"] for name, each in of_kind(manifests, "ConfigMap").items()}
    secrets = {
        "shared-redis": {"url": servers.redis.url},
        "assay-postgres": {"uri": database},
        "assay-readers": {"uri": servers.postgres.url(database_of(database), user="readers")},
        "langfuse": {},
        "openai": {},
        "company-ca": {"ca.crt": "none of these tests asks for it"},
        "assay-collector-token": {"ASSAY_COLLECTOR_TOKEN": TOKEN},
        "assay-serve-token": {"ASSAY_SERVE_TOKEN": TOKEN},
    }
    return Cluster(folder, secrets, {**config_maps, "golden-bot-v1": {"manifest.yaml": ""}}, overridden=QUICK)


def test_a_span_that_is_sent_to_the_chart_is_judged_and_shown(tmp_path: Path) -> None:
    manifests = manifests_with_a_rubric(tmp_path)
    with backing_servers(tmp_path) as servers:
        cluster = cluster_of(tmp_path, manifests, servers)
        # Scaled to zero: the first assess worker comes when there is work, the page when there is something to show.
        with running_pods(manifests, cluster, held=(ASSESS, SERVE)) as pods:
            assert set(pods) == {ASSESS, CONTROL, BEAT, COLLECTOR, SERVE}
            _await_ready({name: pods[name] for name in (CONTROL, BEAT, COLLECTOR)})
            assert sent(pods[COLLECTOR], "wrong") == 401
            until(lambda: taken(sent(pods[COLLECTOR], TOKEN)), told=pods[COLLECTOR].told, every_s=0.5)
            _await_work(pods[CONTROL])
            pods[ASSESS].start()
            await_scored(pods[CONTROL], "bot", 1)
            _await_ready({ASSESS: pods[ASSESS]})
            until(lambda: has_record(servers, cluster.secrets["assay-postgres"]["uri"]), every_s=0.5)
            _check_page(pods[SERVE])
            check_roles(pods)
            assert {name: pod.stop() for name, pod in pods.items()} == dict.fromkeys(pods, 0)


def _await_ready(pods: dict[str, Pod]) -> None:
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        await_all(pods, probe)


def _await_work(control: Pod) -> None:
    """Wait until KEDA's query asks for a worker, while there is none: `assay.workersNeeded` of the chart."""

    def is_asked_for() -> bool:
        values = values_of(control.scrape())
        waits = [("assay_queue_waiting_messages", "assess"), ("assay_backlog_traces", "bot")]
        work = sum(values.get(name, 0) for name in waits)
        readable, oldest_s = values[("assay_state_readable",)], values.get(("assay_oldest_open_seconds",), 0)
        return work > 0 and oldest_s > 0 and readable == 1

    until(is_asked_for, told=control.told, every_s=0.5)


def _check_page(serve: Pod) -> None:
    """It shows what the record holds to those who know the token, and to nobody else."""
    serve.start()
    _await_ready({SERVE: serve})
    page = f"{serve.url('http')}/"
    assert asked(page).status == 401
    reader = {"Authorization": f"Bearer {TOKEN}"}
    until(lambda: asked(page, **reader).status == 200, told=serve.told, every_s=0.5)
    text = asked(page, **reader).text
    assert "bot" in text
    assert "cannot be read" not in text


def sent(collector: Pod, token: str) -> int:
    """The status with which a span is answered that is sent to the Service's port."""
    body = json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span()]}]}]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = Request(f"{collector.url('otlp-http')}/v1/traces", data=body, headers=headers, method="POST")
    try:
        with urlopen(request, timeout=PATIENCE_S) as reply:
            return int(reply.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def taken(status: int) -> bool:
    """Whether a span was taken. A sender tries again where there was no room for it."""
    assert status in (200, 429, 503), status
    return status == 200


def span() -> dict[str, Any]:
    """A trace of one span, which has ended."""
    ended = int(time.time()) * 10**9
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
        "startTimeUnixNano": str(ended - 10**9),
        "endTimeUnixNano": str(ended),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in told.items()],
    }
