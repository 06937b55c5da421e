"""Rates and distributions, a block of lines for each use case, rubric and revision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.worker.reporting.cascade_rates import CascadeRates
from assay.worker.reporting.report import Distribution, ReportRow
from assay.worker.reporting.terminal.text import percent


def report_lines(rows: Sequence[ReportRow]) -> Iterator[str]:
    """Weighted rates and distributions, a block for each use case, rubric and revision."""
    for row in rows:
        states = ", ".join(f"{n:,} {state.replace('_', ' ')}" for state, n in sorted(row.states.items()))
        yield f"[bold]{row.use_case}[/]  [dim]rubric {row.rubric} · judge {row.judge} · revision {row.revision[:12]}[/]"
        yield f"  {row.scored:,} scored: {states}"
        weights = "1/π and 1/π₂" if row.cascade else "1/π"
        yield f"  risk ≥ {row.flag_at:g} in [bold]{percent(row.flagged)}[/] of all traffic, weighted by {weights}"
        if row.cascade is not None:
            yield from _cascade_lines(row.cascade)
        for name, distribution in row.distributions.items():
            yield f"  {name:<20} p10 / median / p90  {spread(distribution)}"


def _cascade_lines(rates: CascadeRates) -> Iterator[str]:
    decided = ", ".join(f"{judge} {n:,}" for judge, n in rates.decided_by.items())
    asked = f"{rates.escalated:,} escalated, {rates.audited:,} audited, {rates.passed:,} passed by the first tier alone"
    yield f"  decided by {decided}; {asked}"
    if rates.flagged is None:
        yield "  [yellow]no rate: nothing of what was not escalated has been audited; see judge.audit_share[/]"
    yield f"  [dim]biased, for comparison: first tier alone {percent(rates.first_only)}[/]"
    yield f"  [dim]biased, for comparison: among what later tiers saw {percent(rates.later_only)}[/]"
    if rates.unanswered or rates.needs_review:
        lost = f" ({rates.lost:,} of them skipped or parked)" if rates.lost else ""
        yield f"  {rates.unanswered:,} not answered by the tier they needed{lost}; {rates.needs_review:,} for a person"


def spread(distribution: Distribution) -> str:
    """Quantiles and count of a distribution."""
    d = distribution
    return f"{d.p10:.2f} / {d.median:.2f} / {d.p90:.2f} (n={d.n})"
