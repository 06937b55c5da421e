"""What a panel may spend on one sample: planned for all of its models before the first call of any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from assay.judges.base import Judge
from assay.judges.call_plan import TOO_EXPENSIVE, CallPlan
from assay.judges.errors import ConfigurationError, UnjudgeableSample
from assay.judges.rubric import MemberOptions, Rubric
from assay.judges.schema import Sample

_FENCES = 1.02
"""A call's fence word is drawn anew each time. By so much at most a prompt's bound differs from that of the same prompt
with another one."""


@runtime_checkable
class PlansCalls(Protocol):
    """A judge that tells what it takes for a sample, before it asks anybody."""

    def plan(self, sample: Sample, rubric: Rubric) -> CallPlan:
        """What judging a sample takes at most.

        Raises:
            UnjudgeableSample: it cannot be judged, or takes more than the rubric allows.
        """
        ...


def member_rubrics(members: Mapping[str, Judge], sample: Sample, rubric: Rubric) -> dict[str, Rubric]:
    """The rubric for each member, with the share of the price that it may spend on this sample, repairs included.

    Raises:
        UnjudgeableSample: too expensive for one of them, or for all together.
        ConfigurationError: the price is bounded, and a model has none.
    """
    options = rubric.judge.member_options()
    free = _with(rubric, options, None)
    plans = {name: _planned(member, sample, free) for name, member in members.items()}
    if options.max_usd is None:
        return dict.fromkeys(members, free)
    shares = _shares(plans, options, options.max_usd)
    own = {name: _with(rubric, options, share) for name, share in shares.items()}
    for name, member in members.items():  # whether it can make a single call of its share
        _planned(member, sample, own[name])
    return own


def _with(rubric: Rubric, options: MemberOptions, max_usd: float | None) -> Rubric:
    """The rubric as one member reads it."""
    own = options.model_copy(update={"max_usd": max_usd})
    return rubric.model_copy(update={"judge": rubric.judge.model_copy(update={"llm": own})})


def _planned(member: Judge, sample: Sample, rubric: Rubric) -> CallPlan:
    """What a member takes at most. What it cannot judge costs nothing, and the vote goes on without it."""
    if not isinstance(member, PlansCalls):
        return CallPlan()
    try:
        return member.plan(sample, rubric)
    except UnjudgeableSample as exc:
        if exc.reason == TOO_EXPENSIVE:
            raise
        return CallPlan()


def _shares(plans: Mapping[str, CallPlan], options: MemberOptions, max_usd: float) -> dict[str, float]:
    """The price divided among the members as they need it."""
    needed = {name: _FENCES * _priced(name, plan) for name, plan in plans.items()}
    total = sum(needed.values())
    if total > max_usd and options.too_expensive == "skip":
        calls = sum(plan.calls for plan in plans.values())
        raise UnjudgeableSample(
            TOO_EXPENSIVE,
            f"its {len(plans)} models may cost {total:.4g} USD in {calls} calls, {max_usd:g} are allowed; raise "
            f"{options.key}.max_usd, or {options.cheaper}",
        )
    if total <= max_usd:  # what is left over goes to repair turns
        over = (max_usd - total) / len(plans)
        return {name: usd + over or max_usd for name, usd in needed.items()}
    return {name: max_usd * usd / total or max_usd for name, usd in needed.items()}


def _priced(name: str, plan: CallPlan) -> float:
    if plan.usd is None:
        raise ConfigurationError(
            f"judge.panel.max_usd: {name} has no price; give it one in a price file, or bound the sample by max_calls "
            "alone"
        )
    return plan.usd
