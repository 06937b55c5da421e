"""What a scrape shows: samples by the table of metrics, and what the process counted of its own work."""

from __future__ import annotations

import threading
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from assay.judges.schema import Usage
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.sweep import SweepReport
from assay.worker.flow.verify import VerifyReport
from assay.worker.limits.call_observer import ObservedCall
from assay.worker.ports.call_limits import EndKind
from assay.worker.records.metrics.metric import Sample
from assay.worker.records.metrics.table import METRICS
from assay.worker.telemetry.observe import TaskRun
from assay.worker.telemetry.prometheus.counting import OTHER, BoundedValues, NowRead, ProcessMetrics
from assay.worker.telemetry.prometheus.exposition import metrics_page
from assay.worker.telemetry.prometheus.families import LONGEST_VALUE, Families
from tests.scraping import Values, complaints_of_promtool, values_of

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def counting(**now: float) -> ProcessMetrics:
    read = NowRead(lambda: now.get("lag"), lambda: now.get("beat"))
    return ProcessMetrics(role="assess", version="1.2.3", tasks=["assess"], now=read)


class Given(NamedTuple):
    """A registry of these families."""

    families: list[Metric]

    def collect(self) -> list[Metric]:
        return self.families


def text_of(*samples: Sample, metrics: ProcessMetrics | None = None) -> str:
    return metrics_page((metrics or counting()).registry, samples, "").body.decode()


def shown(*samples: Sample, metrics: ProcessMetrics | None = None) -> Values:
    return values_of(text_of(*samples, metrics=metrics))


def flagged(value: float, end: str = "", **labels: str) -> Sample:
    named = {"use_case": "bot", "rubric": "grounding", "window": "24h", "revision": "abc", **labels}
    return Sample(name=f"assay_flagged_ratio{end}", labels=named, value=value)


def test_value_stands_between_its_bounds_under_the_help_of_the_table() -> None:
    text = text_of(flagged(0.2), flagged(0.1, "_lower_bound"), flagged(0.3, "_upper_bound"))
    values = values_of(text)
    key = ("abc", "grounding", "bot", "24h")
    assert [values[f"assay_flagged_ratio{end}", *key] for end in ("", "_lower_bound", "_upper_bound")] == [
        0.2,
        0.1,
        0.3,
    ]
    assert (
        "# HELP assay_flagged_ratio_lower_bound Share of traces with a risk whose risk is at least the cut (lower"
        in text
    )
    assert "# TYPE assay_flagged_ratio gauge" in text


def test_what_the_table_does_not_know_is_left_out() -> None:
    newer = [Sample(name="assay_of_tomorrow", value=1), Sample(name="assay_tasks_total", value=9)]
    values = shown(*newer, flagged(0.2, colour="red"))
    assert ("assay_of_tomorrow",) not in values
    assert 9 not in values.values(), "a counter is this process' own"
    assert values["assay_flagged_ratio", "abc", "grounding", "bot", "24h"] == 0.2, "and a label of tomorrow is dropped"


@pytest.mark.parametrize("name", ['bot"} 1\nassay_x{a="', "a\\", "\n# HELP", "é\ud800", "x" * 100_000, ""])
def test_hostile_label_values_stay_values(name: str) -> None:
    text = text_of(flagged(0.5, use_case=name), flagged(0.25))
    values = values_of(text)
    assert values["assay_flagged_ratio", "abc", "grounding", "bot", "24h"] == 0.25
    assert sorted(v for k, v in values.items() if k[0] == "assay_flagged_ratio") == [0.25, 0.5]
    assert all(len(part) <= LONGEST_VALUE for key in values for part in key)
    assert complaints_of_promtool(text) == ""


@given(st.lists(st.tuples(st.text(max_size=200), st.floats()), max_size=20))
def test_every_scrape_can_be_read_and_has_each_series_once(values: list[tuple[str, float]]) -> None:
    families = Families(METRICS).of(flagged(value, use_case=name) for name, value in values)
    text = generate_latest(Given(families)).decode()
    lines = [line.rpartition(" ")[0] for line in text.split("\n") if line.startswith("assay_flagged_ratio{")]
    assert len(lines) == len(set(lines))
    values_of(text)


def test_openmetrics_is_given_to_who_asks_for_it() -> None:
    page = metrics_page(counting().registry, [flagged(0.2)], OPENMETRICS)
    assert page.content_type.startswith("application/openmetrics-text")
    parsed = text_string_to_metric_families(page.body.decode())  # type: ignore[no-untyped-call]  # the library's own
    families = {family.name for family in parsed}
    assert {"assay_flagged_ratio", "assay_tasks", "assay_build"} <= families


def test_work_is_counted_by_what_its_report_says() -> None:
    metrics = counting()
    assert shown(metrics=metrics)["assay_tasks_total", "failed", "assess"] == 0, "so that a first failure is a rise"
    metrics.count_run(TaskRun(task="assess", seconds=0.5, report=AssessReport(judged=14, skipped=2)))
    metrics.count_run(TaskRun(task="assess", seconds=200, error=RuntimeError("no")))
    metrics.count_run(TaskRun(task="sweep", seconds=0.5, report=SweepReport(seen=7, held_back=True)))
    values = shown(metrics=metrics)
    assert [values["assay_tasks_total", outcome, "assess"] for outcome in ("done", "failed")] == [1, 1]
    assert [values["assay_task_results_total", name, "assess"] for name in ("judged", "skipped")] == [14, 2]
    assert values["assay_task_results_total", "seen", "sweep"] == 7
    assert ("assay_task_results_total", "held_back", "sweep") not in values, "a flag is no count"
    assert values["assay_task_duration_seconds_bucket", "1.0", "assess"] == 1


def test_lag_of_scores_has_an_edge_at_fifteen_minutes() -> None:
    metrics = counting()
    lags = (("bot", 100.0), ("bot", 900.0), ("bot", 901.0))
    metrics.count_run(TaskRun(task="verify", seconds=1, report=VerifyReport(scored=3, lags=lags)))
    values = shown(metrics=metrics)
    assert values["assay_score_lag_seconds_bucket", "900.0", "bot"] == 2
    assert values["assay_score_lag_seconds_count", "bot"] == 3


def call(outcome: EndKind = "answered", *, model: str = "m", cost_usd: float | None = 0.5) -> ObservedCall:
    usage = Usage(calls=1, prompt_tokens=100, cached_tokens=60, completion_tokens=20) if outcome == "answered" else None
    return ObservedCall("default", model, "m-1", outcome, 1.5, usage, cost_usd if usage else None, "bot", "traffic")


def test_calls_are_counted_by_their_end_with_tokens_and_money_of_the_answered() -> None:
    metrics = counting()
    for each in (call(), call(cost_usd=None), call("refused"), call("timed_out")):
        metrics.count_call(each)
    values = shown(metrics=metrics)
    ends = {key[3]: n for key, n in values.items() if key[0] == "assay_judge_requests_total"}
    assert ends == {"answered": 2, "refused": 1, "timed_out": 1}
    tokens = {key[3]: n for key, n in values.items() if key[0] == "assay_judge_tokens_total"}
    assert tokens == {"input": 200, "cached_input": 120, "output": 40}
    assert values["assay_judge_cost_usd_total", "default", "m"] == 0.5
    assert values["assay_judge_unpriced_requests_total", "default", "m"] == 1
    assert values["assay_judge_request_duration_seconds_count", "default", "m"] == 2


def test_no_flood_of_names_makes_a_flood_of_series() -> None:
    bounded = BoundedValues(3)
    assert [bounded.of(name) for name in ("a", "b", "a", "c" * 100, "d", "a")] == ["a", "b", "a", "c" * 60, OTHER, "a"]
    metrics = counting()
    for n in range(300):
        metrics.count_call(call(model=f"model-{n}"))
    models = {key[2] for key in shown(metrics=metrics) if key[0] == "assay_judge_requests_total"}
    assert (len(models), OTHER in models) == (101, True)


def test_now_is_read_at_the_scrape_and_left_out_where_nothing_is_known() -> None:
    values = shown(metrics=counting(lag=0.25, beat=1e9))
    assert (values["assay_loop_lag_seconds",], values["assay_beat_last_round_timestamp_seconds",]) == (0.25, 1e9)
    nothing = shown()
    assert ("assay_loop_lag_seconds",) not in nothing
    assert ("assay_beat_last_round_timestamp_seconds",) not in nothing
    assert nothing["assay_build_info", "assess", "1.2.3"] == 1


def test_counting_from_many_threads_loses_nothing() -> None:
    metrics = counting()

    def count() -> None:
        for _ in range(500):
            metrics.count_call(call())

    work = [threading.Thread(target=count) for _ in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert shown(metrics=metrics)["assay_judge_requests_total", "default", "m", "answered"] == 4000
