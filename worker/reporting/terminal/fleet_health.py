"""What the fleet is kept from, in lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.worker.ports.backlog import Lane
from assay.worker.ports.call_limits import BudgetUse, EndpointHealth, LimitUse, UnknownEnds
from assay.worker.reporting.fleet_health import FleetHealth

MOST_LANES = 5
"""Lines about what waits: those with the most. All are in --json."""


def health_lines(health: FleetHealth) -> Iterator[str]:
    """What is wrong first, then what holds the calls, then what waits. Plain text."""
    yield from (f"! {warning}" for warning in health.warnings)
    if health.dropped:
        told = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in sorted(health.dropped.items()))
        yield f"! messages that were none of ours were dropped in the last 7 days: {told}; see who else writes to Redis"
    yield from _access_lines(health)
    yield from (f"! {endpoint_words(endpoint)}" for endpoint in health.calls.endpoints if endpoint_words(endpoint))
    yield from (limit_words(limit) for limit in health.calls.limits)
    yield from (budget_words(budget) for budget in health.calls.budgets)
    if health.unknown_ends.calls:
        yield unknown_words(health.unknown_ends)
    yield from _backlog_lines(health)


def endpoint_words(endpoint: EndpointHealth) -> str:
    """What is in force at an endpoint: `judge default: broken: no call goes for 8 s, then one that tries it`."""
    name, told = f"judge endpoint {endpoint.endpoint}", []
    if endpoint.breaker == "open":
        probe = "soon" if endpoint.next_probe_s is None else f"in {endpoint.next_probe_s:,.0f} s"
        told.append(f"does not answer ({endpoint.failures_in_a_row:,} failed calls in a row): a call tries it {probe}")
    elif endpoint.breaker == "half_open":
        told.append("did not answer: one call tries it now")
    if endpoint.slowed_to_per_minute is not None:
        told.append(f"asked for less (429): at most {endpoint.slowed_to_per_minute:,.0f} calls a minute go out")
    if endpoint.paused_s > 0:
        told.append(f"asked for a pause of {endpoint.paused_s:,.0f} s more")
    return f"{name}: {'; '.join(told)}" if told else ""


def limit_words(limit: LimitUse) -> str:
    """A limit and its use: `limit default, gpt-x: 480 of 500 requests in the last minute`."""
    name = f"limit {limit.endpoint}" + (f", {limit.model}" if limit.model else "")
    if limit.kind == "concurrency":
        return f"{name}: {limit.used:,.0f} of {limit.amount:,.0f} calls under way"
    return f"{name}: {limit.used:,.0f} of {limit.amount:,.0f} {limit.kind} in the last minute"


def budget_words(budget: BudgetUse) -> str:
    """A budget and what is spent of it: `budget bot, day 2026-11-29: 12.4000 of 20.0000 USD spent`."""
    name = budget.use_case or "of all use cases"
    left = max(0.0, budget.limit_usd - budget.spent_usd)
    under_way = f", {budget.reserved_usd:.4f} of it by calls under way" if budget.reserved_usd else ""
    spent = f"{budget.spent_usd:.4f} of {budget.limit_usd:.4f} USD spent{under_way}"
    return f"budget {name}, {budget.period} {budget.label}: {spent}; {left:.4f} left"


def unknown_words(ends: UnknownEnds) -> str:
    """Calls that were perhaps paid: `12 calls without a known end, charged 0.0240 USD`."""
    unpriced = f", and {ends.unpriced_calls:,} of unknown price" if ends.unpriced_calls else ""
    return f"{ends.calls:,} model calls without a known end, charged {ends.cost_usd:.4f} USD{unpriced}"


def _access_lines(health: FleetHealth) -> Iterator[str]:
    """What a person has to mend, each cause once, however many use cases wait for it."""
    waiting = defaultdict(set)
    for lane in health.backlog.lanes:
        if lane.hold == "access" and lane.why:
            waiting[lane.why].add(lane.use_case)
    for why, use_cases in sorted(waiting.items()):
        yield f"! judging waits until this is mended: {why} ({', '.join(sorted(use_cases))}); no trace is lost"


def _backlog_lines(health: FleetHealth) -> Iterator[str]:
    lanes = [lane for lane in health.backlog.lanes if lane.waiting]
    if not lanes:
        return
    yield f"waiting for their release: {health.backlog.waiting:,} judgements"
    yield from (f"  {lane_words(lane)}" for lane in lanes[:MOST_LANES])
    if len(lanes) > MOST_LANES:
        yield f"  and {len(lanes) - MOST_LANES:,} more; --json has them"


def lane_words(lane: Lane) -> str:
    """What waits of one use case: `bot (grounding): 1,200, about 4 min at the present pace`."""
    name = f"{lane.use_case} ({lane.rubric})" + ("" if lane.turn == lane.use_case else f", {lane.turn}")
    told = f"{name}: {lane.waiting:,}"
    if lane.hold is not None:
        until = f" until {lane.held_until:%H:%M:%S} UTC" if lane.held_until else ""
        return f"{told}, held by {lane.hold}{until}"
    if lane.per_second:
        minutes = lane.waiting / lane.per_second / 60
        return f"{told}, about {f'{minutes:,.0f} min' if minutes >= 1 else 'a minute'} at the present pace"
    return told
