"""What judgements by a rubric take: tokens and US dollars, unknown where something of it is."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from assay.judges.prices import total_cost
from assay.judges.schema import Record


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
        cost_usd: US dollars, of calls that are made at once. None where a price is unknown.
        batch_usd: the same where calls that can wait are made in their provider's batches. None: not known.
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
    batch_usd: float | None = None
    basis: str

    def scaled(self, judgements: int) -> JudgeCost:
        """What another number of judgements by the rubric cost."""
        if not self.judgements or judgements == self.judgements:
            return self.model_copy(update={"judgements": judgements})
        share = judgements / self.judgements
        counts = {name: getattr(self, name) for name in ("calls", "prompt_tokens", "completion_tokens")}
        dollars = {name: getattr(self, name) for name in ("cost_usd", "batch_usd")}
        numbers: dict[str, float | None] = {n: None if v is None else round(v * share) for n, v in counts.items()}
        numbers |= {name: None if value is None else value * share for name, value in dollars.items()}
        return self.model_copy(update={"judgements": judgements, **numbers})


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
