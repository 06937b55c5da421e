"""How funnels, reports, dead letters and stories look in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from assay.judges.schema import Verdict
from assay.worker.golden.scheduling.slot_records import ScheduleStatus
from assay.worker.records.ledger import LedgerEntry
from assay.worker.reporting.cascade_rates import CascadeRates
from assay.worker.reporting.funnel import Funnel, FunnelRow
from assay.worker.reporting.report import Distribution, ReportRow
from assay.worker.reporting.why import RubricStory, TraceStory
from assay.worker.statistics.intervals import Estimate

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Foreign text made harmless for a terminal: no control characters or direction marks, no markup."""
    return escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def percent(estimate: Estimate | None) -> str:
    """A share with its interval and denominator, `12.0 % (8.1–17.3, n=240)`."""
    if estimate is None:
        return "not estimable"
    return f"{estimate.value:.1%} ({estimate.low:.1%}–{estimate.high:.1%}, n={estimate.n})"


def funnel_table(funnel: Funnel) -> Group:
    """From seen to scored, one row per use case and rubric, and below why what ended how."""
    table = Table(
        title=f"Traces started {funnel.first} to {funnel.last} (UTC)",
        title_justify="left",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    table.add_column("use case", no_wrap=True)
    for name in ("seen", "not\ntaken", "selected", "scored", "skipped", "dead", "in\nflight", "sums\nhold"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in funnel.rows:
        table.add_row(
            row.use_case,
            *(f"{n:,}" for n in (row.seen, row.not_selected, row.selected)),
            *(f"{sum(part.values()):,}" for part in (row.scored, row.skipped, row.dead, row.in_flight)),
            "[green]yes[/]" if row.adds_up else "[red]NO[/]",
        )
    reasons = [line for row in funnel.rows if (line := _reasons(row))]
    windows = (
        f"{funnel.windows} windows; {funnel.unmatched} traces matched no use case, {funnel.excluded} excluded, "
        f"{funnel.unfinished} not finished yet, {funnel.late} seen only after late_seconds"
    )
    return Group(
        table, *(Text.from_markup(line) for line in (*reasons, f"[dim]{windows}; {rootless_words(funnel)}[/]"))
    )


def rootless_words(funnel: Funnel) -> str:
    """What is known of traces that no sweep can see."""
    if funnel.unseen_rootless is None:
        return "traces without a root: unknown, no window was looked through for them yet"
    looked = f"{funnel.rootless_windows} of {funnel.windows} windows looked through"
    return f"about {funnel.unseen_rootless:,} traces without a root, never judged, in {looked}"


def schedule_line(status: ScheduleStatus) -> Text:
    """How one scheduled golden set stands, in a line; what is overdue stands out."""
    line = Text(f"golden set {status.golden_set}: ")
    if status.problem:
        line.append(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", status.problem), "yellow")
    elif status.overdue_s:
        line.append(
            f"OVERDUE by {status.overdue_s / 60:.0f} minutes (due {status.last_slot:%Y-%m-%d %H:%M} UTC)", "red"
        )
    elif status.record is None:
        line.append("has not come due yet")
    else:
        record = status.record
        line.append(f"{record.slot:%Y-%m-%d %H:%M} UTC {record.state.value}")
        told = [part for part in (record.verdict, record.detail, record.shown, record.announced) if part]
        line.append(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", "".join(f", {part}" for part in told)))
    if status.next_slot is not None:
        line.append(f"; next {status.next_slot:%Y-%m-%d %H:%M} UTC")
    return line


def _reasons(row: FunnelRow) -> str:
    """How a row's traces ended, in words: `bot (grounding): scored 174 judged, 130 evidence silent`."""
    parts = (("scored", row.scored), ("skipped", row.skipped), ("dead", row.dead), ("in flight", row.in_flight))
    told = [
        f"{name} " + ", ".join(f"{n:,} {shown(reason.replace('_', ' '))}" for reason, n in sorted(part.items()))
        for name, part in parts
        if any(part)
    ]
    return f"{row.use_case} [dim]({row.rubric})[/]: {'; '.join(told)}" if told else ""


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


def dead_table(letters: Sequence[LedgerEntry]) -> Table:
    """What gave up, and why."""
    table = Table("gave up at", "use case", "rubric", "trace", "reason", "attempts", "detail")
    for letter in letters:
        table.add_row(
            f"{letter.changed_at:%Y-%m-%d %H:%M:%S}",
            letter.promise.use_case,
            letter.promise.rubric,
            shown(letter.trace_id),
            letter.reason,
            str(letter.attempts),
            shown(letter.detail),
        )
    return table


def story_lines(story: TraceStory) -> Iterator[str]:
    """The story of one trace, a line for each decision."""
    yield f"[bold]trace {shown(story.trace_id)}[/]"
    if story.unread is not None:
        yield f"  the store did not give it: {shown(story.unread)}"
    elif story.trace is None:
        yield "  the store does not have it" + _unless_selected(story)
    else:
        root = story.trace.root
        started = f"{root.start:%Y-%m-%d %H:%M:%S} UTC"
        yield f"  found: {shown(repr(root.name))} in {shown(repr(root.environment))}, started {started}"
    yield from _selection_lines(story)
    for rubric in story.rubrics:
        yield from _rubric_lines(rubric)


def _selection_lines(story: TraceStory) -> Iterator[str]:
    if story.trace is None:
        return
    if story.excluded:
        yield "  excluded: its environment belongs to an evaluator; the judge is never judged"
        return
    if story.use_case is None:
        yield "  unmatched: no use case in assay.yaml takes it"
        return
    also = f"; would also match {', '.join(story.also_matches)}" if story.also_matches else ""
    yield f"  use case: {story.use_case} (first match in file order{also})"
    if story.window is None or story.pi is None:
        yield "  its window was not swept yet, so no rate is fixed for it"
        return
    rate = story.window.rates[story.use_case]
    chosen = f"selected (stratum {story.stratum})" if story.is_selected else "not selected"
    if story.is_selected and not any(rubric.entry for rubric in story.rubrics):
        chosen = "would be selected, but no sweep met it: it came after the last scan, or was not finished"
        if not story.window.is_final and story.window.next_scan:
            chosen += f"; its window is scanned again at {story.window.next_scan:%d %b %H:%M} UTC"
    sign = "<" if story.is_selected else "≥"
    yield f"  window {story.window.id}: rate {rate.rate:.4g} ({rate.why}), scanned {story.window.scans}×"
    yield f"  hash {story.hash_fraction:.6f} {sign} π {story.pi:.4g}: [bold]{chosen}[/]"


def _rubric_lines(story: RubricStory) -> Iterator[str]:
    entry = story.entry
    if entry is None:
        return
    reason = f" ({entry.reason})" if entry.reason else ""
    yield f"  rubric {story.rubric} {entry.promise.rubric_hash[:12]}: [bold]{entry.state}[/]{reason}"
    if entry.detail:
        yield f"    {shown(entry.detail)}"
    for event in story.history:
        yield f"    {event.at:%H:%M:%S.%f}"[:-3] + f"  {event.state}{f' ({event.reason})' if event.reason else ''}"
    for score in sorted(story.scores, key=lambda s: s.name):
        value = score.value if isinstance(score.value, str) else f"{score.value:.3f}"
        yield f"    score in the store: {score.name} = {value}"
    if story.scores:
        yield f"    comment: {shown(story.scores[0].comment)}"
    if story.outcome is not None and story.outcome.verdict is not None:
        yield from _verdict_lines(story.outcome.verdict, story.outcome.revision)


def _verdict_lines(verdict: Verdict, revision: str) -> Iterator[str]:
    yield f"    judged by {verdict.judge} ({verdict.tier}), revision {revision[:12]}"
    for step in verdict.path:
        risk = "" if step.risk is None else f", risk {step.risk:.2f}"
        yield f"      > {step.judge}{risk}: {step.outcome}, {shown(step.reason)}"
    if verdict.needs_review:
        yield f"      ! a person should decide: {shown(verdict.review_reason)}"
    for claim in verdict.claims:
        yield f"      {claim.verdict:<12} {shown(claim.text[:100])}  [dim]{shown(claim.reason)}[/]"
    for grade in verdict.grades:
        where = "" if grade.context is None else f", passage {grade.context + 1}"
        yield f"      {grade.score}{where}: {grade.level}  [dim]{shown(grade.reason)}[/]"


def _unless_selected(story: TraceStory) -> str:
    return "" if not any(s.entry for s in story.rubrics) else " (any more)"
