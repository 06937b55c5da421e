"""The story of one trace, a line for each decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.markup import escape

from assay.judges.metrics import team_hits
from assay.judges.schema import Verdict
from assay.worker.flow.coverage import backfill_command
from assay.worker.records.windows import ResolvedRate
from assay.worker.reporting.terminal.record_rows import fact_lines, row_lines
from assay.worker.reporting.terminal.text import clipped, one_line, shown
from assay.worker.reporting.why import RubricStory, TraceStory

_RATES = {
    "configured": "the rate of assay.yaml",
    "low_traffic": "traffic is low, so all of it is judged, up to a cap",
    "volume_unknown": "its volume is not known yet, so all of it is judged, up to a cap",
    "min_per_day": "raised so that a day has min_per_day judged answers",
}
"""Which rule gave a rate, in words, e.g. `low_traffic`."""


def story_lines(story: TraceStory) -> Iterator[str]:
    """The story of one trace, a line for each decision."""
    yield f"[bold]trace {escape(one_line(story.trace_id))}[/]"
    if story.unread is not None:
        yield f"  the store did not give it: {shown(story.unread)}"
    elif story.trace is None:
        yield "  the store does not have it" + _unless_selected(story)
    else:
        root = story.trace.root
        started = f"{root.start:%Y-%m-%d %H:%M:%S} UTC"
        yield f"  found: {shown(repr(root.name))} in {shown(repr(root.environment))}, started {started}"
    if story.url is not None:
        yield f"  see {shown(story.url)}"
    yield from _selection_lines(story)
    for rubric in story.rubrics:
        yield from _rubric_lines(rubric)
    for row in story.rows:
        yield from row_lines(row)
    if story.record_unread is not None:
        yield f"  the record could not be asked: {shown(story.record_unread)}"


def unknown_words(story: TraceStory) -> str:
    """What was looked at where nothing knows the trace."""
    rubrics = ", ".join(rubric.rubric for rubric in story.rubrics)
    return (
        f"trace {story.trace_id!a}: unknown; neither project {story.project!a} of the trace store nor the ledger of "
        f"rubric {rubrics} nor the record has it. Check the id, and that it is this project's"
    )


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
    rate = story.window.rates.get(story.use_case) if story.window else None
    if story.window is not None and rate is not None:
        yield f"  window {story.window.id}: {rate_words(rate)}, scanned {story.window.scans}×"
    if story.rows and not any(rubric.entry for rubric in story.rubrics):
        # What the record tells beside would be contradicted by what the ledger of today knows of it.
        yield "  the ledger has no entry of it (any more); the record tells what became of it"
        return
    if story.pi is not None:
        sign = "<" if story.hash_fraction < story.pi else "≥"
        yield f"  hash {story.hash_fraction:.6f} {sign} π {story.pi:.4g}: [bold]{_chosen_words(story)}[/]"
    if story.uncovered is not None:
        yield f"  not swept: {story.uncovered}"
    elif story.pi is None and story.window is not None and story.window.scans and story.window.next_scan:
        yield f"  it came after its window was swept, which is looked at again at {_at(story.window.next_scan)}"
        yield f"  judge it at once: {backfill_command(story.window.start, story.window.end)}"
    elif story.pi is None:
        yield "  its window was not swept yet, so no rate is fixed for it"


def _at(moment: datetime) -> str:
    return f"{moment:%d %b %H:%M} UTC"


def rate_words(rate: ResolvedRate) -> str:
    """A rate and the rule that gave it: `rate 1 (low_traffic: traffic is low, so all of it is judged, up to a cap)`."""
    rule = _RATES.get(rate.why, "")
    known = "" if rate.expected is None else f"; {rate.expected:,.0f} a day expected"
    seen = f"; {rate.seen_in_day:,} seen in 24 hours by then" if rate.seen_in_day else ""
    lowered = f"; lowered {rate.lowered}× since its first scan" if rate.lowered else ""
    if rate.full is not None:
        spent = "the budget is spent" if not rate.rate else "lowered so that the day's budget lasts"
        lowered += f"; {rate.full:.4g} without the budget: {spent}"
    return f"rate {rate.rate:.4g} ({rate.why}: {rule}{known}{seen}{lowered})"


def _chosen_words(story: TraceStory) -> str:
    if not story.is_selected:
        return "not selected, because of the budget" if story.budget_took_it else "not selected"
    if any(rubric.entry for rubric in story.rubrics):
        return f"selected (stratum {story.stratum})"
    chosen = "would be selected, but no sweep met it: it came after the last scan, or was not finished"
    if story.window is not None and not story.window.is_final and story.window.next_scan:
        chosen += f"; its window is scanned again at {_at(story.window.next_scan)}"
    return chosen


def _rubric_lines(story: RubricStory) -> Iterator[str]:
    entry = story.entry
    if entry is None:
        return
    reason = f" ({shown(entry.reason)})" if entry.reason else ""
    yield f"  rubric {story.rubric} {entry.promise.rubric_hash[:12]}: [bold]{entry.state}[/]{reason}"
    if entry.detail:
        yield f"    {shown(entry.detail)}"
    yield from (f"    {line}" for line in fact_lines(entry.particulars.facts))
    for event in story.history:
        why = f" ({shown(event.reason)})" if event.reason else ""
        yield f"    {event.at:%H:%M:%S.%f}"[:-3] + f"  {event.state}{why}"
    yield from _score_lines(story)
    if story.outcome is not None and story.outcome.verdict is not None:
        yield from _verdict_lines(story.outcome.verdict, story.outcome.revision)
    elif entry.judgement is not None and story.outcome is None:
        yield "    its verdict has expired: claims are kept for a day, and the comments stay in the store"


def _score_lines(story: RubricStory) -> Iterator[str]:
    """The scores in the store, each with its comment. One that all of them share is told once."""
    scores = sorted(story.scores, key=lambda s: s.name)
    comments = {score.comment for score in scores if score.comment}
    for score in scores:
        value = score.value if isinstance(score.value, str) else f"{score.value:.3f}"
        yield f"    score in the store: {shown(score.name)} = {shown(value)}"
        if len(comments) > 1 and score.comment:
            yield f"      {shown(score.comment)}"
    if len(comments) == 1:
        yield f"    comment: {shown(comments.pop())}"


def _verdict_lines(verdict: Verdict, revision: str) -> Iterator[str]:
    yield f"    judged by {verdict.judge} ({verdict.tier}), revision {revision[:12]}"
    for step in verdict.path:
        risk = "" if step.risk is None else f", risk {step.risk:.2f}"
        yield f"      > {step.judge}{risk}: {step.outcome}, {shown(step.reason)}"
    if verdict.needs_review:
        yield f"      ! a person should decide: {shown(verdict.review_reason)}"
    for claim in verdict.claims:
        yield f"      {claim.verdict:<12} {escape(clipped(claim.text, 100))}  [dim]{shown(claim.reason)}[/]"
    for hit in team_hits(verdict):
        yield f"      rule {shown(hit.rule)}: {shown(hit.detail)}"
    for grade in verdict.grades:
        where = "" if grade.context is None else f", passage {grade.context + 1}"
        yield f"      {grade.score}{where}: {grade.level}  [dim]{shown(grade.reason)}[/]"


def _unless_selected(story: TraceStory) -> str:
    return " (any more)" if story.rows or any(s.entry for s in story.rubrics) else ""
