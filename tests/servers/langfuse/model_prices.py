"""The few models the recordings know: id and prices per token, as v2/observations shows them."""

from __future__ import annotations

from typing import Any

# name -> id, input price, output price, total price; prices are texts there.
MODELS: dict[str, tuple[str, str | None, str | None, str | None]] = {
    "gpt-4o-mini": ("clyrjp56f0000t0mzapoocd7u", "1.5e-7", "6e-7", None),
    "gpt-4o-mini-2024-07-18": ("clyrjpbe20000t0mzcbwc42rg", "1.5e-7", "6e-7", None),
    "gpt-4o-2024-08-06": ("clzjr85f70000ymmzg7hqffra", "0.0000025", "0.00001", None),
    "gpt-4.1": ("cm7nusn643377tvmzh27m33kl", "0.000002", "0.000008", None),
    "gpt-4.1-mini": ("cm7zzrs1327124dhjtb95w8p96", "4e-7", "0.0000016", None),
    "gpt-4.1-nano": ("cm7zxrs1327124dhjtb95w8f45", "1e-7", "4e-7", None),
    "claude-sonnet-4-5": ("c5qmrqolku82tra3vgdixmys", "0.000003", "0.000015", None),
    "text-embedding-3-small": ("clruwn3pc00010al7bl611c8o", None, None, "2e-8"),
}


def priced(model: str, usage: dict[str, int], given_cost: dict[str, float]) -> dict[str, Any]:
    """The model, usage and cost columns of an observation; an unknown model has no id and no cost."""
    known = MODELS.get(model)
    cost = dict(given_cost) or (_cost(known, usage) if known else {})
    found: dict[str, Any] = {
        "model": model,
        "usageDetails": usage,
        "inputUsage": usage.get("input", 0),
        "outputUsage": usage.get("output", 0),
        "totalUsage": usage.get("total", 0),
        "costDetails": cost,
        "inputCost": cost.get("input"),
        "outputCost": cost.get("output"),
        "totalCost": cost.get("total", 0),
    }
    if known is None:
        return found
    model_id, *prices = known
    found |= {"internalModelId": model_id, "modelId": model_id}
    found |= dict(zip(("inputPrice", "outputPrice", "totalPrice"), prices, strict=True))
    if cost and not given_cost:
        found |= {"usagePricingTierId": f"{model_id}_tier_default", "usagePricingTierName": "Standard"}
    return found


def _cost(known: tuple[str, str | None, str | None, str | None], usage: dict[str, int]) -> dict[str, float]:
    prices = dict(zip(("input", "output", "total"), known[1:], strict=True))
    cost = {
        key: round(usage[key] * float(price), 12) for key, price in prices.items() if price is not None and key in usage
    }
    return cost if "total" in cost or not cost else {**cost, "total": round(sum(cost.values()), 12)}
