"""What a real fleet serves over HTTP: every metric there is, health, and readiness, also without Redis."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from assay.worker.config.root import ConfigRoot
from assay.worker.flow.metric_snapshots import keep_snapshot
from assay.worker.golden.scheduling.run_figures import RunFigures
from assay.worker.golden.scheduling.slot_records import SlotBook, SlotRecord, SlotState
from assay.worker.records.ledger import LedgerState, Promise, Transition
from assay.worker.records.metrics.metric import MetricSnapshot, Sample
from assay.worker.records.metrics.table import FROM_RECORD, METRICS, OF_COLLECTOR
from assay.worker.statistics.intervals import Estimate
from assay.worker.wiring.golden import golden_schedules
from assay.worker.wiring.runtime import Runtime
from tests.e2e.dashboards import hold_dashboards
from tests.e2e.monitoring import scraping
from tests.e2e.running import Deployed, make_traces
from tests.integration.golden_home import Home
from tests.planted_metrics import planted
from tests.scraping import Reply, Values, asked, complaints_of_promtool, free_ports, values_of
from tests.servers.openai_server import OpenAIServer
from tests.waiting import until

CONFIG = """
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding-llm]}
slos: {profile: chat, use_cases: {search: {profile: voice}}}
use_cases:
  - {name: search, match: {environment: [elsewhere]}}
  - {name: bot, rate: 1.0, allow_rate: true, budget_usd_per_day: 5}
limits:
  usd_per_month: 100
  endpoints: {default: {requests_per_minute: 6000, tokens_per_minute: 6000000, concurrency: 50}}
"""

DUE = datetime.now(UTC) - timedelta(hours=2)
CHOSEN = {
    "__rate_interval": "10s",
    "use_case": "bot",
    "rubric": "grounding-llm",
    "window": "24h",
    "golden_set": "bot-v1",
    "by": "feature",
}
"""What a person chose above the panels."""

HALF = Estimate(value=0.5, low=0.25, high=0.75, n=60)


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def test_every_metric_is_served_and_probes_tell_the_truth(
    tmp_path: Path, judge: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    home, first = Home(tmp_path / "d"), free_ports(3)
    hourly = dict.fromkeys(("golden_tick_every_s", "signals_every_s", "alerts_every_s", "drift_every_s"), 3600.0)
    own: dict[str, Any] = {"openai_base_url": judge.url, "judge_model": "gpt-6-luna", "metrics_port": first, **hourly}
    deployed = Deployed.create(home.path, make_traces(12), **own)
    (home.path / "assay.yaml").write_text(CONFIG)
    home.write(schedule={"daily": f"{DUE:%H:%M}"})
    ports = {"control": first, "beat": first + 1, "assess": first + 2}
    with deployed.running():
        before = _control(deployed, first)
        assert before["assay_golden_schedule_problem", "bot-v1"] == 1, "no beat has looked yet"
        deployed.ask(_kept_by_others)
        deployed.settled(12)
        texts = _all_told(deployed, ports)
        _check_values({role: values_of(text) for role, text in texts.items()})
        assert [complaints_of_promtool(text) for text in texts.values()] == ["", "", ""]
        _await_status(deployed, ports, "readyz", 200)
        _await_status(deployed, ports, "healthz", 200)
        control = asked(f"http://127.0.0.1:{first}/readyz").data
        assert {name: part["ok"] for name, part in control["parts"].items() if name != "golden"} == dict.fromkeys(
            ("redis", "store", "endpoints", "record"), True
        )
        assert control["parts"]["golden"]["why"] == "overdue or unreadable: bot-v1"
        with capsys.disabled():
            print("\n" + _scraped_by_many(first))
            print(_drawn_by_dashboards(tmp_path, ports))
        _stop_redis(deployed)
        _check_without_redis(ports)


def _drawn_by_dashboards(folder: Path, ports: Mapping[str, int]) -> str:
    """Every query of every dashboard, asked of a real Prometheus that scrapes this fleet."""
    if shutil.which("prometheus") is None:
        return "dashboards: not asked, since prometheus is not installed"
    deployment = ConfigRoot(path=folder / "d").deployment()
    with scraping(folder / "prometheus", deployment, ports, port=free_ports(1)) as running:
        until(lambda: len(running.value("up == 1")) == len(ports) and running.firing(), told=running.logs)
        for counted in ("assay_judge_requests_total", "assay_score_lag_seconds_bucket"):
            until(partial(running.value, f"rate({counted}[10s])"), told=running.logs)
        return hold_dashboards(running, deployment, CHOSEN)


async def _kept_by_others(runtime: Runtime) -> None:
    """What otherwise comes of weeks: a golden run, a dead letter, and samples of the ticks."""
    state, now = runtime.state, datetime.now(UTC)
    schedule = golden_schedules(runtime.root).by_set["bot-v1"]
    book = SlotBook(state.key_values)
    await book.first_seen("bot-v1", schedule, DUE - timedelta(days=1))
    slot = DUE - timedelta(days=7)
    run = SlotRecord(golden_set="bot-v1", slot=slot, run_id="r", changed_at=slot, verdict="pass")
    await book.put(run.model_copy(update={"state": SlotState.DONE}))
    await book.keep_figures("bot-v1", RunFigures(run_id="r", items=60, pass_rate=HALF, judge=HALF))
    promises = [_promise(name, now) for name in ("skipped", "dead")]
    await state.ledger.promise(promises, now=now, due=now + timedelta(hours=1))
    ends = [_end("skipped", LedgerState.SKIPPED, "no_response"), _end("dead", LedgerState.DEAD, "max_age")]
    await state.ledger.apply("grounding-llm", ends, now=now)
    samples = list(planted(FROM_RECORD))
    alien = Sample(name="assay_of_a_newer_assay", value=1)
    await keep_snapshot(state.key_values, MetricSnapshot(part="quality", at=now, samples=[*samples, alien]))


def _promise(name: str, now: datetime) -> Promise:
    hashes = {"rubric": "grounding-llm", "rubric_hash": "0" * 64, "use_case": "bot", "window": "w"}
    return Promise(trace_id=name, **hashes, start=now, pi=1.0, stratum="base", selected_at=now)


def _end(name: str, state: LedgerState, reason: str) -> Transition:
    return Transition(trace_id=name, expected=(LedgerState.OPEN,), state=state, reason=reason)


def _control(deployed: Deployed, port: int) -> Values:
    """The first scrape of the control worker that knows the fleet."""
    values: Values = {}

    def has_answered() -> bool:
        with suppress(OSError):
            values.update(values_of(asked(f"http://127.0.0.1:{port}/metrics").text))
        return ("assay_state_readable",) in values

    deployed.await_that(has_answered)
    return values


def _all_told(deployed: Deployed, ports: Mapping[str, int]) -> dict[str, str]:
    """Scrapes of all processes, once every metric is in one of them."""
    texts: dict[str, str] = {}
    missing: list[str] = []

    def are_there() -> bool:
        texts.update({role: asked(f"http://127.0.0.1:{port}/metrics").text for role, port in ports.items()})
        known = {key[0] for text in texts.values() for key in values_of(text)}
        ends = {"histogram": "_bucket"}
        # No collector runs here, and no scores are copied to a further place.
        served = [metric for metric in METRICS if metric not in OF_COLLECTOR and "place" not in metric.labels]
        missing[:] = [n for m in served for n in m.names if n + ends.get(m.kind, "") not in known]
        return not missing

    deployed.await_that(are_there, told=lambda: f"not served: {missing}")
    return texts


def _check_values(told: Mapping[str, Values]) -> None:
    control, assess = told["control"], told["assess"]
    assert control["assay_funnel_traces", "grounding-llm", "dead", "bot"] >= 1
    assert control["assay_skipped_traces", "max_age"] == 1
    assert control["assay_dead_letters", "grounding-llm"] == 1
    assert [control["assay_processes", role] for role in ("assess", "beat", "control")] == [1, 1, 1]
    assert control["assay_endpoint_breaker_state", "default"] == 0
    assert control["assay_judge_budget_limit_usd", "day", "bot"] == 5
    assert control["assay_judge_budget_limit_usd", "month", "(all)"] == 100
    assert control["assay_golden_pass_ratio_lower_bound", "bot-v1"] == 0.25
    since_due_s = (datetime.now(UTC) - DUE.replace(second=0, microsecond=0)).total_seconds()
    assert 7200 <= control["assay_golden_overdue_seconds", "bot-v1"] <= since_due_s
    assert control["assay_score_lag_seconds_count", "bot"] == 12
    assert control["assay_task_results_total", "scored", "verify"] == 12
    assert ("assay_of_a_newer_assay",) not in control
    assert assess["assay_judge_requests_total", "default", "gpt-6-luna", "answered"] == 12
    assert assess["assay_judge_tokens_total", "default", "gpt-6-luna", "input"] > 0
    assert assess["assay_judge_cost_usd_total", "default", "gpt-6-luna"] > 0
    assert assess["assay_judge_unpriced_requests_total", "default", "gpt-6-luna"] == 0
    assert assess["assay_task_results_total", "judged", "assess"] == 12
    assert ("assay_state_readable",) not in assess, "the fleet is told by control workers"
    assert abs(told["beat"]["assay_beat_last_round_timestamp_seconds",] - time.time()) < 120
    assert all(("process_resident_memory_bytes",) in values for values in told.values())


def _await_status(deployed: Deployed, ports: Mapping[str, int], page: str, status: int) -> None:
    replies: dict[str, Reply] = {}

    def are_so() -> bool:
        replies.update({role: asked(f"http://127.0.0.1:{port}/{page}") for role, port in ports.items()})
        return all(reply.status == status for reply in replies.values())

    deployed.await_that(are_so, told=lambda: replies)


def _scraped_by_many(port: int) -> str:
    """How long scrapes take, alone and fifty at once."""
    address = f"http://127.0.0.1:{port}/metrics"
    begun = time.perf_counter()
    text = asked(address).text
    alone = time.perf_counter() - begun
    begun = time.perf_counter()
    with ThreadPoolExecutor(50) as clients:
        replies = list(clients.map(lambda _: asked(address), range(50)))
    together = time.perf_counter() - begun
    assert {reply.status for reply in replies} == {200}
    series = len(values_of(text))
    return f"a scrape: {series} series, {len(text)} bytes, {1000 * alone:.0f} ms; 50 at once: {together:.2f} s"


def _stop_redis(deployed: Deployed) -> None:
    assert deployed.fleet is not None
    with redis.Redis.from_url(deployed.fleet.broker.url) as client:
        os.kill(client.info("server")["process_id"], signal.SIGKILL)


def _check_without_redis(ports: Mapping[str, int]) -> None:
    """Nobody is ready, all are alive, and no old value is shown."""
    time_out = time.monotonic() + 60
    for role, port in ports.items():
        while asked(f"http://127.0.0.1:{port}/readyz").status != 503:
            assert time.monotonic() < time_out, role
            time.sleep(0.2)
        assert asked(f"http://127.0.0.1:{port}/healthz").status == 200, role
    values = values_of(asked(f"http://127.0.0.1:{ports['control']}/metrics").text)
    while values["assay_state_readable",] != 0:  # what was read a moment ago is told for 5 s
        assert time.monotonic() < time_out
        time.sleep(0.2)
        values = values_of(asked(f"http://127.0.0.1:{ports['control']}/metrics").text)
    assert values["assay_golden_schedule_readable",] == 0
    own = {metric.name for metric in METRICS} & {key[0] for key in values}
    assert not {name for name in own if name.startswith(("assay_queue", "assay_golden_o", "assay_flagged"))}
