"""CUSUM charts of flags: each adds up what judged traces say for a raised share, and sees a slow rise first.

A chart takes traces of the base sample alone, in the order in which they ended. Those of one moment were all drawn with
one probability, so each counts whole; weights that a raised stratum needs would have no place here. Each trace is
taken once: the mark says how far the chart has come, and is kept in the very value that holds the sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.records.history import microseconds
from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.quality_rates import FlagPolicy, Policies
from assay.worker.signals.samples import number
from assay.worker.signals.traffic import Bools, Integers
from assay.worker.signals.window_columns import Rows, WindowColumns
from assay.worker.statistics.cusum import BernoulliCusum
from assay.worker.statistics.weighted import cluster_index

SETTLED_AFTER = timedelta(seconds=60)
"""Rows that ended so long ago are all in the record, in whichever order they were written."""

RISE = 2.0
"""The share that a chart looks for is so many times the allowed one."""

WEEKS_BETWEEN_ALARMS = 26.0
"""False alarms of all charts together are so many weeks apart on average, if every use case runs at its limit."""

RESTART_AFTER = timedelta(hours=24)
"""An alarm that has stood for so long was told. The chart begins anew, and alarms again if the share is still high."""

MOST_TOGETHER = 4.0
"""Traces of a session go wrong together: a limit is raised by what that does to a share, at most so many times."""

AS_IF_ALONE = 2.0
"""So many flags that came alone are added to a day's: one session with three says little of the others."""

FEWEST_A_DAY = 10
"""Traces. With fewer than that a limit would be so low that two flags were an alarm."""


class Chart(Record):
    """One use case and rubric.

    Attributes:
        value: the sum.
        limit: from which on it is an alarm.
        revision: whose flags it adds up.
        changed_at, started_at: of the last trace it took, in microseconds: the mark.
        alarm_since: since when it is an alarm; None: it is none.
        restarted_at: when somebody acknowledged an alarm last.
    """

    value: float = 0.0
    limit: float
    revision: str
    changed_at: int = 0
    started_at: int = 0
    alarm_since: AwareDatetime | None = None
    restarted_at: AwareDatetime | None = None


class Charts(Record):
    """All charts.

    Attributes:
        by_series: by use case and rubric, parted by a tab.
        head: when the newest row of the record had ended, in microseconds, at the last look.
    """

    by_series: Mapping[str, Chart] = {}
    head: int = 0


class Series(NamedTuple):
    """A use case and a rubric."""

    use_case: str
    rubric: str

    @property
    def key(self) -> str:
        """As charts are kept."""
        return f"{self.use_case}\t{self.rubric}"

    @classmethod
    def of(cls, key: str) -> Series:
        """The series of a key."""
        use_case, _, rubric = key.partition("\t")
        return cls(use_case, rubric)


def followed(
    before: Charts,
    columns: WindowColumns,
    rows: Rows,
    policies: Policies,
    now: datetime,
    restarts: Mapping[str, datetime],
) -> Charts:
    """Charts that have taken the traces which ended since.

    Args:
        before: what they were.
        columns: how rows are numbered.
        rows: of the last day.
        policies: of each use case.
        now: the present moment.
        restarts: when an alarm was acknowledged last, by the key of its series.
    """
    charts = {
        series: _restarted(chart, restarts.get(series), now)
        for series, chart in before.by_series.items()
        if _allowed(policies, Series.of(series).use_case)
    }
    if not rows.size:
        return Charts(by_series=charts, head=before.head)
    head = int(rows["changed_at"].max())
    usable = rows["scored"] & rows["base"] & rows["ours"] & ~np.isnan(rows["risk"])
    settled = _settled(rows["changed_at"], head, before.head, now)
    charted = [(Series(*names), code) for names, code in columns.series.items() if _allowed(policies, names[0])]
    for series, code in charted:
        policy = policies[series.use_case]
        at = np.flatnonzero((rows["series"] == code) & usable & (rows["calibrated"] | policy.allow_uncalibrated))
        if at.size:
            own = _of_latest_revision(Rows({name: rows[name][at] for name in _USED}))
            revision = list(columns.revisions)[int(own["revision"][0])][0] or ""
            chart = _chart(charts.get(series.key), revision, _limit(own, policy, len(charted)))
            charts[series.key] = _after(chart, own.only(settled[at][own["place"]]), policy, now)
    return Charts(by_series=charts, head=head)


def chart_samples(charts: Charts, policies: Policies) -> Iterator[Sample]:
    """The sum and the limit of each chart of a use case that still has an objective."""
    for key, chart in charts.by_series.items():
        if _allowed(policies, Series.of(key).use_case):
            yield from number(quality.CUSUM, chart.value, *Series.of(key))
            yield from number(quality.CUSUM_LIMIT, chart.limit, *Series.of(key))


_USED = ("revision", "changed_at", "started_at", "risk", "cluster")


def _allowed(policies: Policies, use_case: str) -> float | None:
    policy = policies.get(use_case)
    return policy.allowed if policy else None


def _settled(changed: Integers, head: int, head_before: int, now: datetime) -> Bools:
    """Which rows may be taken: later ones that ended before them can come no more.

    While a record catches up after an outage its newest moment is old, and half of what ended then may be unwritten.
    Nothing of that moment is taken until a second look finds nothing newer.
    """
    is_old: Bools = changed <= microseconds(now - SETTLED_AFTER)
    return is_old if head == head_before else is_old & (changed < head)


def _of_latest_revision(rows: Rows) -> Rows:
    """The rows of the revision that judged last, and the place that each had."""
    latest = rows["revision"][int(rows["changed_at"].argmax())]
    places = np.flatnonzero(rows["revision"] == latest)
    own = rows.only(places)
    own["place"] = places
    return own


def _limit(rows: Rows, policy: FlagPolicy, charts: int) -> float:
    """The limit of a chart with so much traffic. Flags that come together are worth fewer."""
    between = max(rows.size, FEWEST_A_DAY) * 7 * WEEKS_BETWEEN_ALARMS * charts
    together = together_of(rows["risk"] >= policy.cut, rows["cluster"])
    return limit_of(policy.allowed or 0.0, between) * min(MOST_TOGETHER, max(1.0, together))


def together_of(flags: Bools, clusters: Integers) -> float:
    """How many times more the number of flags spreads than if traces were independent (Kish's design effect).

    `AS_IF_ALONE` flags come in beside the observed ones.
    """
    residuals = flags - flags.mean()
    sums = np.bincount(cluster_index(clusters), weights=residuals)
    return float((sums @ sums + AS_IF_ALONE) / (residuals @ residuals + AS_IF_ALONE))


def limit_of(allowed: float, between: float) -> float:
    """The limit at which false alarms are at least so many traces apart where flags are as frequent as allowed.

    Solves (exp(h) - h - 1)/K = `between`, K the Kullback-Leibler divergence of the allowed share from the one that is
    looked for: the run length of a chart without overshoot (Siegmund 1985). A chart's steps do overshoot, so that its
    alarms are up to three times as far apart. `cusum_limit` is exact, and takes half a second for each number.
    """
    risen = _risen(allowed)
    divergence = allowed * math.log(allowed / risen) + (1 - allowed) * math.log((1 - allowed) / (1 - risen))
    target, limit = between * divergence, math.log1p(between * divergence) + 1
    for _ in range(20):
        limit -= (math.exp(limit) - limit - 1 - target) / (math.exp(limit) - 1)
    return limit


def _risen(allowed: float) -> float:
    """The share that a chart looks for: twice the allowed one, or halfway to 1 where that is less."""
    return min(RISE * allowed, (1 + allowed) / 2)


def _chart(before: Chart | None, revision: str, limit: float) -> Chart:
    """The chart of before. A new revision is another judge, whose flags are added to no other's."""
    if before is None:
        return Chart(limit=limit, revision=revision)
    if before.revision != revision:
        return before.model_copy(update={"value": 0.0, "revision": revision, "limit": limit, "alarm_since": None})
    return before.model_copy(update={"limit": limit})


def _restarted(chart: Chart, acknowledged: datetime | None, now: datetime) -> Chart:
    """The chart from 0 on, where its alarm has stood long enough or somebody took note of it."""
    anew = {"value": 0.0, "alarm_since": None}
    if acknowledged is not None and (chart.restarted_at is None or acknowledged > chart.restarted_at):
        return chart.model_copy(update={**anew, "restarted_at": acknowledged})
    if chart.alarm_since is not None and now - chart.alarm_since >= RESTART_AFTER:
        return chart.model_copy(update=anew)
    return chart


def _after(chart: Chart, rows: Rows, policy: FlagPolicy, now: datetime) -> Chart:
    """The chart after the rows beyond its mark."""
    changed, started = rows["changed_at"], rows["started_at"]
    at = np.flatnonzero((changed > chart.changed_at) | ((changed == chart.changed_at) & (started > chart.started_at)))
    value = chart.value
    mark = {}
    if at.size:
        at = at[np.lexsort((started[at], changed[at]))]
        allowed = policy.allowed or 0.0
        cusum = BernoulliCusum(allowed, _risen(allowed), chart.limit)
        value = cusum.value_after(np.asarray(rows["risk"][at] >= policy.cut, dtype=np.bool_), chart.value)
        mark = {"changed_at": int(changed[at[-1]]), "started_at": int(started[at[-1]])}
    since = (chart.alarm_since or now) if value >= chart.limit else None
    return chart.model_copy(update={"value": value, "alarm_since": since, **mark})
