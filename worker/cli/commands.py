"""All commands, and what their errors come to."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from assay.worker.cli import EXIT_BACKEND, EXIT_CONFIGURATION, EXIT_INTERRUPTED, EXIT_PIPE
from assay.worker.cli.interruptions import tell_interruption
from assay.worker.cli.lazy import LazyCommand, LazyGroup
from assay.worker.cli.plain_text import make_streams_plain
from assay.worker.cli.streams import harmless_complaints, print_error, stop_writing

COMMANDS = {
    "demo": LazyCommand(
        "demo:demo", "Run the whole job on real, human-labelled answers. No key, no services, under a minute."
    ),
    "init": LazyCommand(
        "init:init",
        "Write a commented assay.yaml for the store whose keys are set. Asks nothing and changes nothing else.",
    ),
    "up": LazyCommand("up:up", "Run broker (if ASSAY_REDIS_URL is not set), workers and beat until Ctrl-C."),
    "worker": LazyCommand("worker:worker", "Run one worker process (containers, systemd). Needs ASSAY_REDIS_URL."),
    "beat": LazyCommand(
        "beat:beat", "Run beat, the clock of sweeps, reconciliation and verification. Needs ASSAY_REDIS_URL."
    ),
    "collector": LazyCommand(
        "collector:collector", "Take spans (OTLP over HTTP, port 4318) and make traces of them in the embedded store."
    ),
    "sweep": LazyCommand(
        "sweep:sweep", "Look through all windows that are due, once, now. A second sweep right after it adds nothing."
    ),
    "plan": LazyCommand(
        "plan:plan",
        "Show what would be selected: traces, rates, tokens, USD, store requests, and ± points of the rates.",
    ),
    "backfill": LazyCommand(
        "backfill:backfill",
        "Judge the traces of a past time range: shows the plan, asks, then does it beside live traffic.",
    ),
    "import": LazyCommand(
        "import_:import_traces",
        "Put traces from a JSONL file into the embedded store. Bad lines are named; the rest is imported (exit 2).",
    ),
    "status": LazyCommand(
        "status:status",
        "Show the funnel (it adds up), queues, what was paid for no score, and how scheduled golden sets stand.",
    ),
    "report": LazyCommand(
        "report:report",
        "Show how often answers were wrong: weighted rates with intervals, trend, worst answers and what it took.",
    ),
    "compare": LazyCommand(
        "compare:compare",
        "Compare two slices of production traffic. Exit 0 pass, 1 regressed, 2 input error, 3 inconclusive.",
    ),
    "slo": LazyCommand(
        "slo:slo",
        "Show each objective: the share attained, its interval, the error budget left, and goodput of all together.",
    ),
    "cost": LazyCommand(
        "cost:cost",
        "Show what the application's answers cost: a request and in all, by feature, tier, model, prompt version, day.",
    ),
    "digest": LazyCommand(
        "digest:digest",
        "Show or send the weekly message: rates, what changed, worst answers, golden result, budget.",
    ),
    "export": LazyCommand(
        "export:export",
        "Write the record of a period as Parquet, CSV or JSON lines: one row per trace and rubric that came to an end.",
    ),
    "flagged": LazyCommand(
        "flagged:flagged",
        "List the worst answers of a period with the sentence that was wrong, its evidence and a link.",
    ),
    "why": LazyCommand("why:why", "Tell every decision that was made about one trace."),
    "serve": LazyCommand(
        "serve:serve",
        "Show the fleet as a page for the browser: rates, flagged answers, golden sets, spend. Read-only.",
    ),
    "doctor": LazyCommand(
        "doctor:doctor",
        "Check broker, store, keys, traces and judges; exit 2: a person must edit something, 3: a backend fails.",
    ),
    "judge": LazyCommand(
        "judge:judge",
        'Judge samples: {"id", "question", "contexts": [..], "response"} a line in, one verdict a line out, in order.',
    ),
    "calibrate": LazyCommand(
        "calibrate:calibrate",
        "Fit the risk of one judge and rubric to human labels, and show what it is worth on rows it was not fitted on.",
    ),
    "gate": LazyCommand(
        "golden.gate:gate",
        "Compare a candidate release with the baseline. Exit 0 pass, 1 regressed, 2 input error, 3 inconclusive.",
    ),
    "replay": LazyCommand(
        "replay:replay",
        "Ask the application again what these traces asked, and judge the old and the new answer side by side.",
    ),
    "backup": LazyCommand(
        "backup:backup",
        "Copy the data directory while the fleet runs: record, embedded store, golden runs, the embedded broker's "
        "files.",
    ),
    "restore": LazyCommand(
        "restore:restore",
        "Put a backup in place, after its manifest and every sha256 were checked. Nothing may run meanwhile.",
    ),
    "settings": LazyCommand(
        "settings:settings",
        "Show every setting by its environment variable, with its source and meaning, and whether assay.yaml is valid.",
    ),
    "alerts": LazyCommand("alerts:alerts_app", "List, render, try and mute alerts."),
    "drift": LazyCommand("drift.group:drift_app", "Baselines of traffic, and whether it drifts away from them."),
    "batches": LazyCommand("batches:batches_app", "List and cancel the batches that providers work on for us."),
    "dead": LazyCommand("dead:dead_app", "List, show, replay and drop work that gave up."),
    "labels": LazyCommand("labels:labels_app", "Labels from people, for `assay calibrate`."),
    "golden": LazyCommand("golden.group:golden_app", "Begin, label, check, freeze and run golden sets."),
    "rubrics": LazyCommand("rubrics.group:rubrics_app", "List, check, show and try rubrics."),
}
"""Every command in the order of the help. The helps are copies, which tests/unit/worker/cli holds to the commands'."""


class Commands(LazyGroup):
    """The commands, with ends that Typer would call 1, which here means: the gate says regressed."""

    lazy_commands = COMMANDS

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Parse the words before the command."""
        with harmless_complaints():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:  # typer's context, whose class is not public
        """Run the command that was asked for."""
        try:
            with harmless_complaints():
                return super().invoke(ctx)
        except typer.Abort:
            print_error(
                "assay: a question was not answered, so nothing was done; where nobody can be asked, give --yes"
            )
            raise typer.Exit(EXIT_CONFIGURATION) from None
        except KeyboardInterrupt:
            tell_interruption(sys.argv[1:])
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            for stream in (sys.stdout, sys.stderr):
                stop_writing(stream)
            raise typer.Exit(EXIT_PIPE) from None


app = typer.Typer(
    name="assay",
    cls=Commands,
    epilog="Exit codes: 0 ok · 1 the gate says regressed · 2 configuration or input error · 3 inconclusive, or a "
    "backend failed · 130 interrupted by Ctrl-C (`gate` and `golden run`: 3). Start with `assay demo`, then "
    "`assay init`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"assay {version('assay-fleet')}")
        raise typer.Exit


@app.callback()
def assay(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Measure what your LLM application tells people: sample traces, judge them, write scores back, gate deploys."""
    import structlog

    # What is printed on stdout is the answer, and may be JSON. So what is logged goes to stderr.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def run_command() -> None:
    """Run the command of this process's arguments. An expected error becomes a line on stderr and an exit code."""
    make_streams_plain()
    try:
        app()
    except Exception as exc:
        from assay.worker.cli.disk_errors import disk_problem

        told = disk_problem(exc)
        code = _exit_code(exc) if told is None else EXIT_CONFIGURATION
        if code is None:
            raise
        print_error(f"assay: {told or exc}")
        sys.exit(code)


def _exit_code(exc: Exception) -> int | None:
    """The exit code of an expected error. None for any other."""
    from assay.judges.errors import ConfigurationError, EvaluationError

    if isinstance(exc, ConfigurationError):
        return EXIT_CONFIGURATION
    return EXIT_BACKEND if isinstance(exc, EvaluationError) else None
