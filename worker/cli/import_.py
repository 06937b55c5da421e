"""`assay import`: traces from a file into the embedded store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.flow.trace_import import import_file
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.stores.registry import embedded_factory
from assay.worker.wiring.stores import open_deployment_store


def import_traces(
    file: Annotated[Path, typer.Argument(help="JSONL, one trace a line (docs/trace.schema.json); .gz is read too.")],
    config: ConfigOption = None,
) -> None:
    """Put traces from a JSONL file into the embedded store. Bad lines are named; the rest is imported (exit 2)."""
    settings, root = settings_and_root(config)
    store = open_deployment_store(root, root.deployment(), settings)
    if not isinstance(store, WithTraceImport):
        raise ConfigurationError(
            f"assay.yaml: store.kind: import writes only to the embedded store; set kind: {embedded_factory().kind}"
        )
    takes_traces = store

    async def run() -> int:
        try:
            result = await import_file(takes_traces, file)
        finally:
            await store.close()
        for bad in result.first_bad:
            typer.echo(f"assay: {file}: {bad}", err=True)
        console.print(f"{result.imported} traces imported, {result.bad} lines refused")
        return 2 if result.bad else 0

    raise typer.Exit(asyncio.run(run()))
