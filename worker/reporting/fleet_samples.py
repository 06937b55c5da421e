"""What `assay status` tells, as samples of metrics: the same values for a scrape and for the fleet's own alerts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from assay.worker.golden.scheduling.slot_records import ScheduleStatus
from assay.worker.limits.status import CallStatus
from assay.worker.ports.backlog import BACKFILL, Lane
from assay.worker.ports.call_limits import ALL, EndpointHealth
from assay.worker.ports.copies import CopyCounts
from assay.worker.ports.ledger import InFlight
from assay.worker.ports.pulse import ProcessSeen, TickTimes
from assay.worker.records.metrics import fleet
from assay.worker.records.metrics.metric import Metric, Sample
from assay.worker.reporting.funnel import Funnel
from assay.worker.reporting.record_health import RecordHealth
from assay.worker.statistics.intervals import Estimate

ALL_TOGETHER, BACKFILLS = "(all)", "(backfill)"
"""In place of a use case's name, which has no brackets."""

MOST_REASONS = 50
"""Reasons of skipped and dead traces: the most frequent ones."""

_BREAKER: Mapping[str, float] = {"closed": 0, "half_open": 1, "open": 2}


def sample(metric: Metric, value: float, *labels: str) -> Sample:
    """One value of a metric, with its labels in their order."""
    return Sample(name=metric.name, labels=dict(zip(metric.labels, labels, strict=True)), value=float(value))


def estimate_samples(metric: Metric, estimate: Estimate, *labels: str) -> list[Sample]:
    """A value with its bounds."""
    named = dict(zip(metric.labels, labels, strict=True))
    values = zip(metric.names, (estimate.value, estimate.low, estimate.high), strict=True)
    return [Sample(name=name, labels=named, value=value) for name, value in values]


def funnel_samples(funnel: Funnel) -> Iterator[Sample]:
    """What became of the traces of the funnel's days."""
    seen: dict[str, int] = defaultdict(int)
    reasons: Counter[str] = Counter()
    for row in funnel.rows:
        seen[row.use_case] = max(seen[row.use_case], row.seen)
        for part in (row.skipped, row.dead):
            reasons.update(part)
        states = {
            "selected": row.selected,
            "scored": row.total_scored,
            "skipped": sum(row.skipped.values()),
            "dead": sum(row.dead.values()),
            "in_flight": sum(row.in_flight.values()),
        }
        for state, n in states.items():
            yield sample(fleet.FUNNEL_TRACES, n, row.use_case, row.rubric, state)
    for use_case, n in seen.items():
        yield sample(fleet.SEEN_TRACES, n, use_case)
    for reason, n in reasons.most_common(MOST_REASONS):
        yield sample(fleet.SKIPPED_TRACES, n, reason)


def work_samples(
    queues: Mapping[str, int], in_hand: int, lanes: Sequence[Lane], in_flight: InFlight, now: datetime
) -> Iterator[Sample]:
    """What waits, what is in hand, and what gave up."""
    for queue, depth in queues.items():
        yield sample(fleet.QUEUE_WAITING, depth, queue)
    yield sample(fleet.QUEUE_IN_HAND, in_hand)
    waiting: Counter[str] = Counter()
    for lane in lanes:
        waiting[BACKFILLS if lane.turn == BACKFILL else lane.use_case] += lane.waiting
    for use_case, n in waiting.items():
        yield sample(fleet.BACKLOG_TRACES, n, use_case)
    oldest = in_flight.oldest_selected
    yield sample(fleet.OLDEST_OPEN, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
    for rubric, n in in_flight.dead.items():
        yield sample(fleet.DEAD_LETTERS, n, rubric)
    yield sample(fleet.WRITE_REWRITES, in_flight.unverified)


def pulse_samples(
    ticks: Mapping[str, TickTimes],
    intervals: Mapping[str, float],
    roles: Mapping[str, int],
    seen: Iterable[ProcessSeen],
) -> Iterator[Sample]:
    """When ticks were sent and done, and who is alive.

    Args:
        ticks: as the state has them.
        intervals: how often each is due, in seconds.
        roles: processes by role.
        seen: the processes.
    """
    for name, every_s in intervals.items():
        yield sample(fleet.TICK_INTERVAL, every_s, name)
        times = ticks.get(name)
        if times is not None and times.sent_ago_s is not None:
            yield sample(fleet.TICK_SENT_AGE, times.sent_ago_s, name)
        if times is not None and times.done_ago_s is not None:
            yield sample(fleet.TICK_DONE_AGE, times.done_ago_s, name)
    for role, n in roles.items():
        yield sample(fleet.PROCESSES, n, role)
    offsets = [abs(process.offset_s) for process in seen if process.offset_s is not None]
    yield sample(fleet.CLOCK_OFFSET, max(offsets, default=0.0))


def call_samples(calls: CallStatus, endpoints: Iterable[str], denied: Iterable[str]) -> Iterator[Sample]:
    """How endpoints of judge models, limits and budgets stand.

    Args:
        calls: as the account has them.
        endpoints: all that are configured or asked.
        denied: those for which work waits until a person has mended access.
    """
    health = {each.endpoint: each for each in calls.endpoints}
    refusing = set(denied)
    for name in sorted({*endpoints, *health}):
        yield sample(fleet.BREAKER, _BREAKER[health.get(name, EndpointHealth(endpoint=name)).breaker], name)
        yield sample(fleet.ENDPOINT_DENIED, name in refusing, name)
    for limit in calls.limits:
        if limit.amount > 0:
            yield sample(fleet.LIMIT_USED, limit.used / limit.amount, limit.endpoint, limit.model, limit.kind)
    for budget in calls.budgets:
        use_case = ALL_TOGETHER if budget.use_case == ALL else budget.use_case
        yield sample(fleet.BUDGET_LIMIT, budget.limit_usd, use_case, budget.period)
        yield sample(fleet.BUDGET_SPENT, budget.spent_usd, use_case, budget.period)


def record_samples(health: RecordHealth) -> Iterator[Sample]:
    """Whether the record keeps up."""
    yield sample(fleet.RECORD_WAITING, health.waiting)
    yield sample(fleet.RECORD_TROUBLE, bool(health.trouble))


def copy_samples(counts: Mapping[str, CopyCounts], now: datetime) -> Iterator[Sample]:
    """How the copies of scores for each further place stand."""
    for place, count in counts.items():
        yield sample(fleet.COPIES_WAITING, count.waiting, place, "to_write")
        yield sample(fleet.COPIES_WAITING, count.written, place, "to_show")
        age_s = (now - count.oldest).total_seconds() if count.oldest else 0.0
        yield sample(fleet.COPIES_OLDEST, max(0.0, age_s), place)
        for ended in count.ended:
            yield sample(fleet.COPIES_ENDED, ended.traces, place, ended.outcome, ended.reason)


def golden_samples(statuses: Iterable[ScheduleStatus]) -> Iterator[Sample]:
    """How scheduled golden sets stand, and what their last run came to."""
    for status in statuses:
        name = status.golden_set
        yield sample(fleet.GOLDEN_PROBLEM, bool(status.problem), name)
        if not status.problem:
            yield sample(fleet.GOLDEN_OVERDUE, status.overdue_s, name)
        run = status.last_run
        if run is None:
            continue
        yield sample(fleet.GOLDEN_LAST_RUN, run.changed_at.timestamp(), name)
        yield sample(fleet.GOLDEN_VERDICT, 1, name, run.verdict)
        figures = status.figures
        if figures is None:
            continue
        yield sample(fleet.GOLDEN_ITEMS, figures.items, name)
        if figures.pass_rate is not None:
            yield from estimate_samples(fleet.GOLDEN_PASS, figures.pass_rate, name)
        if figures.judge is not None:
            yield from estimate_samples(fleet.GOLDEN_JUDGE, figures.judge, name)
