"""From findings to the verdict: what decides first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.golden.gate.findings import (
    Finding,
    MustPassFailed,
    NothingCompared,
    NotShownNoWorse,
    PrimaryTested,
    SecondaryWorse,
    ShownNoWorse,
)
from assay.worker.golden.results.gate_result import GateVerdict, MetricTest
from assay.worker.golden.sets.manifest import GateSettings


@dataclass(frozen=True)
class Grounds:
    """Everything the verdict depends on.

    `doubts` are about the judge, `gaps` about what did not run. `headroom` says that there was nothing to lose though
    everything ran, `unshown` that the test does not show a drop that is too large to pass. `failed` are must-pass
    items.
    """

    doubts: Sequence[Finding]
    gaps: Sequence[Finding]
    headroom: Sequence[Finding]
    unshown: Sequence[Finding]
    failed: Sequence[MustPassFailed]
    primary: MetricTest
    secondaries: tuple[MetricTest, ...]


Decided = tuple[GateVerdict, list[Finding]]


def verdict_of(grounds: Grounds, settings: GateSettings) -> Decided:
    """The verdict and its reasons, the decisive ones first.

    A judge that cannot be trusted decides nothing. Then must-pass items count, then what did not run, then statistics.
    """
    if grounds.doubts:
        return GateVerdict.INCONCLUSIVE, [*grounds.doubts, *grounds.failed, *grounds.gaps]
    if grounds.failed:
        return GateVerdict.REGRESSED, [*grounds.failed, *grounds.gaps]
    if grounds.gaps or grounds.primary.p_value is None:
        return GateVerdict.INCONCLUSIVE, [*grounds.gaps] or [NothingCompared()]
    return _by_statistics(grounds, settings)


def _by_statistics(grounds: Grounds, settings: GateSettings) -> Decided:
    """The primary metric decides; a secondary only where the set says so."""
    tested = PrimaryTested(grounds.primary, settings.alpha)
    if grounds.headroom and not grounds.primary.shown_worse:
        return GateVerdict.INCONCLUSIVE, [*grounds.headroom, tested]
    verdict: GateVerdict = GateVerdict.PASS
    reasons: list[Finding] = [tested]
    if settings.margin is not None:
        verdict, reasons = _against_margin(tested, settings.margin)
    elif grounds.primary.shown_worse:
        verdict = GateVerdict.REGRESSED
    blocking: list[Finding] = [SecondaryWorse(test) for test in grounds.secondaries if test.shown_worse]
    if verdict is GateVerdict.PASS and blocking and settings.secondary == "block":
        return GateVerdict.REGRESSED, blocking
    if verdict is GateVerdict.PASS and grounds.unshown and settings.margin is None:
        return GateVerdict.INCONCLUSIVE, [*grounds.unshown, tested]
    return verdict, reasons


def _against_margin(tested: PrimaryTested, margin: float) -> Decided:
    """Non-inferiority: only what is shown to be no worse than the margin passes."""
    interval = tested.test.drop_interval
    upper = 1.0 if interval is None else interval.high
    if upper < margin:
        return GateVerdict.PASS, [ShownNoWorse(margin, upper), tested]
    if tested.test.shown_worse:
        return GateVerdict.REGRESSED, [tested]
    return GateVerdict.INCONCLUSIVE, [NotShownNoWorse(margin, upper), tested]
