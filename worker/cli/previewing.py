"""`assay rubrics preview --trace`: what a judge would see of one trace, and where each part came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from judges.errors import ConfigurationError
from worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from worker.flow.extraction import Extraction, Part, extract
from worker.runtime import Runtime
from worker.schema import TraceKey

LOOK_BACK = timedelta(days=31)
SHOWN = 600
"""Characters of a text that are shown; --json shows all."""


def preview_trace(trace_id: str, *, rubric: str | None, config: Path | None, as_json: bool) -> None:
    """Print what is found in one trace of the deployment's store.

    Raises:
        ConfigurationError: the trace is not there, or the rubric is not one of the deployment's.
    """
    found = with_runtime(config, lambda runtime: _extract(runtime, trace_id, rubric))
    if as_json:
        print_json(found)
    else:
        show(found)


async def _extract(runtime: Runtime, trace_id: str, rubric: str | None) -> Extraction:
    name = rubric or next(iter(runtime.rubrics))
    if name not in runtime.rubrics:
        raise ConfigurationError(f"--rubric {name}: no use case is judged by it; known: {', '.join(runtime.rubrics)}")
    now = datetime.now(UTC)
    key = TraceKey(trace_id=trace_id, start=now - LOOK_BACK, end=now)
    trace = (await runtime.store.fetch_traces([key])).get(trace_id)
    if trace is None:
        raise ConfigurationError(
            f"trace {trace_id}: not in the store's last {LOOK_BACK.days} days, or it has no root; check the id"
        )
    return extract(trace, runtime.rubrics[name].sample)


def show(found: Extraction) -> None:
    """Print an extraction for people."""
    console.print(f"trace {escape(found.trace_id)}", highlight=False)
    _show_part("question", found.question, found)
    if found.history:
        console.print(f"\n[bold]history[/]  from {escape(found.history_source)}", highlight=False)
        for turn in found.history:
            console.print(f"  {turn.role}: {escape(_short(turn.content))}", highlight=False)
    if not found.contexts:
        console.print(f"\n[bold]contexts[/]  none; looked at {', '.join(found.tried['contexts'])}", highlight=False)
    for number, part in enumerate(found.contexts, 1):
        _show_part(f"context {number}", part, found)
    _show_part("response", found.response, found)


def _show_part(name: str, part: Part | None, found: Extraction) -> None:
    if part is None:
        console.print(f"\n[bold]{name}[/]  none; looked at {', '.join(found.tried[name])}", highlight=False)
        return
    console.print(f"\n[bold]{name}[/]  from {escape(part.source)}", highlight=False)
    console.print(f"  {escape(_short(part.text))}", highlight=False)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} … ({len(text):,} characters)"


def preview(
    trace: Annotated[str, typer.Option("--trace", help="Id of a trace in the store.")],
    rubric: Annotated[str | None, typer.Option("--rubric", help="Whose selectors [default: the first in use]")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the judge would see of a trace: question, history, contexts, response, and where each was found."""
    preview_trace(trace, rubric=rubric, config=config, as_json=as_json)
