"""Budgets and provider batches: half the bound is reserved when a call is handed in, and settled when it comes back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence

from assay.judges.errors import CallHeld, EvaluationError
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.batches.deferral import BATCH_PRICE_SHARE, DeferredCall
from assay.judges.models.endpoint_settings import ProtocolName
from assay.judges.models.protocols import protocol_of
from assay.worker.limits.admissions import unpriced
from assay.worker.limits.call_rules import CallRules
from assay.worker.ports.batch_jobs import SENT_S
from assay.worker.ports.call_limits import CallAccount, CallAsk, CallEnd, Report
from assay.worker.records.batch_jobs import BatchJob

LOOK_AGAIN_S = 600.0
"""Seconds after which a call that no budget has room for is tried again: somebody may have raised it."""


class AccountMoney:
    """`assay.worker.flow.batch_calls.money.BatchMoney` over the account of model calls.

    Each call holds a lease under its key for as long as its batch may take. A lease that nobody ends is charged in
    full. Rate limits and breakers are of live calls: batches have an account of their own at each endpoint.
    """

    def __init__(
        self, account: CallAccount, rules: Callable[[], CallRules], protocol: Callable[[str], ProtocolName | None]
    ) -> None:
        """Keep the parts.

        Args:
            account: of all processes.
            rules: budgets and prices in force.
            protocol: what an endpoint speaks, by its name. None: it is not configured any more.
        """
        self._account = account
        self._rules = rules
        self._protocol = protocol
        self._process = f"batches:{secrets.token_hex(6)}"

    async def reserve(self, call: DeferredCall, use_case: str) -> None:
        """Reserve half of what the call costs at most. See `BatchMoney.reserve`."""
        rules = self._rules()
        budgets = rules.budgets_of(use_case)
        if not budgets:
            return
        bound = rules.bound_usd(call.place.name, call.model, call.bound.prompt_tokens, call.bound.completion_tokens)
        if bound is None:
            raise unpriced(call.place.name, call.model, budgets[0].use_case)
        ask = CallAsk(call.key, call.model, 0.0, bound * BATCH_PRICE_SHARE, budgets=budgets)
        (leave,) = (await self._account.exchange(self._report(call.place.name, asks=[ask]))).leaves
        if not leave.granted:
            whose = f"of use case {leave.budget}" if leave.budget else "of all use cases"
            message = f"the budget {whose} is spent"
            raise CallHeld(message, reason="budget", retry_after_s=min(leave.wait_s or LOOK_AGAIN_S, LOOK_AGAIN_S))

    async def answered(self, job: BatchJob, bodies: Mapping[str, bytes]) -> None:
        """Charge what answered calls used, at half the list price.

        Also where there is no budget any more: one may have been taken out of assay.yaml since they were handed in, and
        what it reserved would be charged in full.
        """
        await self._end(job.endpoint, {key: self._cost_usd(job, body) for key, body in bodies.items()})

    async def released(self, endpoint: str, keys: Sequence[str]) -> None:
        """Calls were not answered, and cost nothing. Whatever was reserved for them is free, see `answered`."""
        await self._end(endpoint, dict.fromkeys(keys, 0.0))

    async def _end(self, endpoint: str, costs: Mapping[str, float | None]) -> None:
        ends = [CallEnd("answered", key, tokens=0.0, usd=usd) for key, usd in costs.items()]
        if ends:
            await self._account.exchange(self._report(endpoint, ends=ends))

    def _report(self, endpoint: str, *, ends: Sequence[CallEnd] = (), asks: Sequence[CallAsk] = ()) -> Report:
        return Report(f"{endpoint}~batches", self._process, ends, asks, lease_s=SENT_S)

    def _cost_usd(self, job: BatchJob, body: bytes) -> float | None:
        """What an answer cost; None: not known, and its bound is charged."""
        protocol = self._protocol(job.endpoint)
        if protocol is None:
            return None
        try:
            reply = protocol_of(protocol).read(json.loads(body), asked_model=job.model, latency_s=0.0)
            usage, served = reply.usage, reply.model_served
        except (EvaluationError, AnswerError) as exc:
            usage, served = exc.usage, ""
        except (ValueError, RecursionError):
            return None
        cost = self._rules().cost_usd(job.endpoint, job.model, served, usage) if usage.prompt_tokens else None
        return None if cost is None else cost * BATCH_PRICE_SHARE
