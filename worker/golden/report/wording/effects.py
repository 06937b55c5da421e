"""What a gate can see, worded by its primary metric and mode."""

from __future__ import annotations

from assay.worker.golden.gate.detectable_effect import DetectableEffect
from assay.worker.golden.report.wording.numbers import metric_name
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.power import noninferiority_power


def effect_words(effect: DetectableEffect) -> str:
    """What so many items can see.

    How likely an unchanged release is to pass is told for items asked once; the interval of repeats has no such sum.
    """
    if effect.metric != PASS_RATE:
        name = metric_name(effect.metric)
        return f"which change of {name} is caught is not known beforehand: it depends on how the score varies"
    if effect.margin is None:
        return drop_words(effect.drop, effect.n, effect.repeats, effect.flip_rate)
    seen = "are shown to be a regression"
    regressed = drop_words(effect.drop, effect.n, effect.repeats, effect.flip_rate, seen=seen)
    if effect.repeats > 1 or effect.n < 1:
        return regressed
    power = noninferiority_power(effect.n, effect.margin, flip_rate=effect.flip_rate, alpha=effect.alpha)
    unchanged = f"an unchanged release is shown to be no worse than {effect.margin:.1%}"
    return f"{unchanged} with a probability of {power:.0%}; {regressed}"


def effect_of(result: GateResult) -> DetectableEffect:
    """What a finished comparison could see."""
    return DetectableEffect(
        metric=result.primary.metric,
        drop=result.minimum_detectable_drop,
        n=result.n,
        repeats=result.repeats,
        alpha=result.alpha,
        margin=result.margin,
        flip_rate=result.assumed_flip_rate,
    )


def drop_words(drop: float | None, n: int, repeats: int, flip_rate: float, *, seen: str = "are caught") -> str:
    """Which drops of the pass rate so many items see."""
    items = f"{n} items" + (f" asked {repeats} times" if repeats > 1 else "")
    if drop is None:
        return f"with {items} no drop of the pass rate can be promised to be caught"
    by_chance = f"if {flip_rate:.0%} of the items flip each way by chance"
    return f"with {items} drops from {drop:.1%} {seen} with 80 % power {by_chance}"
