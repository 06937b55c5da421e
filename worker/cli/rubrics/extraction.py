"""`assay rubrics preview --trace`: what is found in one trace, and where each part came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.cli.context import console, with_runtime
from assay.worker.config.redaction import redaction_for
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.gathering import Part
from assay.worker.extraction.survey import PartName, place_of, why_missing
from assay.worker.flow.selection import first_match
from assay.worker.ports.capabilities import WithWholeMetadata
from assay.worker.ports.source import trace_in
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.reporting.place_outline import PlaceOutline, outlines, unlooked_outlines
from assay.worker.reporting.terminal.text import clipped, shown
from assay.worker.setup.part_checks import MOST_PLAUSIBLE
from assay.worker.setup.proposals import PlausiblePlace, Search, propose
from assay.worker.setup.trace_survey import parts_needed
from assay.worker.wiring.runtime import Runtime

LOOK_BACK = timedelta(days=31)
SHOWN = 600
"""Characters of a text that are shown. With --json all are."""


@dataclass(frozen=True)
class TraceView:
    """One trace as a rubric's judge would see it.

    Attributes:
        whole: the trace with all of its metadata, where the store cuts what no selector names.
        needed: the parts that the rubric looks at.
        redaction: what no judge sees of it, by the use case that takes it.
    """

    trace: Trace
    whole: Trace
    extraction: Extraction
    search: Search
    needed: tuple[PartName, ...]
    redaction: Redaction

    @property
    def missing(self) -> tuple[PartName, ...]:
        """Needed parts that were not found, or only inside something larger."""
        return tuple(
            part for part in self.needed if not place_of(self.extraction, part) or self.search.buried.get(part)
        )

    def plausible(self, part: PartName) -> list[PlausiblePlace]:
        """The first places for a person to look at for a part that no line finds."""
        return [place for place in self.search.plausible if place.part == part][:MOST_PLAUSIBLE]


def view_trace(trace_id: str, *, rubric: Rubric, config: Path | None) -> TraceView:
    """One trace of the deployment's store, and what a rubric's selectors find in it.

    Raises:
        ConfigurationError: the trace is not there.
    """
    return with_runtime(config, lambda runtime: _view(runtime, trace_id, rubric))


async def _view(runtime: Runtime, trace_id: str, rubric: Rubric) -> TraceView:
    now = datetime.now(UTC)
    key = TraceKey(trace_id=trace_id, start=now - LOOK_BACK, end=now)
    store = runtime.store
    trace = trace_in(await store.fetch_traces([key]), trace_id)
    if trace is None:
        raise ConfigurationError(
            f"trace {trace_id}: not in the store's last {LOOK_BACK.days} days, or it has no root; check the id"
        )
    whole = trace
    if isinstance(store, WithWholeMetadata):
        whole = trace_in(await store.fetch_whole([key]), trace_id) or trace
    needed = parts_needed(rubric)
    search = await in_thread(propose, [whole], rubric.sample, needed)
    redaction = redaction_for(runtime.deployment, first_match(trace.root, runtime.deployment))
    return TraceView(trace, whole, extract(trace, rubric.sample), search, needed, redaction)


def show_extraction(view: TraceView) -> None:
    """Print what was found for people, and for what was not, what is there instead."""
    extraction = view.extraction
    _print(f"trace {shown(extraction.trace_id)}")
    _show_part("question", "question", extraction.question, view)
    if extraction.history:
        _print(f"\n[bold]history[/]  from {shown(extraction.history_source)}")
        for turn in extraction.history:
            _print(f"  {turn.role}: {shown(_short(turn.content))}")
    if not extraction.contexts:
        _show_missing("contexts", "contexts", view)
    for number, part in enumerate(extraction.contexts, 1):
        _show_part("contexts", f"context {number}", part, view)
    _show_part("response", "response", extraction.response, view)


def _show_part(part: PartName, title: str, extracted: Part | None, view: TraceView) -> None:
    if extracted is None:
        _show_missing(part, title, view)
        return
    _print(f"\n[bold]{title}[/]  from {shown(extracted.source)}")
    _print(f"  {shown(_short(extracted.text))}")
    if view.search.buried.get(part):
        _print("  only inside this larger text")
        _show_proposals(part, view)


def _show_missing(part: PartName, title: str, view: TraceView) -> None:
    """Why a part is missing, what is at each place that was tried, and the closest line that would find it."""
    _print(f"\n[bold]{title}[/]  none; {shown(why_missing(view.extraction, part))}")
    if part not in view.needed:
        return
    for outline in [*outlines(view.whole, view.extraction.tried[part]), *_unlooked(part, view)]:
        _print(f"  {shown(outline.selector)}  {shown(outline.summary)}")
        for line in outline.lines:
            _print(f"    {shown(line)}")
    _show_proposals(part, view)


def _unlooked(part: PartName, view: TraceView) -> list[PlaceOutline]:
    """What is in the steps that no selector of a part leads to."""
    lines = [line.selector for line in view.search.proposals if line.part == part]
    telling = [*lines, *(place.selector for place in view.plausible(part))]
    field = "input" if part == "question" else "output"
    return unlooked_outlines(view.whole, view.extraction.tried[part], field, telling)


def _show_proposals(part: PartName, view: TraceView) -> None:
    for proposal in view.search.proposals:
        if proposal.part == part:
            _print(f"  → sample.{part}: {shown(proposal.selector)} would find “{shown(clipped(proposal.excerpt, 90))}”")

    for place in view.plausible(part):
        excerpt = clipped(place.excerpts[view.whole.id], 90)
        _print(f"  unsure: look at {shown(place.selector)}: “{shown(excerpt)}”")


def missing_data(view: TraceView) -> dict[str, Any]:
    """What `show_extraction` says of the missing parts, as data."""
    return {
        part: {
            "reason": why_missing(view.extraction, part),
            "looked_at": [o.model_dump(mode="json") for o in outlines(view.whole, view.extraction.tried[part])],
            "not_looked_at": [o.model_dump(mode="json") for o in _unlooked(part, view)],
            "proposals": [p.model_dump(mode="json") for p in view.search.proposals if p.part == part],
            "plausible": [
                {"selector": place.selector, "excerpt": place.excerpts[view.whole.id]} for place in view.plausible(part)
            ],
        }
        for part in view.missing
    }


def _print(line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} … ({len(text):,} characters)"


def origins(extraction: Extraction) -> dict[str, str]:
    """Where each part of the sample came from, by the part's name."""
    single = {"question": extraction.question, "response": extraction.response}
    named = {name: part.source for name, part in single.items() if part is not None}
    if extraction.contexts:
        named["contexts"] = ", ".join(dict.fromkeys(part.source for part in extraction.contexts))
    return named | ({"history": extraction.history_source} if extraction.history else {})
