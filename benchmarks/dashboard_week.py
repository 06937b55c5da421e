"""A Prometheus with a made week: every metric of the table, with an incident on the sixth day."""

from __future__ import annotations

import json
import math
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import TextIO
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from assay.worker.alerts.rendering.files import RULES, prometheus_files
from assay.worker.config.root import ConfigRoot
from assay.worker.records.metrics.metric import Metric
from assay.worker.records.metrics.table import METRICS

STEP_S = 1800.0
DAYS = 7
INCIDENT = 5.4
"""Days after the beginning: from then on answers get worse, and a prompt version has four times the tokens."""

ROOT = Path(__file__).parents[1]
PATIENCE_S = 60.0

LABELS: Mapping[str, tuple[str, ...]] = {
    "revision": ("3f2a91c0d7be",),
    "window": ("15m", "1h", "24h", "3d", "7d", "30d"),
    "objective": ("quality", "faithfulness", "refusals", "latency", "coverage"),
    "prompt_name": ("answer",),
    "prompt_version": ("7", "8"),
    "model": ("model-a-2026-06", "model-b-mini"),
    "by": ("feature", "user_tier"),
    "value": ("search", "refunds", "smalltalk"),
    "side": ("input", "output"),
    "feature": ("topics", "length", "language"),
    "test": ("permutation",),
    "state": ("selected", "scored", "skipped", "dead", "in_flight"),
    "reason": ("no_response", "too_long"),
    "queue": ("assess", "record", "verify"),
    "tick": ("sweep", "signals", "verify"),
    "role": ("assess", "control", "beat"),
    "endpoint": ("default",),
    "kind": ("requests_per_minute", "tokens_per_minute"),
    "period": ("day", "month"),
    "verdict": ("pass", "regressed"),
    "task": ("assess", "sweep"),
    "outcome": ("done", "failed"),
    "result": ("judged", "skipped"),
    "type": ("input", "output"),
    "version": ("1.0",),
}
LEVELS: Mapping[str, tuple[float, float]] = {
    "assay_flagged_ratio": (0.035, 0.25),
    "assay_problem_ratio": (0.05, 0.22),
    "assay_flagged_ratio_alarm_bound": (0.01, 0.12),
    "assay_faithfulness_median": (0.93, 0.78),
    "assay_faithful_ratio": (0.95, 0.74),
    "assay_faithfulness_change_ratio": (0.0, -0.17),
    "assay_faithfulness_decline_pvalue": (0.5, 0.001),
    "assay_refusal_ratio": (0.012, 0.018),
    "assay_refusal_change_ratio": (0.0, 0.003),
    "assay_in_time_ratio": (0.995, 0.99),
    "assay_answered_ratio": (0.985, 0.98),
    "assay_slo_good_ratio": (0.97, 0.9),
    "assay_slo_target_ratio": (0.95, 0.95),
    "assay_slo_burn_rate": (0.6, 4.6),
    "assay_slo_budget_remaining_ratio": (0.7, -0.1),
    "assay_goodput_ratio": (0.91, 0.68),
    "assay_positive_feedback_ratio": (0.9, 0.82),
    "assay_request_cost_usd": (0.008, 0.019),
    "assay_request_tokens": (1800, 3600),
    "assay_prompt_tokens_jump_ratio": (1.0, 4.0),
    "assay_request_duration_p95_seconds": (1.7, 1.9),
    "assay_first_token_p95_seconds": (0.4, 0.42),
    "assay_traffic_cost_usd": (190, 430),
    "assay_traffic_cost_month_usd": (5800, 8100),
    "assay_traffic_cost_budget_usd": (6500, 6500),
    "assay_traffic_cost_by_usd": (60, 130),
    "assay_golden_pass_ratio": (0.94, 0.93),
    "assay_golden_judge_youden": (0.71, 0.7),
    "assay_flagged_cusum": (1.2, 9.0),
    "assay_flagged_cusum_limit": (7.0, 7.0),
    "assay_drift_psi": (0.06, 0.31),
    "assay_drift_psi_null_bound": (0.12, 0.12),
    "assay_drift_pvalue": (0.6, 0.002),
    "assay_drift_detected": (0.0, 1.0),
    "assay_drift_traces": (4100, 4100),
    "assay_slo_traces": (5200, 5200),
    "assay_goodput_traces": (780, 780),
    "assay_in_time_traces": (810, 810),
    "assay_feedback_opinions": (96, 90),
    "assay_traffic_cost_today_usd": (95, 210),
    "assay_drift_size": (0.03, 0.19),
    "assay_drift_centroid_distance": (0.02, 0.06),
    "assay_drift_centroid_null_bound": (0.035, 0.035),
    "assay_judge_budget_limit_usd": (40, 40),
    "assay_judge_budget_spent_usd": (18, 24),
    "assay_limit_used_ratio": (0.3, 0.5),
    "assay_judged_traces": (820, 830),
    "assay_risk_traces": (800, 810),
    "assay_effective_traces": (640, 640),
    "assay_funnel_traces": (700, 720),
    "assay_seen_traces": (8200, 8300),
    "assay_model_served_traces": (400, 420),
    "assay_tick_interval_seconds": (60, 60),
    "assay_tick_done_age_seconds": (35, 36),
    "assay_tick_sent_age_seconds": (30, 31),
    "assay_golden_items": (80, 80),
    "assay_oldest_open_seconds": (90, 120),
    "assay_processes": (4, 4),
    "assay_queue_waiting_messages": (6, 8),
    "assay_clock_offset_seconds": (0.01, 0.01),
    "assay_loop_lag_seconds": (0.02, 0.02),
}
"""What metrics are before the incident and at its end. Others: 0 for what counts trouble, 1 for the rest."""

CONSTANT = ("target", "limit", "budget_usd", "null_bound", "interval", "items", "readable", "processes", "armed")
"""Parts of names of what does not waver."""

QUIET = ("trouble", "denied", "breaker", "held_back", "dead", "overdue", "problem", "waiting", "unverified", "skipped")


@contextmanager
def simulated_week(values: Mapping[str, str]) -> Iterator[str]:
    """Start it; the address is what is given.

    Args:
        values: the use case, rubric and golden set that there are.

    Raises:
        SystemExit: a program is not installed, or Prometheus does not start.
    """
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed; leave --simulated-week out and name your --prometheus")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "week.txt").open("w", encoding="utf-8") as out:
            _write_week(out, values)
        make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "week.txt", "data"]
        subprocess.run(make, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)
        files = prometheus_files(ConfigRoot(path=ROOT / "deploy/config").deployment())
        (folder / RULES).write_text(files[RULES], encoding="utf-8")
        settings = {"global": {"evaluation_interval": "1s"}, "rule_files": [RULES]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        process = subprocess.Popen(
            [
                "prometheus",
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--storage.tsdb.retention.time=30d",
                f"--query.lookback-delta={STEP_S + 60:.0f}s",
                f"--web.listen-address={address}",
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(f"http://{address}")
            yield f"http://{address}"
        finally:
            process.kill()
            process.wait()


def _await(address: str) -> None:
    """Until it answers, and what it says of the page that the week ends with can be asked for."""
    fires = urlencode({"query": 'ALERTS{alertname="LLMHallucinationSpike",alertstate="firing"}'})
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError), urlopen(f"{address}/api/v1/query?{fires}", timeout=5) as reply:
            if json.load(reply)["data"]["result"]:
                return
        time.sleep(0.2)
    raise SystemExit(f"{address}: Prometheus did not start, or no alert fired, within {PATIENCE_S:.0f} s")


def _write_week(out: TextIO, values: Mapping[str, str]) -> None:
    labels = {
        **LABELS,
        "use_case": (values["use_case"], "contracts"),
        "rubric": (values["rubric"],),
        "golden_set": (values["golden_set"],),
    }
    end = time.time()
    times = [end - STEP_S * n for n in range(int(DAYS * 86400 / STEP_S), -1, -1)]
    for metric in METRICS:
        for name, kind in _names(metric):
            out.write(f"# TYPE {name.removesuffix('_total') if kind == 'counter' else name} {kind}\n")
            for chosen in product(*(labels[label] for label in metric.labels)):
                _write_series(out, name, dict(zip(metric.labels, chosen, strict=True)), times)
    out.write("# TYPE process_resident_memory_bytes gauge\n")
    for at in times:
        for number, role in enumerate(LABELS["role"]):
            pairs = {"job": "assay", "instance": f"{role}:9464"}
            _sample(out, "process_resident_memory_bytes", pairs, (150 + 20 * number) * 2**20, at)
    out.write("# EOF\n")


def _names(metric: Metric) -> Iterator[tuple[str, str]]:
    if metric.kind == "histogram":
        yield metric.name, "histogram"
    elif metric.kind == "counter":
        yield metric.name, "counter"
    else:
        yield from ((name, "gauge") for name in metric.names)


def _write_series(out: TextIO, name: str, labels: Mapping[str, str], times: list[float]) -> None:
    is_hit = labels.get("use_case", "support") != "contracts"
    stem = name.removesuffix("_lower_bound").removesuffix("_upper_bound")
    rng = random.Random(f"{stem} {sorted(labels.items())}")
    noise = 0.0 if any(word in name for word in CONSTANT) else 0.003 if 0.5 < LEVELS.get(stem, (0, 0))[0] < 1 else 0.02
    base, bad = LEVELS.get(stem, _usual(name))
    of_series = 1 + 0.15 * rng.random() if base > 1 and noise else 1.0
    walk, count = 0.0, 0.0
    is_histogram = name in {metric.name for metric in METRICS if metric.kind == "histogram"}
    for at in times:
        day = (at - times[0]) / 86400
        risen = 1 / (1 + math.exp(-6 * (day - INCIDENT))) if is_hit else 0.0
        walk = 0.9 * walk + rng.gauss(0, noise)
        value = (base + (bad - base) * risen) * of_series * (1 + walk)
        value = _bounded(name, value, labels, at)
        count += rng.random() * (0.2 if "failed" in labels.values() else 40) * (1 + 0.5 * math.sin(6.3 * day))
        if is_histogram:
            for le, share in (("1.0", 0.3), ("5.0", 0.8), ("30.0", 0.97), ("+Inf", 1.0)):
                _sample(out, f"{name}_bucket", {**labels, "le": le}, count * share, at)
        else:
            _sample(out, name, labels, count * _scale(name) if name.endswith("_total") else value, at)


def _usual(name: str) -> tuple[float, float]:
    return (0.0, 0.0) if any(word in name for word in QUIET) else (1.0, 1.0)


def _scale(name: str) -> float:
    return 0.002 if "usd" in name else 900.0 if "tokens" in name else 0.0 if "unpriced" in name else 1.0


def _bounded(name: str, value: float, labels: Mapping[str, str], at: float) -> float:
    """Bounds to both sides, moments as moments, states whole."""
    wide = 2.2 if labels.get("window") == "15m" else 1.0
    width = wide * (0.18 * abs(value) if abs(value) < 0.4 else 0.04 * abs(value)) or 0.01
    if name.endswith("_timestamp_seconds"):
        return at - (86400 * 3 if "golden" in name or "baseline" in name else 40)
    if "verdict" in name:
        return float(labels["verdict"] == "pass")
    if name.endswith("_lower_bound"):
        return value - width
    if name.endswith("_upper_bound"):
        return value + width
    if name == "assay_prompt_tokens_jump_ratio" or "drift_detected" in name:
        return float(round(value))
    return value if _may_exceed_one(name) else min(value, 1.0)


def _may_exceed_one(name: str) -> bool:
    """Whether it may be above 1: all but shares may."""
    stem = name.removesuffix("_lower_bound").removesuffix("_upper_bound")
    return "jump" in stem or not stem.endswith(("_ratio", "_median"))


def _sample(out: TextIO, name: str, labels: Mapping[str, str], value: float, at: float) -> None:
    pairs = ",".join(f'{key}="{text}"' for key, text in labels.items())
    out.write(f"{name}{{{pairs}}} {value:.12g} {at:.0f}\n")
