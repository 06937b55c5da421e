"""All commands, and what their errors come to."""

from __future__ import annotations

import io
import sys
from typing import Any

import structlog
import typer
from typer.core import TyperGroup

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.cli import (
    EXIT_BACKEND,
    EXIT_CONFIGURATION,
    demo,
    doctor,
    labels,
    status,
)
from assay.worker.cli import (
    calibrate as calibrating,
)
from assay.worker.cli import (
    init as starting,
)
from assay.worker.cli import (
    judge as judging,
)
from assay.worker.cli import (
    up as fleet,
)
from assay.worker.cli.golden import sets as golden
from assay.worker.cli.rubrics import lint as rubrics
from assay.worker.cli.streams import print_error, stop_writing

EXIT_PIPE = 141
"""What a shell makes of a program that writes on after its reader has left."""


class Commands(TyperGroup):
    """The commands, with ends that Typer would call 1, which here means: the gate says regressed."""

    def invoke(self, ctx: Any) -> Any:  # Typer's context, whose class is not public
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except typer.Abort:
            print_error(
                "assay: a question was not answered, so nothing was done; where nobody can be asked, give --yes"
            )
            raise typer.Exit(EXIT_CONFIGURATION) from None
        except BrokenPipeError:
            for stream in (sys.stdout, sys.stderr):
                stop_writing(stream)
            raise typer.Exit(EXIT_PIPE) from None


app = typer.Typer(
    name="assay",
    cls=Commands,
    help="Measure what your LLM application tells people: sample traces, judge them, write scores back, gate deploys.",
    epilog="Exit codes: 0 ok · 1 the gate says regressed · 2 configuration or input error · 3 inconclusive, or a "
    "backend failed. Start with `assay demo`, then `assay init`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for module in (demo, starting, fleet, status, doctor, judging, labels, calibrating, golden, rubrics):
    module.register(app)


def run_command() -> None:
    """Run the command of this process's arguments; an expected error becomes one line on stderr and an exit code."""
    # What is printed on stdout is the answer, and may be JSON; processes of the fleet configure more, later.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a character must not cost the result; stderr escapes it by itself.
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except ConfigurationError as exc:
        print_error(f"assay: {exc}")
        sys.exit(EXIT_CONFIGURATION)
    except EvaluationError as exc:
        print_error(f"assay: {exc}")
        sys.exit(EXIT_BACKEND)
