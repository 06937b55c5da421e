"""The query by which KEDA scales, as Prometheus itself answers it: `promtool test rules`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.worker.records.metrics.table import METRICS
from tests.kubernetes.charts import EVERYTHING, NAMESPACE, objects, of_kind, rendered

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")

WORKERS = "workers_needed"
DRAIN_S, LEAST = 600, 1
EVERY_SERIES = 40
"""Minutes for which values stay as they are."""


def trigger() -> dict[str, str]:
    scaled = of_kind(objects(rendered("--values", str(EVERYTHING))), "ScaledObject")["assay-assess"]
    (only,) = scaled["spec"]["triggers"]
    metadata: dict[str, str] = only["metadata"]
    assert (only["metricType"], metadata["threshold"]) == ("AverageValue", "1")
    return metadata


@pytest.fixture(scope="module")
def query() -> str:
    return trigger()["query"]


def series(name: str, value: float, *, pod: str = "assay-control-0", namespace: str = NAMESPACE, **labels: str) -> Any:
    """A metric that a pod serves, with the labels that a ServiceMonitor gives it."""
    target = {"namespace": namespace, "service": "assay-metrics", "pod": pod, "instance": f"{pod}:9464", "job": "assay"}
    shown = ",".join(f'{key}="{text}"' for key, text in {**target, **labels}.items())
    return {"series": f"{name}{{{shown}}}", "values": f"{value}+0x{EVERY_SERIES}"}


def judged(per_second: float, pod: str) -> Any:
    """The counter of an assess worker."""
    counter = series("assay_task_results_total", 0, pod=pod, task="assess", result="judged")
    return {**counter, "values": f"0+{per_second * 60:g}x{EVERY_SERIES}"}


def state(*, waiting: int = 0, in_hand: int = 0, oldest_s: float = 0, workers: int = 1, **place: str) -> list[Any]:
    """What a control worker always serves while Redis answers."""
    return [
        series("assay_state_readable", 1, **place),
        series("assay_queue_waiting_messages", waiting, queue="assess", **place),
        series("assay_queue_waiting_messages", 900, queue="control", **place),
        series("assay_queue_in_hand_messages", in_hand, **place),
        series("assay_oldest_open_seconds", oldest_s, **place),
        series("assay_processes", workers, role="assess", **place),
    ]


def backlog(use_case: str, n: int, **place: str) -> Any:
    return series("assay_backlog_traces", n, use_case=use_case, **place)


def budget(use_case: str, spent: float, **place: str) -> list[Any]:
    labels = {"use_case": use_case, "period": "day", **place}
    return [
        series("assay_judge_budget_spent_usd", spent, **labels),
        series("assay_judge_budget_limit_usd", 10, **labels),
    ]


BUSY = state(waiting=4, in_hand=6, oldest_s=90, workers=2)
IN_QUEUE = 16 * 10
CASES: dict[str, tuple[list[Any], float | None]] = {
    "nothing in flight, ticks in somebody's hands": (state(in_hand=3), 0),
    "what waits and what workers hold": ([*BUSY, backlog("bot", 12_000)], (12_000 + IN_QUEUE) / DRAIN_S / LEAST),
    "the last batches, of which no list of Redis tells": (state(in_hand=6, oldest_s=5), 16 * 6 / DRAIN_S),
    "no worker yet": (
        [*state(waiting=16, oldest_s=90, workers=0), backlog("bot", 1_000)],
        (1_000 + 256) / DRAIN_S,
    ),
    "workers that are fast": (
        [*BUSY, backlog("bot", 12_000), judged(5, "assay-assess-0"), judged(5, "assay-assess-1")],
        (12_000 + IN_QUEUE) / DRAIN_S / 5,
    ),
    "a use case whose budget is spent": (
        [*BUSY, backlog("bot", 500), backlog("poor", 9_000), *budget("bot", 3), *budget("poor", 10)],
        (500 + IN_QUEUE) / DRAIN_S,
    ),
    "the budget of all is spent": (
        [*BUSY, backlog("bot", 500), *budget("bot", 3), *budget("(all)", 11)],
        IN_QUEUE / DRAIN_S,
    ),
    "two control workers that serve the same": (
        [
            *BUSY,
            backlog("bot", 12_000),
            *state(waiting=4, in_hand=6, oldest_s=90, workers=2, pod="assay-control-1"),
            backlog("bot", 12_000, pod="assay-control-1"),
        ],
        (12_000 + IN_QUEUE) / DRAIN_S,
    ),
    "another fleet in the same Prometheus": (
        [*BUSY, *state(waiting=500, oldest_s=900, namespace="other"), backlog("bot", 99_999, namespace="other")],
        IN_QUEUE / DRAIN_S,
    ),
    "Redis does not answer": ([series("assay_state_readable", 0)], None),
    "nobody is scraped": ([], None),
}


@pytest.mark.parametrize("case", CASES)
def test_it_asks_for_as_many_workers_as_the_work_takes(query: str, case: str, tmp_path: Path) -> None:
    given, workers = CASES[case]
    rule = {"groups": [{"name": "scaling", "rules": [{"record": WORKERS, "expr": query}]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rule))
    expected = [] if workers is None else [{"labels": "{}", "value": round(workers * 1000)}]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": given,
                "promql_expr_test": [{"expr": f"round({WORKERS} * 1000)", "eval_time": "20m", "exp_samples": expected}],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_speaks_of_metrics_that_there_are(query: str) -> None:
    known = {metric.name for metric in METRICS}
    spoken_of = {word for word in query.replace("(", " ").replace("{", " ").split() if word.startswith("assay_")}
    assert spoken_of
    assert spoken_of <= known


def test_no_answer_is_an_error_and_not_a_zero() -> None:
    assert trigger()["ignoreNullValues"] == "false", "KEDA would scale everything away"
