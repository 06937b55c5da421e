"""`assay import`: traces from a file into the embedded store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, with_runtime
from assay.worker.cli.streams import print_error
from assay.worker.cli.uncovered import read_coverage
from assay.worker.flow.trace_import import import_file
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.stores.registry import embedded_factory
from assay.worker.wiring.stores import open_deployment_store

if TYPE_CHECKING:
    from assay.worker.flow.coverage import Coverage
    from assay.worker.flow.trace_import import ImportResult
    from assay.worker.wiring.runtime import Runtime

MOST_LOOKED_AT = 200_000
"""Traces of the file's time that are looked at, to tell which of them no sweep will look at."""


def import_traces(
    file: Annotated[Path, typer.Argument(help="JSONL, one trace a line (docs/trace.schema.json); .gz is read too.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put traces from a JSONL file into the embedded store. Bad lines are named; the rest is imported (exit 2).

    It says which traces will not be swept, and the command that judges them.
    """
    result = _import(file, config)
    for bad in result.first_bad:
        print_error(f"assay: {file}: {bad}")
    coverage = _coverage(config, result)
    if as_json:
        told = coverage.model_dump(mode="json") if coverage else None
        print_json({**result.model_dump(mode="json"), "coverage": told})
    else:
        console.print(f"{result.imported:,} traces imported, {result.bad:,} lines refused")
        _print_coverage(coverage)
    raise typer.Exit(2 if result.bad else 0)


def _import(file: Path, config: Path | None) -> ImportResult:
    import asyncio

    settings, root = settings_and_root(config)
    store = open_deployment_store(root, root.deployment(), settings, able_to=(WithTraceImport,))
    if not isinstance(store, WithTraceImport):
        raise ConfigurationError(
            f"assay.yaml: store.kind: import writes only to the embedded store; set kind: {embedded_factory().kind}"
        )
    takes_traces = store

    async def run() -> ImportResult:
        try:
            return await import_file(takes_traces, file)
        finally:
            await store.close()

    return asyncio.run(run())


def _coverage(config: Path | None, result: ImportResult) -> Coverage | None:
    """What sweeps will do with the traces of the file's time. None where the fleet's state cannot be asked."""
    from assay.worker.flow.coverage import LATEST

    first, last = result.first_start, result.last_start
    if first is None or last is None:
        return None

    between = (first, min(last, LATEST - timedelta(seconds=1)) + timedelta(microseconds=1))

    async def look(runtime: Runtime) -> Coverage | None:
        return await read_coverage(runtime, most=MOST_LOOKED_AT, between=between)

    try:
        return with_runtime(config, look)
    except (ConfigurationError, EvaluationError) as exc:  # the traces are in the store all the same
        print_error(f"assay: which of them will be swept is not known: {exc}")
        return None


def _print_coverage(coverage: Coverage | None) -> None:
    from assay.worker.reporting.terminal.coverage import coverage_lines

    for line in coverage_lines(coverage) if coverage else ():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
