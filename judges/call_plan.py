"""What judging one sample takes at most, told before its first call, and what is done where that is too much.

A rubric bounds the calls of a sample (`max_calls`) and their price (`max_usd`). Beyond that the sample is
skipped, or a random part of its calls is made (`too_expensive: sample`). The draw is by hash of the sample's id, which
whoever writes the text does not know: the same on every machine and retry, and nobody can place a sentence where no
draw takes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.judges.errors import ConfigurationError, UnjudgeableSample
from assay.judges.hash_sampling import hash64
from assay.judges.models.base import ChatMessage
from assay.judges.models.prompt_bound import prompt_bound
from assay.judges.prices import PriceTable, total_cost
from assay.judges.rubric import SpendOptions
from assay.judges.schema import Record, Sample, Usage

TOO_EXPENSIVE = "too_expensive"
"""Why a sample is skipped that takes more than its rubric allows."""

_DRAW = "assay.calls.v1"


class CallPlan(Record):
    """What some calls take at most. A repair turn comes on top: one more call for each, within `max_usd`.

    Attributes:
        calls: how many there are.
        prompt_tokens: a sure bound, in English three to four times the truth.
        completion_tokens: the bound that is sent with the calls.
        usd: their price at these bounds, nothing of it cached. None where the model has no price.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0

    def __add__(self, other: CallPlan) -> CallPlan:
        """Both together."""
        return CallPlan(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            usd=total_cost((self.usd, other.usd)),
        )


def plan_of_call(
    messages: Sequence[ChatMessage],
    schema: Mapping[str, Any],
    max_tokens: int,
    *,
    model: str,
    prices: PriceTable,
) -> CallPlan:
    """What one call takes at most.

    Args:
        messages: its prompt.
        schema: of the reply. Providers count it as a part of the prompt.
        max_tokens: bound of the completion.
        model: who is asked.
        prices: what that costs.
    """
    sent = json.dumps([[message.content for message in messages], schema], ensure_ascii=False, separators=(",", ":"))
    prompt_tokens = prompt_bound(sent.encode("utf-8", "replace"))
    usage = Usage(calls=1, prompt_tokens=prompt_tokens, completion_tokens=max_tokens)
    return CallPlan(
        calls=1,
        prompt_tokens=prompt_tokens,
        completion_tokens=max_tokens,
        usd=prices.most(model, usage),
    )


def drawn(count: int, sample: Sample, options: SpendOptions) -> Sequence[int]:
    """Which of the calls that judge a sample are made: all of them, or as many as allowed, in the order of their draw.

    Args:
        count: how many calls it would take.
        sample: what they are about.
        options: what the rubric allows.

    Raises:
        UnjudgeableSample: more than allowed, and the rubric says to skip it then.
    """
    if count <= options.max_calls:
        return range(count)
    if options.too_expensive == "skip":
        raise UnjudgeableSample(
            TOO_EXPENSIVE,
            f"it takes {count} calls, {options.max_calls} are allowed; raise {options.key}.max_calls, or "
            f"let a part of it be judged by {options.key}.too_expensive: sample",
        )
    return sorted(range(count), key=lambda number: hash64(_DRAW, f"{sample.id}:{number}"))[: options.max_calls]


def affordable(plans: Sequence[CallPlan], options: SpendOptions, model: str) -> int:
    """How many calls, in the order given, stay within the price that the rubric allows.

    Raises:
        UnjudgeableSample: not all of them where the rubric says to skip then, or not even one.
        ConfigurationError: the rubric bounds the price of a model that has none.
    """
    if options.max_usd is None:
        return len(plans)
    total = CallPlan()
    for count, plan in enumerate(plans):
        total += plan
        if total.usd is None:
            raise ConfigurationError(
                f"{options.key}.max_usd: {model} has no price; give it one in a price file, or bound the sample by "
                "max_calls alone"
            )
        if total.usd > options.max_usd and (count == 0 or options.too_expensive == "skip"):
            raise _too_dear(plans, options)
        if total.usd > options.max_usd:
            return count
    return len(plans)


def _too_dear(plans: Sequence[CallPlan], options: SpendOptions) -> UnjudgeableSample:
    needed = sum(plan.usd or 0.0 for plan in plans)
    return UnjudgeableSample(
        TOO_EXPENSIVE,
        f"it may cost {needed:.4g} USD in {len(plans)} calls, {options.max_usd:g} are allowed; raise "
        f"{options.key}.max_usd, or {options.cheaper}",
    )


class Purse:
    """The price that one sample may have, and how much of it is promised to calls. See `CallPlan`."""

    def __init__(self, max_usd: float, plans: Sequence[CallPlan]) -> None:
        """Promise what the planned calls cost at most."""
        self._left = max_usd - sum(plan.usd or 0.0 for plan in plans)

    def settle(self, plan: CallPlan, cost_usd: float | None) -> None:
        """A call has ended: what it did not cost is free again. An unknown cost counts as the bound."""
        if cost_usd is not None:
            self._left += (plan.usd or 0.0) - cost_usd

    def take(self, plan: CallPlan) -> bool:
        """Promise a further call. False, and nothing is promised, where there is no room for it."""
        if plan.usd is None or plan.usd > self._left:
            return False
        self._left -= plan.usd
        return True
