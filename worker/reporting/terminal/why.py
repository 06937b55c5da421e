"""The story of one trace, a line for each decision."""

from __future__ import annotations

from collections.abc import Iterator

from assay.judges.schema import Verdict
from assay.worker.reporting.terminal.text import shown
from assay.worker.reporting.why import RubricStory, TraceStory


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
