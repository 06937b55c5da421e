"""`assay doctor`: everything a deployment needs, looked at once, with what to do where something is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, with_runtime
from assay.worker.cli.streams import print_line
from assay.worker.ports.health import Check, exit_code
from assay.worker.reporting.terminal.text import clipped, shown
from assay.worker.reporting.terminal.visible import visible
from assay.worker.setup.doctor import Doctor
from assay.worker.setup.judge_trials import JudgeTrials
from assay.worker.setup.rubric_fix import RubricFix, plan_fixes, write_fix
from assay.worker.setup.trace_survey import TraceSurvey
from assay.worker.wiring.judges import load_rubrics
from assay.worker.wiring.runtime import Runtime

_MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}
_EXCERPT = 90
"""Characters of a trace's text that are shown beside a proposed line."""


def doctor(  # noqa: PLR0913, PLR0917  # one parameter for each option
    config: ConfigOption = None,
    as_json: JsonOption = False,
    write: Annotated[
        bool, typer.Option("--write/--no-write", help="Write a test score, in our own environment, and delete it.")
    ] = True,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Write the proposed selectors into your rubrics, after showing the difference."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
    judge: Annotated[
        bool, typer.Option("--judge", help="Try the judge models instead: a few paid calls, told before they are made.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="With --judge: only this endpoint; default is the usual one.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="With --judge: only this model.")] = None,
) -> None:
    """Check broker, store, keys, traces and judges; exit 2: a person must edit something, 3: a backend fails.

    Of each use case it looks at some recent traces: in how many question, answer and evidence were found, which
    shapes of traces lack one, and which selectors would find it.

    With --judge it asks nothing of broker and store. It tries each judge model that rubrics name: whether key and name
    are right, how it is asked for JSON, its context window, token probabilities, cache, tokens and price; and prints
    what to write into endpoints.yaml.
    """
    if judge or endpoint is not None or model is not None:
        raise typer.Exit(exit_code(_try_judges(config, endpoint, model, as_json=as_json)))
    if fix and as_json and not yes:
        raise ConfigurationError("assay doctor: --fix: asks before it writes, which --json cannot; add --yes")
    checks, survey = _checks(config, write=write, as_json=as_json)
    if fix:
        checks += _fix(config, survey, yes=yes, as_json=as_json)
    if as_json:
        print_json(checks)
    raise typer.Exit(exit_code(checks))


def _checks(config: Path | None, *, write: bool, as_json: bool) -> tuple[list[Check], TraceSurvey]:
    async def work(runtime: Runtime) -> tuple[list[Check], TraceSurvey]:
        examining = Doctor(runtime, write=write)
        checks: list[Check] = []
        async for check in examining.checks():
            if not as_json:
                if check.group and check.group != (checks[-1].group if checks else ""):
                    console.print(f"\n[bold]{shown(check.group)}[/]", highlight=False)
                _show(check)
            checks.append(check)
        return checks, examining.survey

    return with_runtime(config, work)


def _try_judges(config: Path | None, endpoint: str | None, model: str | None, *, as_json: bool) -> list[Check]:
    settings, root = settings_and_root(config)
    deployment = root.deployment()
    trials = JudgeTrials(root, settings, load_rubrics(root, deployment, settings).values())

    async def work() -> list[Check]:
        checks = []
        async for check in trials.checks(trials.asked(endpoint, model)):
            checks.append(check)
            if not as_json:
                _show(check)
        return checks

    checks = asyncio.run(work())
    if as_json:
        print_json(checks)
    return checks


def _show(check: Check) -> None:
    console.print(
        f"{_MARKS[check.status]}  [bold]{shown(check.name)}[/]  {shown(check.message)}", highlight=False, soft_wrap=True
    )
    for number, line in enumerate(check.lines):
        console.print(f"        {shown(line)}", highlight=False, soft_wrap=True)
        if number < len(check.excerpts) and check.excerpts[number]:
            console.print(
                f"          [dim]{escape(clipped(check.excerpts[number], _EXCERPT))}[/]",
                highlight=False,
                soft_wrap=True,
            )
    if check.remedy:
        console.print(f"      → {shown(check.remedy)}", highlight=False, soft_wrap=True)


def _fix(config: Path | None, survey: TraceSurvey, *, yes: bool, as_json: bool) -> list[Check]:
    settings, root = settings_and_root(config)
    fixes = plan_fixes(root, survey.proposals, settings.rubric_variables())
    if not fixes and not as_json:
        print_line("nothing to write: no line is proposed")
    written = []
    for planned in fixes:
        if not as_json:
            _show_fix(planned)
        if yes or _agrees(planned):
            write_fix(planned)
            check = _written(planned)
            written.append(check)
            if not as_json:
                _show(check)
    return written


def _show_fix(fix: RubricFix) -> None:
    print_line("")
    if fix.copied_from is not None:
        print_line(f"{fix.path}: there is none of yours yet; it begins as a copy of the packaged rubric")
    print_line(fix.diff())


def _agrees(fix: RubricFix) -> bool:
    """Whether the person wants it written. Where nobody can be asked, nothing is."""
    try:
        return typer.confirm(f"write {visible(str(fix.path))}?")
    except typer.Abort:
        raise ConfigurationError(
            "assay doctor: --fix: nothing was written, since nobody answered; add --yes in a script"
        ) from None


def _written(fix: RubricFix) -> Check:
    notes = ["its scores and rates begin anew"]
    if fix.frozen:
        notes.append(
            f"golden sets hold the version before: {', '.join(f'`assay golden freeze {n}`' for n in fix.frozen)}"
        )
    return Check(
        name=f"fix ({fix.rubric})",
        status="ok",
        message=f"wrote {fix.path}: version {fix.version_before[:12]} → {fix.version_after[:12]}; {'; '.join(notes)}",
        details={"path": str(fix.path), "copied": fix.copied_from is not None, "version": fix.version_after},
    )
