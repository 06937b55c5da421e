"""What a process counts of its own work: tasks, calls of judge models, how long scores took."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from assay.worker.flow.verify import VerifyReport
from assay.worker.limits.call_observer import ObservedCall
from assay.worker.records.metrics import process
from assay.worker.records.metrics.metric import Metric
from assay.worker.telemetry.observe import TaskRun
from assay.worker.telemetry.prometheus.families import label_value

TASK_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 900, 3600)
CALL_BUCKETS = (0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120)
LAG_BUCKETS = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400)
"""900 s is an edge: the share of scores within 15 minutes is exact."""

LONGEST_NAME = 60
MOST_MODELS, MOST_USE_CASES = 100, 500
"""Different values of a label in one process. What comes later is counted as `other`."""

OTHER = "other"


class NowRead(NamedTuple):
    """What is read when a scrape asks. None: there is nothing to tell.

    Attributes:
        loop_lag_s: how late the event loop was.
        beat_round_at: when beat last went through its schedule.
    """

    loop_lag_s: Callable[[], float | None]
    beat_round_at: Callable[[], float | None] = lambda: None


class ProcessMetrics:
    """The counters of this process. Its methods are observers: they are called from any thread, and do not wait."""

    def __init__(self, *, role: str, version: str, tasks: Iterable[str], now: NowRead) -> None:
        """Begin with nothing counted.

        Args:
            role: `assess`, `control` or `beat`.
            version: of Assay.
            tasks: names that this process may work off. They begin with 0, so that a first failure is a rise.
            now: what is read at a scrape.
        """
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own
        self.registry = CollectorRegistry(auto_describe=False)
        self._models, self._use_cases = BoundedValues(MOST_MODELS), BoundedValues(MOST_USE_CASES)
        self._tasks = self._counter(process.TASKS)
        self._counts = self._counter(process.TASK_COUNTS)
        self._task_seconds = self._histogram(process.TASK_SECONDS, TASK_BUCKETS)
        self._lag = self._histogram(process.SCORE_LAG, LAG_BUCKETS)
        self._requests = self._counter(process.JUDGE_REQUESTS)
        self._call_seconds = self._histogram(process.JUDGE_SECONDS, CALL_BUCKETS)
        self._tokens = self._counter(process.JUDGE_TOKENS)
        self._usd = self._counter(process.JUDGE_USD)
        self._unpriced = self._counter(process.JUDGE_UNPRICED)
        self.registry.register(_Now(role, version, now))
        ProcessCollector(registry=self.registry)
        for task in tasks:
            for outcome in ("done", "failed"):
                self._tasks.labels(task, outcome)

    def count_run(self, run: TaskRun) -> None:
        """Count what a message or tick came to."""
        self._tasks.labels(run.task, "failed" if run.error is not None else "done").inc()
        self._task_seconds.labels(run.task).observe(run.seconds)
        if run.report is None:
            return
        for name in type(run.report).model_fields:
            value = getattr(run.report, name)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                self._counts.labels(run.task, name).inc(value)
        if isinstance(run.report, VerifyReport):
            for use_case, seconds in run.report.lags:
                self._lag.labels(self._use_cases.of(use_case)).observe(seconds)

    def count_call(self, call: ObservedCall) -> None:
        """Count a call of a judge model."""
        endpoint, model = call.endpoint, self._models.of(call.model)
        self._requests.labels(endpoint, model, call.outcome).inc()
        if call.outcome != "answered" or call.usage is None:
            return
        self._call_seconds.labels(endpoint, model).observe(call.seconds)
        usage = call.usage
        kinds = {"input": usage.prompt_tokens, "cached_input": usage.cached_tokens, "output": usage.completion_tokens}
        for kind, tokens in kinds.items():
            self._tokens.labels(endpoint, model, kind).inc(max(0, tokens))
        self._usd.labels(endpoint, model).inc(max(0.0, call.cost_usd or 0.0))
        self._unpriced.labels(endpoint, model).inc(call.cost_usd is None)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _histogram(self, metric: Metric, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, buckets=buckets, registry=self.registry)


class BoundedValues:
    """Values of one label: cut, and so many different ones at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def of(self, value: str) -> str:
        """The value as it is shown."""
        shown = label_value(value, LONGEST_NAME)
        with self._lock:
            if shown not in self._known and len(self._known) >= self._most:
                return OTHER
            self._known.add(shown)
        return shown


class _Now(Collector):
    """What is not counted: the build, and how the process is at this moment."""

    def __init__(self, role: str, version: str, now: NowRead) -> None:
        self._build = {"version": version, "role": role}
        self._now = now

    def collect(self) -> Iterable[Family]:
        yield InfoMetricFamily(process.BUILD.name.removesuffix("_info"), process.BUILD.help, value=self._build)
        for metric, value in (
            (process.LOOP_LAG, self._now.loop_lag_s()),
            (process.BEAT_ROUND, self._now.beat_round_at()),
        ):
            if value is not None:
                yield GaugeMetricFamily(metric.name, metric.help, value=value)
