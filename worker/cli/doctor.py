"""`assay doctor`: everything a deployment needs, looked at once, with what to do where something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from assay.worker.ports.health import Check, exit_code
from assay.worker.setup.doctor import examine
from assay.worker.wiring.runtime import Runtime

_MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def doctor(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    write: Annotated[
        bool, typer.Option("--write/--no-write", help="Write a test score, in our own environment, and delete it.")
    ] = True,
) -> None:
    """Check broker, store, keys, traces and judges; exit 2: a person must edit something, 3: a backend fails."""
    checks = _checks(config, write=write, as_json=as_json)
    if as_json:
        print_json(checks)
    raise typer.Exit(exit_code(checks))


def _checks(config: Path | None, *, write: bool, as_json: bool) -> list[Check]:
    async def work(runtime: Runtime) -> list[Check]:
        checks = []
        async for check in examine(runtime, write=write):
            checks.append(check)
            if not as_json:
                _show(check)
        return checks

    return with_runtime(config, work)


def _show(check: Check) -> None:
    console.print(f"{_MARKS[check.status]}  [bold]{escape(check.name)}[/]  {escape(check.message)}", highlight=False)
    if check.remedy:
        console.print(f"      → {escape(check.remedy)}", highlight=False)
