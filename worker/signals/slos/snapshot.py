"""What scrapes see of objectives, kept up to date: short windows at each look, long ones as often as they may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from assay.judges.cpu_executor import in_thread
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import ObjectiveName
from assay.worker.ports.history import HistoryReader
from assay.worker.records.metrics.metric import MetricSnapshot, Sample
from assay.worker.signals.slos.aims import Aims
from assay.worker.signals.slos.goodput import parts_of_goodput
from assay.worker.signals.slos.reading import AHEAD, Read, aims_of, read_slo_traces
from assay.worker.signals.slos.reporting import SPANS, Objectives, figures_of, period_name, windows_of
from assay.worker.signals.slos.rows import NEVER
from assay.worker.signals.slos.samples import slo_samples, target_samples
from assay.worker.signals.slos.traces import SloTraces

SHORT = ("1h", "6h")
"""Windows that are computed anew at each look."""

LONG_EVERY_S = 300.0
"""The whole period is read no more often."""

REST = 40.0
"""Nor before so many times as long as it took has passed: it takes a fortieth of a core at most."""


class SloWatch:
    """Computes the snapshot of objectives, one process for itself. Between two looks it keeps figures, and no rows.

    Args:
        reader: the record.
        seconds: a clock that only goes on, by which the long windows rest.
    """

    def __init__(self, reader: HistoryReader, seconds: Callable[[], float] = time.monotonic) -> None:
        self._reader, self._seconds = reader, seconds
        self._aims: Mapping[str, Objectives] = {}
        self._period = timedelta()
        self._long: list[Sample] = []
        self._parts: dict[str, list[ObjectiveName]] = {}
        self._long_due = 0.0
        self._ran_since = NEVER

    async def snapshot(self, deployment: Deployment, now: datetime) -> MetricSnapshot:
        """What scrapes are to see until the next one.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        by_use_case = aims_of(deployment, [case.name for case in deployment.use_cases])
        period = timedelta(days=deployment.slos.period_days)
        aims = Aims(by_use_case, deployment)
        if self._is_due(by_use_case, period):
            begun = self._seconds()
            read = await read_slo_traces(self._reader, aims, now - max(period, *SPANS.values()), now + AHEAD, now=now)
            self._ran_since = read.ran_since
            await in_thread(self._keep_long, read, by_use_case, now, period)
            self._long_due = self._seconds() + max(LONG_EVERY_S, REST * (self._seconds() - begun))
        else:
            since = now - SPANS[SHORT[-1]]
            read = await read_slo_traces(self._reader, aims, since, now + AHEAD, now=now, ran_since=self._ran_since)
        samples = await in_thread(self._samples, read, by_use_case, now, period)
        return MetricSnapshot(part="slo", at=now, samples=samples)

    def _is_due(self, by_use_case: Mapping[str, Objectives], period: timedelta) -> bool:
        """After an edit of objectives figures of the old ones are none of the new."""
        return self._seconds() >= self._long_due or by_use_case != self._aims or period != self._period

    def _keep_long(self, read: Read, by_use_case: Mapping[str, Objectives], now: datetime, period: timedelta) -> None:
        name = period_name(period)
        spans = {window: span for window, span in SPANS.items() if window not in SHORT} | {name: period}
        samples: list[Sample] = []
        self._parts = {}
        for use_case, objectives in by_use_case.items():
            samples += target_samples(use_case, objectives)
            if traces := read.traces.get(use_case):
                parts = self._parts[use_case] = parts_of_goodput(traces.since(now - period), objectives)
                samples += _told(use_case, objectives, traces, parts, now, spans, name)
        self._long, self._aims, self._period = samples, dict(by_use_case), period

    def _samples(
        self, read: Read, by_use_case: Mapping[str, Objectives], now: datetime, period: timedelta
    ) -> list[Sample]:
        samples, spans = list(self._long), {window: SPANS[window] for window in SHORT}
        for use_case, traces in read.traces.items():
            parts, objectives = self._parts.get(use_case, []), by_use_case[use_case]
            samples += _told(use_case, objectives, traces, parts, now, spans, period_name(period))
        return samples


def _told(
    use_case: str,
    objectives: Objectives,
    traces: SloTraces,
    parts: Sequence[ObjectiveName],
    now: datetime,
    spans: Mapping[str, timedelta],
    period: str,
) -> Iterator[Sample]:
    windows = windows_of(traces, now, spans)
    figures = {name: figures_of(some, objectives, parts) for name, some in windows.items()}
    return slo_samples(use_case, objectives, figures, period)
