"""What `assay judge` and `assay calibrate` share while they judge a file: a bar, and how they end early."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from assay.worker.batch.reading import SampleSource
from assay.worker.cli import EXIT_INTERRUPTED, EXIT_PIPE
from assay.worker.cli.context import PatientConsole
from assay.worker.cli.interruptions import interruption_is_told
from assay.worker.cli.streams import print_error, stop_writing


@contextmanager
def progress(source: SampleSource, *, beside: bool) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """A bar on stderr by bytes read, with the count of what is done.

    None where stderr is no terminal, or where it is the same terminal as a stdout that is written to (not `beside`).
    """
    console = PatientConsole(stderr=True)
    shown = console.is_terminal and (beside or not sys.stdout.isatty())
    bars = Progress(
        TextColumn("judging {task.fields[done]:,}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not shown,
    )
    with bars:
        task = bars.add_task("judging", total=source.size, done=0)
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            bars.update(task, completed=source.position, done=done)

        yield bars, advance


@contextmanager
def leaving_cleanly(*, again: bool) -> Iterator[None]:
    """Ctrl-C and a reader that went away end the command with their usual codes and without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        interruption_is_told()
        print_error("assay: stopped" + ("; the same command goes on from here" if again else ""))
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # What is still buffered would be written at exit, and fail once more.
        stop_writing(sys.stdout)
        raise typer.Exit(EXIT_PIPE) from None
