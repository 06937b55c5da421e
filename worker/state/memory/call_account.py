"""The account of calls to judge models in the memory of one process: for tests and for commands without Redis.

The script `call_account.lua` takes the same steps in the same order.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from assay.worker.limits.breaker import Breaker
from assay.worker.limits.line import Ahead, Line, Place
from assay.worker.limits.pace import Held, ScopeUse
from assay.worker.limits.purses import Purses, labels_of
from assay.worker.limits.rules import GOLDEN_S, PARTS, PERIOD_S, RECENT_S
from assay.worker.limits.slow_down import SlowDown
from assay.worker.ports.call_limits import (
    CallAsk,
    CallEnd,
    EndpointHealth,
    EndpointUse,
    Exchange,
    Leave,
    Report,
    Spent,
    UnknownEnds,
)


@dataclass
class _Lease:
    ask: CallAsk
    held: list[Held]
    labels: tuple[str, str]
    began: float
    ends: float
    is_probe: bool


@dataclass
class _Endpoint:
    """An endpoint's account; golden work under way, the most of it lately, and until when room is left for it."""

    breaker: Breaker = field(default_factory=Breaker)
    slow: SlowDown = field(default_factory=SlowDown)
    line: Line = field(default_factory=Line)
    scopes: dict[str, ScopeUse] = field(default_factory=dict)
    leases: dict[str, _Lease] = field(default_factory=dict)
    golden: int = 0
    golden_peak: int = 0
    golden_until: float = 0.0
    last_report: dict[str, int] = field(default_factory=dict)

    def kept_for_golden(self, now: float, *, is_golden: bool) -> tuple[bool, int]:
        if is_golden or self.golden_until <= now:
            return False, 0
        return True, max(0, self.golden_peak - self.golden)


@dataclass
class _Group:
    """What became of a process's calls of one kind: those that stay behind, and what the first of them wants."""

    ahead: Ahead
    blocked: int = 0
    blocked_tokens: float = 0.0
    granted: int = 0
    wait_s: float = 0.0
    first: tuple[float, bool] = (0.0, False)

    @property
    def before_next(self) -> Ahead:
        """Whoever comes before the next call."""
        calls, tokens = self.ahead.calls + self.blocked, self.ahead.tokens + self.blocked_tokens
        return Ahead(calls, tokens, self.ahead.largest, self.ahead.others)

    def block(self, ask: CallAsk, wait_s: float, *, at_endpoint: bool) -> None:
        """One more stays behind."""
        if not self.blocked:
            self.wait_s, self.first = wait_s, (ask.tokens, at_endpoint)
        self.blocked += 1
        self.blocked_tokens += ask.tokens


class MemoryCallAccount:
    """`assay.worker.ports.call_limits.CallAccount` and `CallAccountReader` without a server."""

    def __init__(self, *, period_s: float = PERIOD_S, now: Callable[[], float] = time.time) -> None:
        """Start with nothing used.

        Args:
            period_s: what limits "a minute" means.
            now: seconds since 1970.
        """
        self._period_s = period_s
        self._now = now
        self._endpoints: dict[str, _Endpoint] = defaultdict(_Endpoint)
        self._purses = Purses()
        self._unknown: dict[str, UnknownEnds] = defaultdict(UnknownEnds)

    async def exchange(self, report: Report) -> Exchange:
        """Take in the calls that ended, then let calls go."""
        now, endpoint = self._now(), self._endpoints[report.endpoint]
        last = endpoint.last_report.get(report.process, 0)
        if 0 < report.number < last:
            return Exchange(tuple(Leave(False, "limit", 1.0) for _ in report.asks), is_watched=True)
        self._end_overdue(endpoint, now)
        if report.number == 0 or report.number > last:
            for end in report.ends:
                self._end(endpoint, end, now)
        if report.number:
            endpoint.last_report[report.process] = report.number
        endpoint.line.forget(now)
        endpoint.slow.grow(now)
        leaves, each_s = self._ask_all(endpoint, report, now)
        slow, breaker = endpoint.slow, endpoint.breaker
        is_watched = breaker.is_open or breaker.run > 0 or slow.cap is not None or slow.paused_until > now
        return Exchange(tuple(leaves), is_watched=is_watched, each_s=each_s)

    def _scope(self, endpoint: _Endpoint, name: str) -> ScopeUse:
        return endpoint.scopes.setdefault(name, ScopeUse(self._period_s))

    def _end_overdue(self, endpoint: _Endpoint, now: float) -> None:
        """Charge the leases of processes that died in full."""
        for name in [name for name, lease in endpoint.leases.items() if lease.ends <= now]:
            lease = endpoint.leases.pop(name)
            self._give_back(endpoint, lease, lease.ask.tokens, lease.ask.usd or 0.0, now)
            self._count_unknown(lease.ask.usd, now)

    def _end(self, endpoint: _Endpoint, end: CallEnd, now: float) -> None:
        lease = endpoint.leases.pop(end.lease, None)
        if lease is None and end.lease:
            return  # it had ended: by itself, or it was told before
        if end.kind == "unused":
            end = replace(end, tokens=0.0, usd=0.0)
        usd = end.usd
        if lease is not None:
            usd = lease.ask.usd if end.usd is None else end.usd
            self._end_lease(endpoint, lease, end, usd or 0.0, now)
        if end.kind in {"timed_out", "cancelled"}:
            self._count_unknown(usd, now)
        _hear(endpoint, end, now, is_probe=lease is not None and lease.is_probe)

    def _end_lease(self, endpoint: _Endpoint, lease: _Lease, end: CallEnd, usd: float, now: float) -> None:
        tokens = lease.ask.tokens if end.tokens is None else end.tokens
        self._give_back(endpoint, lease, tokens, usd, now, is_unused=end.kind == "unused")
        if end.kind == "answered":
            for held in lease.held:
                self._scope(endpoint, held.scope).answered_after(now - lease.began)

    def _give_back(
        self, endpoint: _Endpoint, lease: _Lease, tokens: float, usd: float, now: float, *, is_unused: bool = False
    ) -> None:
        for held in lease.held:
            self._scope(endpoint, held.scope).give_back(held, lease.ask.tokens, tokens, now, is_unused=is_unused)
        self._purses.settle(lease.ask.budgets, lease.ask.usd or 0.0, usd, lease.labels)
        if lease.ask.golden:
            endpoint.golden -= 1

    def _count_unknown(self, usd: float | None, now: float) -> None:
        day, _ = labels_of(now)
        known = self._unknown[day]
        self._unknown[day] = UnknownEnds(
            calls=known.calls + 1,
            cost_usd=known.cost_usd + (usd or 0.0),
            unpriced_calls=known.unpriced_calls + (usd is None),
        )

    def _ask_all(self, endpoint: _Endpoint, report: Report, now: float) -> tuple[list[Leave], float]:
        leaves, groups, each_s = [], dict[Place, _Group](), 0.0
        golden_waits = endpoint.line.golden_waits()
        for ask in report.asks:
            place = Place(ask.golden, ask.model, report.process)
            group = groups.setdefault(place, _Group(endpoint.line.ahead(place)))
            held = endpoint.leases.get(ask.lease)
            leave = self._general_refusal(endpoint, ask, now) if held is None else Leave(granted=True)
            if leave is None:
                wait_s, one_s, at_endpoint = self._wait_s(endpoint, ask, group.before_next, now)
                each_s = max(each_s, one_s * (1 + group.ahead.others))
                wait_s = max(wait_s, 0.01 if group.blocked else 0.0, _golden_first_s(golden_waits, ask))
                leave = Leave(wait_s == 0, "limit", wait_s)
                if wait_s > 0:
                    group.block(ask, wait_s, at_endpoint=at_endpoint)
                    if ask.golden:
                        golden_waits.add(None if at_endpoint else ask.model)
            if leave.granted:
                group.granted += 1
            if held is not None:
                held.ends = now + report.lease_s
            elif leave.granted:
                self._grant(endpoint, ask, now, report.lease_s)
            if ask.golden:
                endpoint.golden_until = now + GOLDEN_S
            leaves.append(leave)
        _line_up(endpoint.line, groups, now)
        return leaves, each_s

    def _general_refusal(self, endpoint: _Endpoint, ask: CallAsk, now: float) -> Leave | None:
        """Why nobody goes, or nobody whom these budgets pay."""
        wait_s = endpoint.breaker.wait_s(now)
        if wait_s > 0:
            return Leave(False, "breaker", wait_s)
        if endpoint.slow.paused_until > now:
            return Leave(False, "limit", endpoint.slow.paused_until - now)
        return self._purses.refusal(ask.budgets, ask.usd or 0.0, now)

    def _wait_s(self, endpoint: _Endpoint, ask: CallAsk, ahead: Ahead, now: float) -> tuple[float, float, bool]:
        """Seconds until this call goes, and for each one ahead; whether the endpoint's own limits keep it."""
        kept = endpoint.kept_for_golden(now, is_golden=ask.golden)
        waits, each = {"": 0.0}, [0.0]
        slow = endpoint.slow
        if slow.cap is not None:
            spared = slow.burst / 2 if kept[0] else 0.0
            waits[""] = slow.level.wait_s(now, slow.cap, slow.burst, 1.0 + ahead.calls, spared)
            each.append(1.0 / slow.cap)
        for limit in ask.scopes:
            scope = self._scope(endpoint, limit.name)
            waits[limit.name] = max(waits.get(limit.name, 0.0), scope.wait_s(limit, ask.tokens, now, ahead, kept))
            each.append(scope.each_s(limit, ask.tokens))
        return max(waits.values()), max(each), waits[""] > 0

    def _grant(self, endpoint: _Endpoint, ask: CallAsk, now: float, lease_s: float) -> None:
        is_probe = endpoint.breaker.is_open
        if is_probe:
            endpoint.breaker.begin_probe(now, lease_s)
        slow = endpoint.slow
        if slow.cap is not None:
            slow.level.take(now, slow.cap, slow.burst, 1.0)
        held = [self._scope(endpoint, limit.name).take(limit, ask.tokens, now) for limit in ask.scopes]
        self._purses.reserve(ask.budgets, ask.usd or 0.0, labels_of(now))
        if ask.golden:
            endpoint.golden += 1
            peak = endpoint.golden_peak if endpoint.golden_until > now else 0
            endpoint.golden_peak = max(peak, endpoint.golden)
        slow.began(now)
        endpoint.leases[ask.lease] = _Lease(ask, held, labels_of(now), now, now + lease_s, is_probe)

    async def endpoint(self, name: str, scopes: Sequence[str]) -> EndpointUse:
        """How an endpoint stands, and the use of these scopes."""
        now, endpoint = self._now(), self._endpoints[name]
        since = int(now / (self._period_s / PARTS)) - PARTS
        used: dict[tuple[str, str], float] = {}
        for scope_name in scopes:
            scope = self._scope(endpoint, scope_name)
            used[scope_name, "concurrency"] = scope.under_way
            used[scope_name, "requests"] = sum(n for part, n in scope.request_parts.items() if part > since)
            tokens = sum(n for part, n in scope.token_parts.items() if part > since)
            used[scope_name, "tokens"] = tokens + scope.tokens_under_way
        return EndpointUse(_health(name, endpoint, now), used)

    async def spent(self, use_cases: Sequence[str]) -> dict[str, Spent]:
        """What was spent by these use cases; `ALL` for all together."""
        return {use_case: self._purses.spent(use_case, self._now()) for use_case in use_cases}

    async def unknown_ends(self, first: date, last: date) -> UnknownEnds:
        """Calls without a known end on these UTC days together."""
        days = [ends for day, ends in self._unknown.items() if first.isoformat() <= day <= last.isoformat()]
        return UnknownEnds(
            calls=sum(ends.calls for ends in days),
            cost_usd=sum(ends.cost_usd for ends in days),
            unpriced_calls=sum(ends.unpriced_calls for ends in days),
        )


def _line_up(line: Line, groups: dict[Place, _Group], now: float) -> None:
    for place, group in groups.items():
        if group.blocked:
            line.keep(place, now, group.wait_s, group.first, was_served=group.granted > 0)
        else:
            line.leave(place)


def _golden_first_s(golden_waits: set[str | None], ask: CallAsk) -> float:
    """Seconds that a call leaves to golden work that waits for the same."""
    return 0.0 if ask.golden or golden_waits.isdisjoint({None, ask.model}) else 0.1


def _hear(endpoint: _Endpoint, end: CallEnd, now: float, *, is_probe: bool) -> None:
    """What the end of a call tells of the endpoint."""
    if end.begun_before:
        endpoint.slow.began(now, end.begun_before)
    if end.answered_s_ago is not None:
        if end.answered_s_ago < RECENT_S:
            endpoint.slow.answered(now)
        endpoint.breaker.answered_at(now - end.answered_s_ago)
    if end.kind in {"answered", "rejected"}:
        endpoint.slow.answered(now)
        endpoint.breaker.answered()
    elif end.kind == "refused":
        endpoint.breaker.answered()
        endpoint.slow.refused(now, end.retry_after_s)
    elif end.kind in {"failed", "timed_out", "denied"}:
        endpoint.breaker.failed(now, is_probe=is_probe)
    elif is_probe:
        endpoint.breaker.abandon_probe(now)


def _health(name: str, endpoint: _Endpoint, now: float) -> EndpointHealth:
    breaker, slow = endpoint.breaker, endpoint.slow
    is_probing = breaker.is_open and breaker.probe_until > now
    return EndpointHealth(
        endpoint=name,
        breaker="half_open" if is_probing else "open" if breaker.is_open else "closed",
        failures_in_a_row=breaker.run,
        open_s=None if breaker.since is None else now - breaker.since,
        next_probe_s=max(0.0, breaker.probe_at - now) if breaker.is_open and not is_probing else None,
        slowed_to_per_minute=None if slow.cap is None else slow.cap * 60,
        paused_s=max(0.0, slow.paused_until - now),
    )
