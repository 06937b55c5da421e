"""The `assay` command. Commands only parse, call and print; what they do lives in the packages below."""

from __future__ import annotations

import sys
import traceback

import structlog
import typer

from judges.errors import ConfigurationError, EvaluationError
from worker.cli import calibrating, demo, doctor, fleet, golden, judging, labels, rubrics, starting, status

app = typer.Typer(
    name="assay",
    help="Measure what your LLM application tells people: sample traces, judge them, write scores back, gate deploys.",
    epilog="Exit codes: 0 ok · 1 the gate says regressed · 2 configuration or input error · 3 inconclusive, or a "
    "backend failed. Start with `assay demo`, then `assay init`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for module in (demo, starting, fleet, status, doctor, judging, labels, calibrating, golden, rubrics):
    module.register(app)

EXIT_CONFIGURATION = 2
EXIT_BACKEND = 3


def main() -> None:
    """Run the command; an expected error becomes one line on stderr and an exit code."""
    # What is printed on stdout is the answer, and may be JSON; processes of the fleet configure more, later.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app()
    except ConfigurationError as exc:
        sys.exit(_say(exc, EXIT_CONFIGURATION))
    except EvaluationError as exc:
        sys.exit(_say(exc, EXIT_BACKEND))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception:  # noqa: BLE001  # a bug of ours must not look like exit 1, "the gate says regressed"
        traceback.print_exc()
        typer.echo("assay: this is a bug in assay, not in your files; please report it with the lines above", err=True)
        sys.exit(EXIT_BACKEND)


def _say(exc: EvaluationError, code: int) -> int:
    typer.echo(f"assay: {exc}", err=True)
    return code
