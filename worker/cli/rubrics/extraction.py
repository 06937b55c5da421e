"""`assay rubrics preview --trace`: what is found in one trace, and where each part came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.markup import escape

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.cli.context import console, with_runtime
from assay.worker.extraction import Extraction, Part, extract
from assay.worker.ports.source import trace_in
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.wiring.runtime import Runtime

LOOK_BACK = timedelta(days=31)
SHOWN = 600
"""Characters of a text that are shown. With --json all are."""


def trace_and_parts(trace_id: str, *, rubric: Rubric, config: Path | None) -> tuple[Trace, Extraction]:
    """One trace of the deployment's store, and what a rubric's selectors find in it.

    Raises:
        ConfigurationError: the trace is not there.
    """
    return with_runtime(config, lambda runtime: _extract(runtime, trace_id, rubric))


async def _extract(runtime: Runtime, trace_id: str, rubric: Rubric) -> tuple[Trace, Extraction]:
    now = datetime.now(UTC)
    key = TraceKey(trace_id=trace_id, start=now - LOOK_BACK, end=now)
    trace = trace_in(await runtime.store.fetch_traces([key]), trace_id)
    if trace is None:
        raise ConfigurationError(
            f"trace {trace_id}: not in the store's last {LOOK_BACK.days} days, or it has no root; check the id"
        )
    return trace, extract(trace, rubric.sample)


def show_extraction(extraction: Extraction) -> None:
    """Print an extraction for people."""
    console.print(f"trace {escape(extraction.trace_id)}", highlight=False)
    _show_part("question", extraction.question, extraction)
    if extraction.history:
        console.print(f"\n[bold]history[/]  from {escape(extraction.history_source)}", highlight=False)
        for turn in extraction.history:
            console.print(f"  {turn.role}: {escape(_short(turn.content))}", highlight=False)
    if not extraction.contexts:
        console.print(
            f"\n[bold]contexts[/]  none; looked at {', '.join(extraction.tried['contexts'])}", highlight=False
        )
    for number, part in enumerate(extraction.contexts, 1):
        _show_part(f"context {number}", part, extraction)
    _show_part("response", extraction.response, extraction)


def _show_part(name: str, part: Part | None, extraction: Extraction) -> None:
    if part is None:
        console.print(f"\n[bold]{name}[/]  none; looked at {', '.join(extraction.tried[name])}", highlight=False)
        return
    console.print(f"\n[bold]{name}[/]  from {escape(part.source)}", highlight=False)
    console.print(f"  {escape(_short(part.text))}", highlight=False)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} … ({len(text):,} characters)"


def origins(extraction: Extraction) -> dict[str, str]:
    """Where each part of the sample came from, by the part's name."""
    single = {"question": extraction.question, "response": extraction.response}
    named = {name: part.source for name, part in single.items() if part is not None}
    if extraction.contexts:
        named["contexts"] = ", ".join(dict.fromkeys(part.source for part in extraction.contexts))
    return named | ({"history": extraction.history_source} if extraction.history else {})
