"""Counts, rates and distributions, a block of lines for each use case, rubric and revision."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.cascade_rates import CascadeRates
from assay.worker.reporting.comparison import Comparison
from assay.worker.reporting.period_report import ComparedRow, PeriodReport, UseCaseReport
from assay.worker.reporting.report import DayRate, Distribution, ReportRow
from assay.worker.reporting.terminal.fleet_health import unknown_words
from assay.worker.reporting.terminal.text import one_line, percent, shown
from assay.worker.reporting.unanswered import Silence


def period_lines(report: PeriodReport, *, by_day: bool) -> Iterator[str]:
    """The whole report, in Rich's markup."""
    yield f"traces started {report.first} to {report.last} (UTC)"
    for case in report.use_cases:
        yield from _use_case_lines(case, by_day=by_day)
    if report.spent_without_score.calls:
        yield spend_words(report.spent_without_score)
    if report.unknown_ends.calls:
        yield unknown_words(report.unknown_ends)
    if report.problem:
        yield f"[yellow]no links: the trace store failed: {shown(report.problem)}[/]"


def spend_words(spent: UnscoredSpend) -> str:
    """What was paid for no score."""
    unpriced = f", and {spent.unpriced_calls:,} calls of unknown price" if spent.unpriced_calls else ""
    return f"spent without a score: {spent.calls:,} model calls, {spent.cost_usd:.4f} USD{unpriced}"


def _use_case_lines(case: UseCaseReport, *, by_day: bool) -> Iterator[str]:
    counts = case.counts
    yield ""
    yield f"[bold]{shown(counts.use_case)}[/]  [dim]rubric {shown(counts.rubric)}[/]"
    parts = {"scored": counts.scored, "skipped": counts.skipped, "dead": counts.dead, "in flight": counts.in_flight}
    ended = ", ".join(f"{sum(part.values()):,} {name}" for name, part in parts.items())
    yield f"  {counts.seen:,} seen, {counts.selected:,} selected: {ended}"
    sources = [f"{case.found_in_store:,} found in the store, judged under an earlier ledger{_read_back_words(case)}"]
    sources *= bool(case.found_in_store)
    sources += [f"{case.judged:,} judged"]
    sources += [f"{case.forgotten:,} no longer in the ledger, which keeps two weeks"] * bool(case.forgotten)
    if len(sources) > 1:
        yield f"  {counts.total_scored:,} scored = {' + '.join(sources)}"
    for row in case.rows:
        yield from row_lines(row)
        if row.before is not None:
            yield f"  {before_words(row.before)}"
        yield from _link_lines(row)
        if by_day:
            yield from (f"  {day_words(day)}" for day in row.days)
    if case.without_values:
        yield f"  [yellow]{case.without_values:,} scored before the ledger was lost are in no rate here[/]"
    if not case.rows:
        yield "  no rate: nothing that was judged here is in the ledger"


def _read_back_words(case: UseCaseReport) -> str:
    if not case.read_back:
        return ""
    return " (in the rates)" if not case.without_values else f" ({case.read_back:,} of them in the rates)"


def row_lines(row: ReportRow) -> Iterator[str]:
    """The rates of one revision."""
    states = ", ".join(f"{n:,} {state.replace('_', ' ')}" for state, n in sorted(row.states.items()))
    judge = "nobody, there was no evidence" if row.judge == "none" else f"judge {shown(row.judge)}"
    yield f"  [dim]{judge} · revision {row.revision[:12]}[/]"
    yield f"  {row.scored:,} judged: {states}"
    weights = "1/π and 1/π₂" if row.cascade else "1/π"
    share = f"risk ≥ {row.flag_at:g} in [bold]{percent(row.flagged)}[/]"
    if row.with_risk:
        without = f", {row.scored - row.with_risk:,} of {row.scored:,} judged have none" * (row.with_risk < row.scored)
        yield f"  {share} of traces with a risk, weighted by {weights}{without}"
    else:
        yield f"  no rate: none of {row.scored:,} judged traces has a risk"
    if row.unanswered is not None:
        yield f"  {silence_words(row.unanswered)}"
    if row.cascade is not None:
        yield from _cascade_lines(row.cascade)
    for name, distribution in row.distributions.items():
        yield f"  {name:<20} p10 / median / p90  {spread(distribution)}"
    yield f"  {cost_words(row)}"


def silence_words(silence: Silence) -> str:
    """What unanswered traces leave open: `3 unanswered (2 dead: poison …): the rate could be 11.9%–14.2%`."""
    reasons = ", ".join(f"{n:,} {shown(why.replace('_', ' '))}" for why, n in silence.reasons.items())
    bounds = ""
    if silence.low is not None and silence.high is not None:
        bounds = f": the rate could be {silence.low:.1%}–{silence.high:.1%}, if all were good or all bad"
    return f"{silence.traces:,} unanswered ({reasons}){bounds}"


def before_words(before: Comparison) -> str:
    """What the period before says: `2026-11-16 to 2026-11-22: 52.0% (…); change +5.6 points (−2.0 to +13.1)`."""
    period = f"before, {before.first} to {before.last}:"
    if before.change is None:
        return f"{period} {before.note}"
    low, change, high = (f"{100 * end:+.1f}" for end in (before.change.low, before.change.value, before.change.high))
    verdict = "change" if before.change.is_shown else "no change shown:"
    sessions = "" if before.sessions is None else f", over {before.sessions:,} sessions"
    note = f"; {before.note}" if before.note else ""
    return f"{period} {percent(before.flagged)}; {verdict} {change} points ({low} to {high}{sessions}){note}"


def cost_words(row: ReportRow) -> str:
    """What judging cost, in all and for one answer."""
    if row.cost_usd is None:
        return "cost not known: a model that judged has no price"
    if not row.cost_usd:
        return "cost 0 USD: no model was paid for"
    return f"cost {row.cost_usd:.4f} USD, {row.cost_usd / max(1, row.scored):.6f} a judged answer"


def day_words(day: DayRate) -> str:
    """The rate of a day. Days with few answers move a lot, and the interval says so."""
    return f"{day.day}  {day.judged:,} judged, risk in {percent(day.flagged)}"


def _link_lines(row: ComparedRow) -> Iterator[str]:
    """The riskiest answers with where to see them."""
    for number, answer in enumerate(row.worst):
        label = "worst" if number == 0 else "     "
        yield f"  {label} {answer.risk:.2f}  {escape(one_line(answer.url or answer.trace_id))}"
    if row.worst:
        yield f"  [dim]the sentences: assay flagged --use-case {row.use_case}[/]"


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
