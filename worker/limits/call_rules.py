"""Which limits hold a call and which budgets pay it, by assay.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.judges.prices import Price, PriceTable
from assay.judges.schema import Usage
from assay.worker.config.deployment import Deployment
from assay.worker.config.limits import DEFAULT_ENDPOINT, Limits, ModelLimits
from assay.worker.config.price_file import packaged_prices
from assay.worker.ports.call_limits import ALL, Budget, Scope


@dataclass(frozen=True)
class CallRules:
    """The limits and budgets in force, and what models cost."""

    limits: Limits = field(default_factory=Limits)
    budgets: dict[str, Budget] = field(default_factory=dict)
    prices: PriceTable = field(default_factory=packaged_prices)
    _scopes: dict[tuple[str, str], tuple[Scope, ...]] = field(default_factory=dict, compare=False)
    _price_of: dict[str, Price | None] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, deployment: Deployment, prices: PriceTable | None = None) -> CallRules:
        """The rules of a deployment. Without prices, the packaged ones count."""
        asked = [Budget(ALL, deployment.limits.usd_per_day, deployment.limits.usd_per_month)]
        asked += [
            Budget(case.name, case.budget_usd_per_day, case.budget_usd_per_month) for case in deployment.use_cases
        ]
        budgets = {b.use_case: b for b in asked if b.per_day or b.per_month}
        return cls(deployment.limits, budgets, prices or packaged_prices())

    def scopes(self, endpoint: str, model: str) -> tuple[Scope, ...]:
        """The rate limits of calls to a model at an endpoint."""
        known = self._scopes.get((endpoint, model))
        if known is None:
            limits = self.limits.endpoints.get(endpoint)
            asked = [("", limits), (model, limits.models.get(model) if limits else None)]
            known = tuple(scope for name, each in asked if each and (scope := _scope(name, each)))
            self._scopes[endpoint, model] = known
        return known

    def budgets_of(self, use_case: str) -> tuple[Budget, ...]:
        """The budgets that pay for a use case; for work of none, only that of all."""
        return tuple(self.budgets[name] for name in dict.fromkeys((ALL, use_case)) if name in self.budgets)

    def bound_usd(self, endpoint: str, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """The most that a call costs, in USD. None: its model has no price."""
        if self._is_free(endpoint):
            return 0.0
        if model not in self._price_of:
            self._price_of[model] = self.prices.price(model)
        price = self._price_of[model]
        if price is None:
            return None
        return (prompt_tokens * price.input + completion_tokens * price.output) / 1_000_000

    def cost_usd(self, endpoint: str, asked: str, served: str, usage: Usage) -> float | None:
        """What a call did cost, in USD, by the model that served it. None: not known."""
        if self._is_free(endpoint):
            return 0.0
        model = served if served and self.prices.price(served) else asked
        return self.prices.cost(model, usage)

    def _is_free(self, endpoint: str) -> bool:
        limits = self.limits.endpoints.get(endpoint)
        return limits is not None and limits.free


def _scope(name: str, limits: ModelLimits) -> Scope | None:
    held = (limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency)
    return Scope(name, *held) if any(held) else None


def endpoint_key(named: str | None) -> str:
    """What `limits` in assay.yaml call an endpoint that rubrics name so; None: the usual one."""
    return named or DEFAULT_ENDPOINT
