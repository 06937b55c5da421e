"""`assay demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from assay.worker.cli.context import JsonOption, PatientConsole, console, print_data
from assay.worker.config.settings import load_settings


def demo(
    as_json: JsonOption = False,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where to work \\[default: a new temporary directory]")
    ] = None,
) -> None:
    """Run the whole job on real, human-labelled answers. No key, no services, under a minute.

    With --json the gates are summaries; each result as a whole lies in a file that the summary names.

    With OPENAI_API_KEY or OPENAI_BASE_URL set, the LLM judge at that endpoint is used (ASSAY_JUDGE_MODEL).
    """
    from assay.worker.demo.result import summary_json
    from assay.worker.demo.show import show
    from assay.worker.demo.story import run_demo

    settings = load_settings()
    with _bars() as bars:
        tasks: dict[str, TaskID] = {}
        beginning = bars.add_task("importing traces, starting the fleet", total=None)

        def progress(phase: str, done: int, total: int) -> None:
            bars.update(beginning, visible=False)
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=None)
            bars.update(tasks[phase], completed=done, total=total or None)

        result = run_demo(settings, directory, progress)
    if as_json:
        print_data(summary_json(result))
    else:
        show(result, console)


def _bars() -> Progress:
    console = PatientConsole(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
