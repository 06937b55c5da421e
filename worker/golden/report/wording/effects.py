"""What a gate can see, worded by its primary metric and mode."""

from __future__ import annotations

from assay.worker.golden.gate.detectable_effect import DetectableEffect
from assay.worker.golden.report.wording.numbers import items_words, metric_name
from assay.worker.golden.results.gate_result import FlipSource, GateResult
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.clusters import cluster_sizes
from assay.worker.statistics.flips import Flips
from assay.worker.statistics.power import noninferiority_power

_KNOWN_BY: dict[FlipSource, str] = {
    "repeats": "measured in the baseline's repeats",
    "baseline": "measured in the baseline's outputs",
    "assumed": "assumed: no repeats of the baseline tell it",
}


def effect_words(effect: DetectableEffect) -> str:
    """What so many items can see.

    How likely an unchanged release is to pass is told for items asked once; the interval of repeats has no such sum.
    """
    if effect.metric != PASS_RATE:
        name = metric_name(effect.metric)
        return f"which change of {name} is caught is not known beforehand: it depends on how the score varies"
    if effect.margin is None:
        return drop_words(effect)
    regressed = drop_words(effect, seen="are shown to be a regression")
    if effect.repeats > 1 or effect.n < 1:
        return regressed
    power = noninferiority_power(
        effect.n,
        effect.margin,
        flip_rate=effect.flips.rate,
        alpha=effect.alpha,
        sizes=effect.sizes,
        together=effect.flips.together,
    )
    unchanged = f"an unchanged release is shown to be no worse than {effect.margin:.1%}"
    return f"{unchanged} with a probability of {power:.0%}; {regressed}"


def effect_of(result: GateResult) -> DetectableEffect:
    """What a finished comparison could see."""
    clusters = [pair.cluster_key for pair in result.pairs if not pair.both_missing]
    return DetectableEffect(
        metric=result.primary.metric,
        drop=result.minimum_detectable_drop,
        cluster_drop=result.minimum_detectable_cluster_drop,
        sizes=tuple(sorted(cluster_sizes(clusters), reverse=True)),
        repeats=result.repeats,
        alpha=result.alpha,
        margin=result.margin,
        flips=Flips(rate=result.flip_rate, together=result.flips_together),
        measured=result.flips_measured,
    )


def drop_words(effect: DetectableEffect, *, seen: str = "are caught") -> str:
    """Which drops of the pass rate so many items see, and by which chance changes that is reckoned."""
    items = items_words(effect.n, effect.clusters)
    items += f" asked {effect.repeats} times" if effect.repeats > 1 else ""
    if effect.drop is None:
        return f"with {items} no drop of the pass rate can be promised to be caught"
    flips = effect.flips
    by_chance = f"if {100 * flips.rate:.2g}% of the items flip each way by chance"
    if flips.together >= 0.005:
        by_chance += f", {flips.together:.0%} of them with their whole cluster"
    known = f"with 80 % power {by_chance} ({_KNOWN_BY[effect.measured]})"
    if effect.clusters >= effect.n:
        return f"with {items} drops from {effect.drop:.1%} {seen} {known}"
    whole = "no drop of whole clusters can be promised to be"
    if effect.cluster_drop is not None:
        whole = f"those that take whole clusters from {effect.cluster_drop:.1%}"
    return f"with {items} drops from {effect.drop:.1%} that are spread over the items {seen} {known}; {whole}"
