"""From findings to the verdict: what decides first, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.golden.report.words import metric_words, primary_words
from assay.worker.golden.results.gate_result import GateVerdict, MetricTest
from assay.worker.golden.sets.manifest import GateSettings

Decided = tuple[GateVerdict, list[str]]


@dataclass(frozen=True)
class Findings:
    """Everything the verdict depends on.

    `doubts` are about the judge, `gaps` about what did not run; `floor` says that there was nothing to compare though
    everything ran. `broken` are must-pass items that failed.
    """

    doubts: list[str]
    gaps: list[str]
    floor: list[str]
    broken: list[str]
    primary: MetricTest
    secondaries: tuple[MetricTest, ...]


def verdict_of(found: Findings, settings: GateSettings) -> Decided:
    """The verdict and its reasons, the decisive ones first.

    A judge that cannot be trusted decides nothing; then must-pass items; then what did not run; then statistics.
    """
    failures = [f"must-pass item failed: {item_id}" for item_id in found.broken]
    if found.doubts:
        return GateVerdict.INCONCLUSIVE, found.doubts + failures + found.gaps
    if failures:
        return GateVerdict.REGRESSED, failures + found.gaps
    if found.gaps or found.primary.p_value is None:
        return GateVerdict.INCONCLUSIVE, found.gaps or ["nothing was compared"]
    return _by_statistics(found, settings)


def _by_statistics(found: Findings, settings: GateSettings) -> Decided:
    """The primary metric decides; a secondary only where the set says so."""
    words = primary_words(found.primary, settings.alpha)
    if found.floor and not found.primary.shown_worse:
        return GateVerdict.INCONCLUSIVE, [*found.floor, words]
    verdict, reasons = GateVerdict.PASS, [words]
    if settings.margin is not None:
        verdict, reasons = _against_margin(found.primary, settings.margin, words)
    elif found.primary.shown_worse:
        verdict = GateVerdict.REGRESSED
    blocking = [metric_words(test) for test in found.secondaries if test.shown_worse]
    if verdict is GateVerdict.PASS and blocking and settings.secondary == "block":
        return GateVerdict.REGRESSED, blocking
    return verdict, reasons


def _against_margin(primary: MetricTest, margin: float, words: str) -> Decided:
    """Non-inferiority: only what is shown to be no worse than the margin passes."""
    upper = 1.0 if primary.drop_interval is None else primary.drop_interval.high
    if upper < margin:
        return GateVerdict.PASS, [f"no worse than {margin:.1%}: the drop is at most {upper:.1%} (one-sided)", words]
    if primary.shown_worse:
        return GateVerdict.REGRESSED, [words]
    why = f"not shown to be no worse than {margin:.1%}: the drop may be up to {upper:.1%}"
    return GateVerdict.INCONCLUSIVE, [f"{why}; more items or repeats would tell", words]
