"""All that is told of traffic's quality and cost, window by window, as samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.gathering import Gathered
from assay.worker.signals.in_time import in_time_samples
from assay.worker.signals.quality_facts import Rubrics, fact_samples, facts_of
from assay.worker.signals.quality_rates import Policies, latest_slices, own_rows, rate_samples
from assay.worker.signals.quality_trends import decline_samples, refusal_samples
from assay.worker.signals.samples import number
from assay.worker.signals.traffic import Traffic
from assay.worker.signals.window_columns import Rows, WindowColumns
from assay.worker.signals.window_reading import Day, LongWindows
from assay.worker.signals.windows import AHEAD, DAY, RECENT, SPANS, WEEK


class Scope(NamedTuple):
    """What is told of: use cases and rubrics of the deployment.

    Attributes:
        policies: what counts as flagged in each use case.
        rubrics: of each use case.
    """

    policies: Policies
    rubrics: Rubrics

    def only(self, use_case: str) -> Scope:
        """The same of one use case."""
        return Scope({use_case: self.policies[use_case]}, {use_case: self.rubrics[use_case]})


def day_samples(day: Day, scope: Scope, late: Mapping[str, int]) -> dict[str, list[Sample]]:
    """The windows that are told from the last day, by name.

    Args:
        day: its rows.
        scope: what is told of.
        late: traces of each use case that are in flight for too long.
    """
    recent = day.rows.only(day.recent) if day.rows.size else day.rows
    return {
        RECENT: _window(RECENT, day.gathered(day.recent), day.columns, recent, scope, late),
        DAY: [
            *_window(DAY, day.gathered(), day.columns, day.rows, scope, late),
            *_last_scored(day, scope),
        ],
    }


def long_samples(windows: LongWindows, names: Sequence[str], scope: Scope) -> dict[str, list[Sample]]:
    """Windows of days, and trends, of one use case."""
    rows, now = windows.columns.joined(), windows.now
    samples: dict[str, list[Sample]] = {}
    for name in names:
        own = rows.only(rows.started(now - SPANS[name], now + AHEAD)) if rows.size else rows
        slices = latest_slices(windows.gathered[name])
        samples[name] = list(_told(name, list(slices.values()), windows.columns, own, scope, {}))
        if name == WEEK:
            samples[name] += _trends(list(slices.values()), windows.columns, rows, now)
    return samples


def _window(
    name: str, gathered: Gathered, columns: WindowColumns, rows: Rows, scope: Scope, late: Mapping[str, int]
) -> list[Sample]:
    return list(_told(name, list(latest_slices(gathered).values()), columns, rows, scope, late))


def _told(
    name: str,
    slices: Sequence[Traffic],
    columns: WindowColumns,
    rows: Rows,
    scope: Scope,
    late: Mapping[str, int],
) -> Iterator[Sample]:
    known = [traffic for traffic in slices if traffic.key.rubric in scope.rubrics.get(traffic.key.use_case, ())]
    yield from rate_samples(name, known, columns, rows, scope.policies)
    for use_case in scope.rubrics:
        yield from in_time_samples(name, use_case, columns, rows, late.get(use_case, 0))
        facts = facts_of(use_case, scope.rubrics, columns, rows)
        if facts is not None and facts.size:
            yield from fact_samples(name, use_case, columns, facts)


def _trends(slices: Sequence[Traffic], columns: WindowColumns, rows: Rows, now: datetime) -> Iterator[Sample]:
    for traffic in slices:
        own = own_rows(traffic, columns, rows)
        use_case, rubric = traffic.key.use_case, traffic.key.rubric
        yield from refusal_samples(own, now, use_case, rubric)
        if traffic.screened is None:
            yield from decline_samples(own, now, use_case, rubric)


def _last_scored(day: Day, scope: Scope) -> Iterator[Sample]:
    rows = day.rows
    for use_case in scope.rubrics:
        numbers = [number for (name, _), number in day.columns.series.items() if name == use_case]
        own = np.isin(rows["series"], numbers) & rows["scored"] if rows.size else np.zeros(0, dtype=np.bool_)
        last = float(rows["changed_at"][own].max()) / 1e6 if own.any() else 0.0
        yield from number(quality.LAST_SCORED, last, use_case)
