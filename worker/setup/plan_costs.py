"""What judgements take: tokens and US dollars, measured where the fleet has judged, else estimated from some traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

from pydantic import Field

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.llm.call_plan import TOO_EXPENSIVE, drawn
from assay.judges.llm.preview import asks_for, calls_for, estimated_tokens, models_asked
from assay.judges.prices import PriceTable, total_cost
from assay.judges.rubric import JudgeName, LlmOptions, Rubric, SpendOptions
from assay.judges.schema import Record, Usage
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.verdicts import KeptVerdict, unpack
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.source import TraceReader
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.traces import Trace, TraceKey

MOST_MEASURED, MOST_ESTIMATED = 200, 20
"""Judgements that are measured, and traces that are looked at where nothing was judged yet."""

LOOK_BACK = timedelta(days=2)
"""How far back measured judgements may lie: verdicts are kept for a day."""

_LEAST_MEASURED = 5

COMPLETION_TOKENS = 150
"""Tokens that a model's answer is taken for where none was measured: verdicts on about eight sentences."""


class JudgeCost(Record):
    """What the judgements by one rubric cost.

    Attributes:
        rubric: its name.
        tiers: the judges it names, from the first to the last.
        models: the models that may be asked.
        judgements: how many judgements it is for.
        calls: how many calls to models. None where nothing is known about them.
        prompt_tokens: tokens in. None where nothing is known about them.
        completion_tokens: tokens out.
        cost_usd: US dollars. None where a price is unknown.
        basis: what the figures rest on, or why there are none.
    """

    rubric: str
    tiers: tuple[str, ...]
    models: tuple[str, ...] = ()
    judgements: int
    calls: int | None = Field(0, ge=0)
    prompt_tokens: int | None = Field(0, ge=0)
    completion_tokens: int | None = Field(0, ge=0)
    cost_usd: float | None = 0.0
    basis: str


@dataclass(frozen=True)
class CostEstimator:
    """Knows what judgements took, or would take."""

    ledger: LedgerReader
    verdicts: VerdictCache
    source: TraceReader
    prices: PriceTable

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
            return _from_measured(cost, measured)
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
        return [verdict for verdict in verdicts if verdict is not None and verdict.outcome.verdict is not None]

    async def _estimated(self, cost: JudgeCost, rubric: Rubric, keys: Sequence[TraceKey]) -> JudgeCost:
        """From the prompts that some traces would make. Every judgement is taken to ask every model."""
        fetched = await self.source.fetch_traces(keys[:MOST_ESTIMATED]) if keys else {}
        traces = [trace for trace in fetched.values() if isinstance(trace, Trace)]
        by_tier = {tier: await in_thread(_usages, traces, rubric, tier) for tier, _ in models_asked(rubric)}
        usages = next(iter(by_tier.values()), [])
        if not usages:
            unknown = {"calls": None, "prompt_tokens": None, "completion_tokens": None, "cost_usd": None}
            return cost.model_copy(update={**unknown, "basis": "unknown: nothing was judged by it yet"})
        asked = [(model.model, _mean(by_tier[tier])) for tier, model in models_asked(rubric)]
        dollars = total_cost(self.prices.cost(model, usage) for model, usage in asked)
        skipped = sum(not usage.calls for usage in usages)
        basis = f"estimated from the prompts of {len(usages)} traces, each asking every model"
        basis += f"; {skipped} of them take more calls than the rubric allows and would be skipped" if skipped else ""
        calls = sum(fmean(usage.calls for usage in by_tier[tier]) for tier, _ in models_asked(rubric))
        return cost.model_copy(
            update={
                "calls": round(cost.judgements * calls),
                "prompt_tokens": cost.judgements * sum(usage.prompt_tokens for _, usage in asked),
                "completion_tokens": cost.judgements * sum(usage.completion_tokens for _, usage in asked),
                "cost_usd": None if dollars is None else cost.judgements * dollars,
                "basis": basis + _price_note(self.prices, cost.models),
            }
        )


def _usages(traces: Sequence[Trace], rubric: Rubric, tier: JudgeName) -> list[Usage]:
    """What one model of a tier would take for each trace that can be judged."""
    return [usage for trace in traces if (usage := prompt_usage(trace, rubric, tier)) is not None]


def prompt_usage(trace: Trace, rubric: Rubric, tier: JudgeName) -> Usage | None:
    """About what one model would be sent for a trace: nothing where that is too expensive for the rubric.

    None where the trace cannot be judged.
    """
    try:
        sample = build_sample(trace, rubric.sample)
        planned, _ = calls_for(sample, rubric, tier)
        calls = [planned[number] for number in drawn(len(planned), sample, _options(rubric, tier))]
    except UnjudgeableSample as exc:
        return Usage() if exc.reason == TOO_EXPENSIVE else None
    per_call = 1 if asks_for(rubric, tier) in ("probabilities", "one word a sentence") else COMPLETION_TOKENS
    return Usage(
        calls=len(calls),
        prompt_tokens=sum(estimated_tokens(messages) for messages in calls),
        completion_tokens=per_call * len(calls),
    )


def _options(rubric: Rubric, tier: JudgeName) -> SpendOptions:
    """What asking a tier about one sample may take. A panel's members have the usual bounds, or those of `llm`."""
    if tier == "decision" and rubric.judge.decision is not None:
        return rubric.judge.decision
    return rubric.judge.llm or LlmOptions(model=tier)


def _is_measurable(entry: LedgerEntry, rubric: str, digest: str) -> bool:
    return entry.promise.rubric == rubric and entry.promise.rubric_hash == digest


def _from_measured(cost: JudgeCost, measured: Sequence[KeptVerdict]) -> JudgeCost:
    verdicts = [kept.outcome.verdict for kept in measured if kept.outcome.verdict is not None]
    dollars = total_cost(verdict.cost_usd for verdict in verdicts)
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


class CostTotals(Record):
    """Tokens and US dollars of all rubrics. None where one of them is not known."""

    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    cost_usd: float | None = 0.0

    @classmethod
    def of(cls, costs: Sequence[JudgeCost]) -> CostTotals:
        """The sum."""
        tokens = [(cost.prompt_tokens, cost.completion_tokens) for cost in costs]
        known = [(sent, got) for sent, got in tokens if sent is not None and got is not None]
        is_known = len(known) == len(tokens)
        return cls(
            prompt_tokens=sum(sent for sent, _ in known) if is_known else None,
            completion_tokens=sum(got for _, got in known) if is_known else None,
            cost_usd=total_cost(cost.cost_usd for cost in costs),
        )
