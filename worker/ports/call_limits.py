"""The account of calls to judge models: what all processes together may ask, spend and have under way.

One exchange with an endpoint's account tells which calls ended and asks leave for further ones, all in one round trip.
A call that was let go holds a lease. A lease that nobody ends, because its process died, is charged in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, Protocol

from assay.judges.schema import HoldReason, Record

ALL = ""
"""The budget of all use cases together."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Rate limits that some calls share: an endpoint's, or one model's at it.

    Attributes:
        name: as all processes know it; within the endpoint. Empty for the endpoint itself, else the model.
        requests: requests in a period.
        tokens: tokens in a period, both ways together.
        concurrency: calls under way.
    """

    name: str
    requests: float | None = None
    tokens: float | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a use case, or `ALL`, may cost in a UTC day and in a calendar month, in USD."""

    use_case: str
    per_day: float | None = None
    per_month: float | None = None


@dataclass(frozen=True, slots=True)
class CallAsk:
    """A call that wants to go.

    Attributes:
        lease: the name of its lease, unique.
        model: the model asked. Calls to one model are served in the order of the processes that wait.
        tokens: the most it may use.
        usd: the most it may cost. None: its model has no price.
        golden: it goes before traffic.
        scopes: the limits that hold it.
        budgets: the budgets that pay it.
    """

    lease: str
    model: str
    tokens: float
    usd: float | None = 0.0
    golden: bool = False
    scopes: tuple[Scope, ...] = ()
    budgets: tuple[Budget, ...] = ()


EndKind = Literal["answered", "rejected", "refused", "denied", "failed", "timed_out", "cancelled", "unused"]
"""How a call ended. `rejected`: an answer that costs nothing. `refused`: 429. `unused`: it was never made.

`denied`: the key or the quota was refused, as they would be for any other call. It fails like one without an answer."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A call that ended.

    Attributes:
        kind: how.
        lease: its lease; empty where it needed none.
        tokens: what it used. None: its bound.
        usd: what it cost. None: its bound, or not known.
        begun_before: calls of this process that began lately and were told to nobody.
        answered_s_ago: when the last one of them was answered; None: there was none.
        retry_after_s: the endpoint's own wish, after `refused`.
    """

    kind: EndKind
    lease: str = ""
    tokens: float | None = None
    usd: float | None = None
    begun_before: int = 0
    answered_s_ago: float | None = None
    retry_after_s: float | None = None


class Leave(NamedTuple):
    """The answer to one ask: go, or why not and for how long about."""

    granted: bool
    reason: HoldReason = "limit"
    wait_s: float = 0.0
    budget: str = ALL
    """Whose budget it is that is spent."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The answer to an exchange.

    Attributes:
        leaves: one for each ask, in their order.
        is_watched: a breaker counts or is open, or 429s slow the fleet: tell the account of every call.
        each_s: about how many seconds one more call of the same size waits for each one before it.
        again_s: after how many seconds to report again, with nothing new if there is nothing: the account of all
            processes was not told something yet. 0: it knows all.
    """

    leaves: tuple[Leave, ...] = ()
    is_watched: bool = False
    each_s: float = 0.0
    again_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a process says in one exchange.

    Attributes:
        endpoint: whose account.
        process: who says it, unique.
        ends: calls that ended.
        asks: calls that want to go, in the order in which they are to be served.
        lease_s: for how long a lease holds, in seconds. Longer than any call.
        number: higher than that of every report of this process before. An account that is told the same report
            twice, by a connection that was lost, hears it once; one that comes after a later one it does not hear.
            0: reports are not numbered.
    """

    endpoint: str
    process: str
    ends: Sequence[CallEnd] = ()
    asks: Sequence[CallAsk] = ()
    lease_s: float = 120.0
    number: int = 0


class CallAccount(Protocol):
    """The account of all endpoints: Redis in the fleet, memory within one process.

    Raises (all methods):
        StateUnavailable
    """

    async def exchange(self, report: Report) -> Exchange:
        """Take in the calls that ended, then let calls go.

        Ending a lease twice changes nothing, and asking for one that is held gives it once.
        """
        ...


class LimitUse(Record):
    """A limit and its use: of the last period; for `concurrency` the calls under way."""

    endpoint: str
    model: str = ""
    kind: Literal["requests", "tokens", "concurrency"]
    amount: float
    used: float


class BudgetUse(Record):
    """A budget and what is spent of it. `spent_usd` includes `reserved_usd`, the bound of calls under way."""

    use_case: str
    period: Literal["day", "month"]
    label: str
    limit_usd: float
    spent_usd: float
    reserved_usd: float


class EndpointHealth(Record):
    """What is in force at an endpoint besides its limits."""

    endpoint: str
    breaker: Literal["closed", "open", "half_open"] = "closed"
    failures_in_a_row: int = 0
    open_s: float | None = None
    next_probe_s: float | None = None
    slowed_to_per_minute: float | None = None
    paused_s: float = 0.0


class Spent(Record):
    """What was spent today and this month, reserved included, by the account's UTC clock."""

    day: str
    month: str
    day_usd: float = 0.0
    day_reserved_usd: float = 0.0
    month_usd: float = 0.0
    month_reserved_usd: float = 0.0


class UnknownEnds(Record):
    """Calls of which nobody knows how they ended. They were charged their bound, where that has a price."""

    calls: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0


@dataclass(frozen=True)
class EndpointUse:
    """An endpoint's account as it stands: use by scope and kind, and health."""

    health: EndpointHealth
    used: dict[tuple[str, str], float] = field(default_factory=dict)


class CallAccountReader(Protocol):
    """The account, to be read.

    Raises (all methods):
        StateUnavailable
    """

    async def endpoint(self, name: str, scopes: Sequence[str]) -> EndpointUse:
        """How an endpoint stands, and the use of these scopes."""
        ...

    async def spent(self, use_cases: Sequence[str]) -> dict[str, Spent]:
        """What was spent by these use cases; `ALL` for all together."""
        ...

    async def unknown_ends(self, first: date, last: date) -> UnknownEnds:
        """Calls without a known end on these UTC days together."""
        ...
