"""The fleet's own evaluator and a real Prometheus come to the same alerts, for random rules and random samples."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from assay.worker.alerts.evaluating import evaluate
from assay.worker.alerts.rendering.promql import expression
from assay.worker.alerts.rule import Aggregate, AlertRule, Comparator, Condition
from assay.worker.alerts.series import Series
from assay.worker.records.metrics import drift, fleet, quality, slo
from assay.worker.records.metrics.metric import Metric, Sample

CASES = 200
RULES_EACH = 4
AT_S = 60.0
"""When the rules are asked: tests of Prometheus begin at 1970."""

METRICS = (quality.FLAGGED, quality.WITH_RISK, slo.BURN, drift.PSI, fleet.BACKLOG_TRACES, fleet.STATE_READABLE)
VALUES = {
    "use_case": ["bot", "search", "with.dot"],
    "window": ["15m", "24h"],
    "rubric": ["grounding", "tone"],
    "revision": ["r1", "r2"],
    "objective": ["quality"],
    "side": ["input", "output"],
    "feature": ["topics", "length"],
}


def _labels(rng: random.Random, metric: Metric) -> dict[str, str]:
    return {name: rng.choice(VALUES[name]) for name in metric.labels}


def _samples(rng: random.Random) -> list[Sample]:
    named = {}
    for metric in METRICS:
        for _ in range(rng.randrange(7)):
            labels = _labels(rng, metric)
            named[metric.name, tuple(labels.items())] = Sample(
                name=metric.name, labels=labels, value=float(rng.randrange(-3, 6))
            )
    return list(named.values())


def _condition(rng: random.Random, metric: Metric) -> Condition:
    asked = [name for name in metric.labels if rng.random() < 0.4]
    than = rng.choice(METRICS)
    # Prometheus refuses two series on the right that the left cannot tell apart: both sides need the same labels then.
    has_than = rng.random() < 0.3 and set(than.labels) <= set(metric.labels)
    return Condition(
        metric=metric.name,
        comparator=rng.choice(get_args(Comparator)),
        threshold=float(rng.randrange(-2, 4)),
        where={name: "|".join(rng.sample(VALUES[name], rng.randrange(1, len(VALUES[name]) + 1))) for name in asked},
        than=than.name if has_than else None,
        aggregate=rng.choice(get_args(Aggregate)),
        is_age=rng.random() < 0.2,
    )


def _rule(rng: random.Random) -> AlertRule:
    first, *others = rng.sample(METRICS, rng.randrange(1, 4))
    by = tuple(name for name in first.labels if rng.random() < 0.6)
    return AlertRule(
        name="AssayTried",
        severity="page",
        all_of=tuple(_condition(rng, metric) for metric in (first, *others)),
        by=by,
        summary="",
        description="",
        runbook="r",
    )


def _series_text(name: str, labels: dict[str, str]) -> str:
    pairs = ",".join(f"{label}={json.dumps(value)}" for label, value in sorted(labels.items()))
    return f"{name}{{{pairs}}}"


def _tests(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Several rules for each set of samples: Prometheus makes a database for each test."""
    for _ in range(CASES // RULES_EACH):
        samples = _samples(rng)
        yield {
            "interval": "1m",
            "input_series": [
                {"series": _series_text(each.name, dict(each.labels)), "values": f"{each.value:g} {each.value:g}"}
                for each in samples
            ],
            "promql_expr_test": [_asked(_rule(rng), samples) for _ in range(RULES_EACH)],
        }


def _asked(tried: AlertRule, samples: list[Sample]) -> dict[str, Any]:
    states = evaluate([tried], Series(samples), AT_S, {}).states
    return {
        "expr": expression(tried),
        "eval_time": "1m",
        "exp_samples": [{"labels": _series_text("", state.labels), "value": state.value} for state in states.values()],
    }


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize("seed", range(2))
def test_the_same_alerts_as_prometheus(tmp_path: Path, seed: int) -> None:
    tests = list(_tests(random.Random(seed)))
    asked = [each for test in tests for each in test["promql_expr_test"]]
    assert sum(bool(each["exp_samples"]) for each in asked) > CASES / 8
    path = tmp_path / "tests.json"  # YAML reads JSON
    path.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": tests}), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
