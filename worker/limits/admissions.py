"""Leave for the calls of a process: a gate for each endpoint, an admission for each model at it."""

from __future__ import annotations

import itertools
import os
import secrets
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple

from assay.judges.errors import CallHeld, ConfigurationError
from assay.judges.models.admission import Admission, CallBound, Ticket
from assay.judges.models.call_context import call_context
from assay.judges.schema import Usage
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.limits.call_observer import CallObserver, ObservedCall
from assay.worker.limits.call_rules import CallRules, endpoint_key
from assay.worker.limits.gate import Gate, Place
from assay.worker.limits.patience import Patience
from assay.worker.ports.call_limits import ALL, CallAccount, CallAsk, CallEnd, EndKind


class OwnBounds(NamedTuple):
    """What one endpoint's own settings say of its calls.

    Attributes:
        slots: calls at once, of this process.
        lease_s: how long a lease holds, in seconds: longer than any call.
    """

    slots: int
    lease_s: float


class Admissions:
    """Hands out the admission of each model. One instance for a process, shared by all its evaluators."""

    def __init__(
        self,
        account: CallAccount,
        rules: CallRules,
        *,
        slots: int,
        patience: Patience,
        lease_s: float,
        own: Mapping[str, OwnBounds] | None = None,
        observe: CallObserver | None = None,
    ) -> None:
        """Keep what all admissions share.

        Args:
            account: never fails; see `SharedAccount`.
            rules: the limits and budgets in force.
            slots: calls at once to one endpoint, of this process.
            patience: how long calls wait in place.
            lease_s: how long a lease holds, in seconds: longer than any call.
            own: by the name of an endpoint, what counts there instead of `slots` and `lease_s`.
            observe: told of each call that ended.
        """
        self.rules = rules
        self.observe = observe
        self._account = account
        self._usual = OwnBounds(slots, lease_s)
        self._own = own or {}
        self._patience = patience
        self._process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._numbers = itertools.count()
        self._gates: dict[str, Gate] = {}

    def of(self, endpoint: str | None, model: str) -> Admission:
        """The admission of calls to a model at an endpoint, as rubrics name it; None: the usual one.

        Raises:
            ConfigurationError: the budget of all is to pay for a model without a price.
        """
        key = endpoint_key(endpoint)
        if self.rules.budgets_of(ALL) and self.rules.bound_usd(key, model, 1, 1) is None:
            raise unpriced(key, model, ALL)
        if key not in self._gates:
            bounds = self._own.get(key, self._usual)
            place = Place(key, self._process, bounds.slots, self._patience, bounds.lease_s)
            self._gates[key] = Gate(place, self._account)
        return _ModelAdmission(self, self._gates[key], key, model)

    def new_lease(self) -> str:
        """The name of a lease that no other process gives."""
        return f"{self._process}:{next(self._numbers)}"

    async def close(self) -> None:
        """Tell the account what it was not told yet."""
        for gate in self._gates.values():
            await gate.close()


class _ModelAdmission:
    """`assay.judges.models.admission.Admission` of one model at one endpoint."""

    def __init__(self, shared: Admissions, gate: Gate, endpoint: str, model: str) -> None:
        self._shared = shared
        self._gate = gate
        self._endpoint = endpoint
        self.model = model

    @property
    def rules(self) -> CallRules:
        """The rules in force now: an edit of assay.yaml replaces them."""
        return self._shared.rules

    def cost_usd(self, served: str, usage: Usage) -> float | None:
        """What a call did cost."""
        return self.rules.cost_usd(self._endpoint, self.model, served, usage)

    def observe(self, outcome: EndKind, seconds: float, answer: _Answer | None) -> None:
        """Tell whoever counts calls."""
        if self._shared.observe is None:
            return
        served, usage, cost_usd = answer or ("", None, None)
        context = call_context()
        self._shared.observe(
            ObservedCall(
                *(self._endpoint, self.model, served, outcome, seconds, usage, cost_usd),
                *(context.use_case, context.purpose),
            )
        )

    async def admit(self, bound: CallBound) -> Ticket:
        """Wait for leave.

        Raises:
            CallHeld: no leave for longer than it is worth waiting here.
            ConfigurationError: a budget is to pay for a model without a price.
        """
        context, rules = call_context(), self.rules
        budgets = rules.budgets_of(context.use_case)
        usd = rules.bound_usd(self._endpoint, self.model, bound.prompt_tokens, bound.completion_tokens)
        if budgets and usd is None:
            raise unpriced(self._endpoint, self.model, budgets[0].use_case)
        ask = CallAsk(
            self._shared.new_lease(),
            self.model,
            bound.prompt_tokens + bound.completion_tokens,
            usd,
            context.purpose == "golden",
            rules.scopes(self._endpoint, self.model),
            budgets,
        )
        has_lease = await self._gate.enter(ask)
        return _Ticket(self, self._gate, ask, has_lease=has_lease)


class _Answer(NamedTuple):
    """What answered, what it used, and what that cost."""

    model_served: str
    usage: Usage
    cost_usd: float | None


class _Ticket:
    """`assay.judges.models.admission.Ticket`: a call under way. Only its first end counts."""

    __slots__ = ("_admission", "_ask", "_begun", "_gate", "_has_lease", "_is_closed")

    def __init__(self, admission: _ModelAdmission, gate: Gate, ask: CallAsk, *, has_lease: bool) -> None:
        self._admission = admission
        self._gate = gate
        self._ask = ask
        self._has_lease = has_lease
        self._is_closed = False
        self._begun = time.monotonic()

    async def answered(self, usage: Usage, *, latency_s: float, model_served: str = "") -> None:
        """The endpoint answered, and used this much."""
        tokens = usage.prompt_tokens + usage.completion_tokens if usage.prompt_tokens else None
        usd = self._admission.cost_usd(model_served, usage)
        answer = _Answer(model_served, usage, usd)
        await self._end(
            "answered", tokens=tokens, usd=usd if self._has_lease else None, answer=answer, latency_s=latency_s
        )

    async def refused(self, *, retry_after_s: float | None) -> None:
        """The endpoint said to slow down."""
        await self._end("refused", tokens=0.0, usd=0.0, retry_after_s=retry_after_s)

    async def rejected(self) -> None:
        """The endpoint turned the request down."""
        await self._end("rejected", tokens=0.0, usd=0.0)

    async def denied(self) -> CallHeld | None:
        """Key or quota were refused."""
        await self._end("denied", tokens=0.0, usd=0.0)
        return self._gate.held()

    async def failed(self) -> None:
        """There was no answer."""
        await self._end("failed", tokens=0.0, usd=0.0)

    async def unknown(self, *, timed_out: bool = True) -> None:
        """Nobody knows whether it was paid."""
        await self._end("timed_out" if timed_out else "cancelled", usd=None if self._has_lease else self._ask.usd)

    async def _end(
        self,
        kind: EndKind,
        *,
        tokens: float | None = None,
        usd: float | None = None,
        retry_after_s: float | None = None,
        answer: _Answer | None = None,
        latency_s: float | None = None,
    ) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._admission.observe(kind, time.monotonic() - self._begun if latency_s is None else latency_s, answer)
        lease = self._ask.lease if self._has_lease else ""
        await self._gate.leave(CallEnd(kind, lease, tokens, usd, retry_after_s=retry_after_s))


def unpriced(endpoint: str, model: str, use_case: str) -> ConfigurationError:
    """The error of a budget that is to pay for a model without a price."""
    key = f"use_cases.{use_case}.budget_usd" if use_case else "limits.usd"
    return ConfigurationError(
        f"{CONFIG_FILE}: {key}_per_day or _per_month: model {model} has no price, so no budget holds it; "
        f"add it to a price file (`prices` in {CONFIG_FILE}), set limits.endpoints.{endpoint}.free if its calls cost "
        "nothing, or remove the budget"
    )
