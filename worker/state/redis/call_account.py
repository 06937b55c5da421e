"""The account of calls to judge models in Redis: one Lua script on the server's clock.

Keys:
    calls:ENDPOINT              hash: breaker, slow-down, golden work
    calls:ENDPOINT:scope:NAME   hash: what a scope has used, and when it may be used again
    calls:ENDPOINT:lease(s)     hash and sorted set: calls under way, by their lease and its end
    calls:ENDPOINT:line         hash: processes that wait, since when and until when they keep their place
    calls:ENDPOINT:last:PROCESS the number of its last report
    usd:DATE, usd:MONTH         hash: what each budget has spent, calls under way included, and by endpoint these alone
    unknown:DATE                hash: calls without a known end, and what they were charged
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from assay.worker.limits.purses import shown_usd
from assay.worker.limits.rules import FAILURES_TO_OPEN, PARTS, PERIOD_S
from assay.worker.ports.call_limits import (
    ALL,
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
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import COUNTS_TTL_S, days_between

_KEPT_S = 3600
"""How long the account of an endpoint that nobody asks any more lies in Redis, beyond its last lease, in seconds."""

_ALL = "all"
"""The field of the budget of all. A use case's is `uc:` and its name."""


class RedisCallAccount:
    """`assay.worker.ports.call_limits.CallAccount` and `CallAccountReader`."""

    def __init__(
        self, redis: RedisConnection, *, period_s: float = PERIOD_S, now: Callable[[], float] | None = None
    ) -> None:
        """Keep the connection.

        Args:
            redis: the connection.
            period_s: what limits "a minute" means.
            now: seconds since 1970, instead of the server's clock.
        """
        self._redis = redis
        self._period_s = period_s
        self._now = now
        self._fixed = {"period": period_s, "parts": PARTS, "failures": FAILURES_TO_OPEN}

    async def exchange(self, report: Report) -> Exchange:
        """Take in the calls that ended, then let calls go."""
        asked = {
            **self._fixed,
            "ttl": int(_KEPT_S + report.lease_s),
            "money_ttl": COUNTS_TTL_S,
            "endpoint": report.endpoint,
            "process": report.process,
            "lease_s": report.lease_s,
            "ends": [_end(end) for end in report.ends],
            "asks": [_ask(ask) for ask in report.asks],
        }
        if report.number:
            asked["number"] = report.number
        if self._now is not None:
            asked["now"] = self._now()
        raw = await self._redis.run("call_account", [], [self._redis.prefix, json.dumps(asked, separators=(",", ":"))])
        answer = json.loads(raw)
        leaves = tuple(_leave(each) for each in answer["a"] or ())
        return Exchange(leaves, is_watched=answer["w"], each_s=answer["e"])

    async def endpoint(self, name: str, scopes: Sequence[str]) -> EndpointUse:
        """How an endpoint stands, and the use of these scopes."""
        now = await self._moment()
        state, *used = await self._redis.hashes([f"calls:{name}", *(f"calls:{name}:scope:{scope}" for scope in scopes)])
        since = (int(now / (self._period_s / PARTS))) - PARTS
        uses: dict[tuple[str, str], float] = {}
        for scope, fields in zip(scopes, used, strict=True):
            uses[scope, "concurrency"] = float(fields.get(b"n", 0))
            uses[scope, "requests"] = _parts(fields, b"r:", since)
            uses[scope, "tokens"] = _parts(fields, b"t:", since) + float(fields.get(b"open", 0))
        return EndpointUse(_health(name, {k.decode(): float(v) for k, v in state.items()}, now), uses)

    async def spent(self, use_cases: Sequence[str]) -> dict[str, Spent]:
        """What was spent by these use cases; `ALL` for all together."""
        today = datetime.fromtimestamp(await self._moment(), UTC).date()
        day, month = today.isoformat(), f"{today:%Y-%m}"
        by_day, by_month = await self._redis.hashes([f"usd:{day}", f"usd:{month}"])

        def of(fields: dict[bytes, bytes], name: str) -> float:
            return shown_usd(float(fields.get(name.encode(), 0)))

        def reserved(fields: dict[bytes, bytes], name: str) -> float:
            stem = f"{name}|open|".encode()
            return shown_usd(sum(float(usd) for field, usd in fields.items() if field.startswith(stem)))

        return {
            use_case: Spent(
                day=day,
                month=month,
                day_usd=of(by_day, _purse(use_case)),
                day_reserved_usd=reserved(by_day, _purse(use_case)),
                month_usd=of(by_month, _purse(use_case)),
                month_reserved_usd=reserved(by_month, _purse(use_case)),
            )
            for use_case in use_cases
        }

    async def unknown_ends(self, first: date, last: date) -> UnknownEnds:
        """Calls without a known end on these UTC days together."""
        days = await self._redis.hashes([f"unknown:{day}" for day in days_between(first, last)])
        names = UnknownEnds.model_fields
        return UnknownEnds.model_validate({n: sum(float(day.get(n.encode(), 0)) for day in days) for n in names})

    async def _moment(self) -> float:
        if self._now is not None:
            return self._now()
        async with self._redis.guard():
            seconds, micros = await self._redis.client.time()
        return float(seconds) + float(micros) / 1e6


def _purse(use_case: str) -> str:
    return _ALL if use_case == ALL else f"uc:{use_case}"


def _end(end: CallEnd) -> dict[str, Any]:
    told = {"k": end.kind, "l": end.lease or None, "t": end.tokens, "u": end.usd, "a": end.retry_after_s}
    told |= {"n": end.begun_before or None, "y": end.answered_s_ago}
    return {key: value for key, value in told.items() if value is not None}


def _ask(ask: CallAsk) -> dict[str, Any]:
    return {
        "l": ask.lease,
        "m": ask.model,
        "t": ask.tokens,
        "u": ask.usd or 0,
        "k": ask.usd is not None,
        "g": ask.golden,
        "s": [_present(n=s.name, r=s.requests, t=s.tokens, c=s.concurrency) for s in ask.scopes],
        "b": [_present(n=_purse(b.use_case), d=b.per_day, m=b.per_month) for b in ask.budgets],
    }


def _present(**fields: Any) -> dict[str, Any]:
    """The fields that are there: Lua has no word for one that is null."""
    return {name: value for name, value in fields.items() if value is not None}


def _leave(answer: list[Any]) -> Leave:
    if answer[0] == "go":
        return Leave(granted=True)
    budget = answer[2] if len(answer) > 2 else ""
    return Leave(False, answer[0], float(answer[1]), ALL if budget == _ALL else budget.removeprefix("uc:"))


def _parts(fields: dict[bytes, bytes], stem: bytes, since: int) -> float:
    return sum(float(v) for k, v in fields.items() if k.startswith(stem) and int(k[2:]) > since)


def _health(name: str, state: dict[str, float], now: float) -> EndpointHealth:
    probe_at, cap = state.get("probe_at"), state.get("cap")
    is_probing = probe_at is not None and state.get("probe_until", 0) > now
    return EndpointHealth(
        endpoint=name,
        breaker="closed" if probe_at is None else "half_open" if is_probing else "open",
        failures_in_a_row=int(state.get("run", 0)),
        open_s=now - state["since"] if "since" in state else None,
        next_probe_s=None if probe_at is None or is_probing else max(0.0, probe_at - now),
        slowed_to_per_minute=None if cap is None else cap * 60,
        paused_s=max(0.0, state.get("pause", 0) - now),
    )
