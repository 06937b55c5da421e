"""What judgements take: tokens and US dollars, measured where the fleet has judged, else estimated from some traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean

from assay.judges.call_plan import TOO_EXPENSIVE, CallPlan, affordable, drawn, plan_of_call
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.llm.preview import asks_for, calls_for, estimated_tokens, models_asked
from assay.judges.models.base import ChatMessage
from assay.judges.models.batches.deferral import BATCH_PRICE_SHARE
from assay.judges.prices import PriceTable, total_cost
from assay.judges.rubric import JudgeName, LlmOptions, ModelAt, Rubric, SpendOptions
from assay.judges.schema import Usage, Verdict
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.verdicts import KeptVerdict, unpack
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.source import TraceReader
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.setup.judge_cost import JudgeCost
from assay.worker.setup.plan_record import RecordedCost, cost_from_record

MOST_MEASURED, MOST_ESTIMATED = 200, 20
"""Judgements that are measured, and traces that are looked at where nothing was judged yet."""

LOOK_BACK = timedelta(days=2)
"""How far back measured judgements may lie: verdicts are kept for a day."""

_LEAST_MEASURED = 5

_SHORT_ANSWER = 4
"""Tokens of a reply that is one word."""

COMPLETION_TOKENS = 150
"""Tokens that a model's answer is taken for where none was measured: verdicts on about eight sentences."""


@dataclass(frozen=True)
class CostEstimator:
    """Knows what judgements took, or would take."""

    ledger: LedgerReader
    verdicts: VerdictCache
    source: TraceReader
    prices: PriceTable
    has_batches: Callable[[ModelAt], bool] = lambda _: True
    """Whether calls to a model can be made in batches."""
    recorded: Mapping[tuple[str, str], RecordedCost] = field(default_factory=dict)
    """What past judgements took, by rubric and its version: they are known for longer than verdicts are kept."""

    async def cost(self, rubric: Rubric, judgements: int, keys: Sequence[TraceKey], today: date) -> JudgeCost:
        """What so many judgements by a rubric cost.

        Args:
            rubric: the rubric.
            judgements: how many.
            keys: some traces that would be judged.
            today: the current UTC day.

        Raises:
            StateUnavailable, StoreUnavailable
        """
        models = tuple(dict.fromkeys(m.model for tier in rubric.judge.tiers for m in rubric.judge.models(tier)))
        cost = JudgeCost(
            rubric=rubric.name,
            tiers=rubric.judge.tiers,
            models=models,
            judgements=judgements,
            basis="no model is asked: no key, no cost",
        )
        if not models or not judgements:
            return cost
        measured = await self._measured(rubric, today)
        if len(measured) >= _LEAST_MEASURED:
            return self._with_batches(_from_measured(cost, measured, self.prices), rubric)
        recorded = self.recorded.get((rubric.name, rubric.content_hash()))
        if recorded is not None and recorded.judgements >= _LEAST_MEASURED:
            return cost_from_record(cost, recorded)
        return await self._estimated(cost, rubric, keys)

    async def _measured(self, rubric: Rubric, today: date) -> list[KeptVerdict]:
        """Verdicts that are still kept, and were given under this version of the rubric."""
        keys: list[str] = []
        digest = rubric.content_hash()
        async for entry in self.ledger.scan(today - LOOK_BACK, today):
            if _is_measurable(entry, rubric.name, digest) and entry.judgement is not None:
                keys.append(entry.judgement.verdict_key)
            if len(keys) >= MOST_MEASURED:
                break
        kept = await self.verdicts.kept(list(dict.fromkeys(keys))) if keys else {}
        verdicts = [await in_thread(unpack, raw) for raw in kept.values()]
        scored = [verdict for verdict in verdicts if verdict is not None and verdict.outcome.verdict is not None]
        # The tokens of several models are not told apart, and so neither is the list price of what came in batches.
        return [kept for kept in scored if len(models_asked(rubric)) == 1 or not _came_in_batch(kept.outcome.verdict)]

    def _with_batches(self, cost: JudgeCost, rubric: Rubric) -> JudgeCost:
        """What a measured cost would be in batches. Where only some models have them nobody knows their part of it."""
        have = {self.has_batches(model) for _, model in models_asked(rubric)}
        if cost.cost_usd is None or len(have) != 1:
            return cost
        share = BATCH_PRICE_SHARE if have == {True} else 1.0
        return cost.model_copy(update={"batch_usd": share * cost.cost_usd})

    async def _estimated(self, cost: JudgeCost, rubric: Rubric, keys: Sequence[TraceKey]) -> JudgeCost:
        """From the prompts that some traces would make. Every judgement is taken to ask every model."""
        fetched = await self.source.fetch_traces(keys[:MOST_ESTIMATED]) if keys else {}
        traces = [trace for trace in fetched.values() if isinstance(trace, Trace)]
        tiers = dict.fromkeys(tier for tier, _ in models_asked(rubric))
        by_tier = {tier: await in_thread(_usages, traces, rubric, tier, self.prices) for tier in tiers}
        usages = next(iter(by_tier.values()), [])
        if not usages:
            unknown = {"calls": None, "prompt_tokens": None, "completion_tokens": None, "cost_usd": None}
            return cost.model_copy(update={**unknown, "basis": "unknown: nothing was judged by it yet"})
        asked = [(model.model, _mean(by_tier[tier])) for tier, model in models_asked(rubric)]
        costs = [self.prices.cost(model, usage) for model, usage in asked]
        shares = [BATCH_PRICE_SHARE if self.has_batches(model) else 1.0 for _, model in models_asked(rubric)]
        dollars = total_cost(costs)
        halved = total_cost(usd if usd is None else usd * share for usd, share in zip(costs, shares, strict=True))
        skipped = sum(not usage.calls for usage in usages)
        basis = f"estimated from the prompts of {len(usages)} traces, each asking every model"
        basis += f"; {skipped} of them take more than the rubric allows and would be skipped" if skipped else ""
        calls = sum(fmean(usage.calls for usage in by_tier[tier]) for tier, _ in models_asked(rubric))
        return cost.model_copy(
            update={
                "calls": round(cost.judgements * calls),
                "prompt_tokens": cost.judgements * sum(usage.prompt_tokens for _, usage in asked),
                "completion_tokens": cost.judgements * sum(usage.completion_tokens for _, usage in asked),
                "cost_usd": None if dollars is None else cost.judgements * dollars,
                "batch_usd": None if halved is None else cost.judgements * halved,
                "basis": basis + _price_note(self.prices, cost.models),
            }
        )


def _usages(traces: Sequence[Trace], rubric: Rubric, tier: JudgeName, prices: PriceTable) -> list[Usage]:
    """What one model of a tier would take for each trace that can be judged."""
    return [usage for trace in traces if (usage := prompt_usage(trace, rubric, tier, prices)) is not None]


def prompt_usage(trace: Trace, rubric: Rubric, tier: JudgeName, prices: PriceTable) -> Usage | None:
    """About what one model would be sent for a trace: nothing where that is too expensive for the rubric.

    None where the trace cannot be judged.
    """
    try:
        sample = build_sample(trace, rubric.sample)
        planned, _ = calls_for(sample, rubric, tier)
        calls = [planned[number] for number in drawn(len(planned), sample, _options(rubric, tier))]
        calls = calls[: _affordable(calls, rubric, tier, prices)]
    except UnjudgeableSample as exc:
        return Usage() if exc.reason == TOO_EXPENSIVE else None
    per_call = 1 if asks_for(rubric, tier) in ("probabilities", "one word a sentence") else COMPLETION_TOKENS
    return Usage(
        calls=len(calls),
        prompt_tokens=sum(estimated_tokens(messages) for messages in calls),
        completion_tokens=per_call * len(calls),
    )


def _affordable(calls: Sequence[Sequence[ChatMessage]], rubric: Rubric, tier: JudgeName, prices: PriceTable) -> int:
    """How many of the calls the rubric's price allows, all models of the tier together. Without prices: all.

    Raises:
        UnjudgeableSample: not even one, or not all of them where the rubric says to skip then.
    """
    options, models = _options(rubric, tier), [each.model for each in rubric.judge.models(tier)]
    if options.max_usd is None or any(prices.price(model) is None for model in models):
        return len(calls)
    asks = asks_for(rubric, tier)
    schema = REPLY_SCHEMA if asks == "a table" else {}
    most = options.max_tokens if isinstance(options, LlmOptions) and asks in ("a table", "grades") else _SHORT_ANSWER
    plans = [
        sum((plan_of_call(call, schema, most, model=model, prices=prices) for model in models), start=CallPlan())
        for call in calls
    ]
    return affordable(plans, options, ", ".join(models))


def _options(rubric: Rubric, tier: JudgeName) -> SpendOptions:
    """What asking a tier about one sample may take. A panel has its own bounds, or those of `llm`."""
    if tier == "panel":
        return rubric.judge.member_options()
    if tier == "decision" and rubric.judge.decision is not None:
        return rubric.judge.decision
    return rubric.judge.llm or LlmOptions(model=tier)


def _is_measurable(entry: LedgerEntry, rubric: str, digest: str) -> bool:
    return entry.promise.rubric == rubric and entry.promise.rubric_hash == digest


def _came_in_batch(verdict: Verdict | None) -> bool:
    return verdict is not None and ("in a batch" in verdict.cost_basis or "another trace" in verdict.cost_basis)


def _live_usd(verdict: Verdict, prices: PriceTable) -> float | None:
    """What a verdict costs where its calls are made at once."""
    if not _came_in_batch(verdict):
        return verdict.cost_usd
    names = [name for name in (verdict.model_served, verdict.model_requested) if name]
    return next((usd for name in names if (usd := prices.cost(name, verdict.usage)) is not None), None)


def _from_measured(cost: JudgeCost, measured: Sequence[KeptVerdict], prices: PriceTable) -> JudgeCost:
    verdicts = [kept.outcome.verdict for kept in measured if kept.outcome.verdict is not None]
    dollars = total_cost(_live_usd(verdict, prices) for verdict in verdicts)
    unknown = next((verdict.cost_basis for verdict in verdicts if verdict.cost_usd is None), "")
    share = cost.judgements / len(verdicts)
    basis = f"measured on {len(verdicts)} judgements" + (f"; {unknown}" if unknown else "")
    return cost.model_copy(
        update={
            "calls": round(share * sum(verdict.usage.calls for verdict in verdicts)),
            "prompt_tokens": round(share * sum(verdict.usage.prompt_tokens for verdict in verdicts)),
            "completion_tokens": round(share * sum(verdict.usage.completion_tokens for verdict in verdicts)),
            "cost_usd": None if dollars is None else share * dollars,
            "basis": basis,
        }
    )


def _mean(usages: Sequence[Usage]) -> Usage:
    return Usage(
        calls=1,
        prompt_tokens=max(1, round(fmean(usage.prompt_tokens for usage in usages))),
        completion_tokens=round(fmean(usage.completion_tokens for usage in usages)),
    )


def _price_note(prices: PriceTable, models: Sequence[str]) -> str:
    unknown = [model for model in models if prices.price(model) is None]
    return f"; cost unknown: no price for {', '.join(unknown)}" if unknown else f"; list prices as of {prices.checked}"
