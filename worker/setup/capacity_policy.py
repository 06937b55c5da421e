"""What a deployment's files and past judgements say of one judgement, and of the limits of its endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.judges.llm.preview import models_asked
from assay.judges.rubric import Rubric
from assay.worker.config.limits import DEFAULT_ENDPOINT, EndpointLimits, ModelLimits
from assay.worker.setup.capacity_basis import Asked, EndpointBound, JudgementCost
from assay.worker.setup.capacity_constants import JUDGE_SECONDS
from assay.worker.setup.judge_cost import JudgeCost

UNKNOWN = "unknown: nothing was judged, and no trace is there to tell"
"""What calls, tokens and USD rest on where nothing is known."""


def judgement_cost(rubric: Rubric, cost: JudgeCost | None, seconds: float | None) -> JudgementCost:
    """What one judgement takes, from what many take.

    Args:
        rubric: by which.
        cost: of many judgements. None: there are none to tell.
        seconds: measured. None: they were not.
    """
    asked = tuple(
        Asked(endpoint=model.endpoint or DEFAULT_ENDPOINT, model=model.model) for _, model in models_asked(rubric)
    )
    local, scores = "local" in rubric.judge.tiers, len(rubric.scores) + 2  # and its state, and its label
    if not asked:
        free = "no model is asked: no key, no cost"
        return JudgementCost(rubric=rubric.name, scores=scores, asks_local=local, basis=free)
    known = cost is not None and cost.judgements > 0
    many = cost.judgements if cost is not None and known else 1

    def each(total: float | None) -> float | None:
        return None if total is None or not known else total / many

    return JudgementCost(
        rubric=rubric.name,
        asked=asked,
        calls=each(cost.calls if cost else None),
        tokens_in=each(cost.prompt_tokens if cost else None),
        tokens_out=each(cost.completion_tokens if cost else None),
        usd=each(cost.cost_usd if cost else None),
        seconds=JUDGE_SECONDS.value if seconds is None else seconds,
        scores=scores,
        is_measured=seconds is not None,
        asks_local=local,
        basis=cost.basis if cost is not None and known else UNKNOWN,
    )


def bounds_of(endpoints: Iterable[tuple[str, EndpointLimits]]) -> Iterator[EndpointBound]:
    """Limits of endpoints, and those of single models there."""
    for name, limits in endpoints:
        yield _bound(name, None, limits)
        for model, own in limits.models.items():
            yield _bound(name, model, own)


def _bound(endpoint: str, model: str | None, limits: ModelLimits) -> EndpointBound:
    return EndpointBound(
        endpoint=endpoint,
        model=model,
        requests_per_minute=limits.requests_per_minute,
        tokens_per_minute=limits.tokens_per_minute,
        concurrency=limits.concurrency,
    )
