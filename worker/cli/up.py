"""`assay up`, `worker`, `beat`, `sweep`, `import`: running the fleet and feeding the embedded store."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, with_runtime
from assay.worker.config.redis_url import celery_url, required_redis_url
from assay.worker.flow.sweep import SweepReport
from assay.worker.flow.trace_import import import_file
from assay.worker.launch.fleet import Role, beat_argv, running_fleet, worker_argv
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.stores.registry import embedded_factory
from assay.worker.telemetry.logging_setup import configure_logging, start_failures_logged
from assay.worker.wiring.judges import check_deployment
from assay.worker.wiring.stores import open_deployment_store


def up(
    config: ConfigOption = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="Assess worker processes.")] = 2,
) -> None:
    """Run broker (if ASSAY_REDIS_URL is not set), workers and beat until Ctrl-C.

    This is the single-machine mode. Ctrl-C stops beat, then the workers, which finish what they hold, then the
    broker; a second Ctrl-C kills. Nothing is lost either way: the ledger publishes open work again.
    """
    settings, root = settings_and_root(config)
    check_deployment(root, settings)
    with running_fleet(settings, root, assess_workers=workers, report=typer.echo) as fleet:
        broker = "embedded" if fleet.broker.embedded else "ASSAY_REDIS_URL"
        console.print(f"[bold]Assay is up[/bold]: {workers} assess workers, 1 control worker, beat. Ctrl-C stops it.")
        console.print(f"  config  {root.path}\n  broker  {broker}")
        console.print(f"  logs    {root.data_dir(settings) / 'logs'}\n  look    assay status · assay report")
        fleet.run()
    console.print("stopped")


def worker(
    role: Annotated[Role, typer.Option("--role", help="assess: judges traces; control: sweeps, writes, verifies.")],
    name: Annotated[str | None, typer.Option("--name", help="Name in the logs.")] = None,
) -> None:
    """Run one worker process (containers, systemd). Needs ASSAY_REDIS_URL."""
    with start_failures_logged():
        settings, root = settings_and_root(None)
        configure_logging(settings)
        celery_url(required_redis_url(settings))
        check_deployment(root, settings)
    argv = worker_argv(role, settings, name=name)
    os.execv(argv[0], argv)  # noqa: S606  # our own interpreter; a parent in between would swallow signals


def beat() -> None:
    """Run beat, the clock of sweeps, reconciliation and verification. Needs ASSAY_REDIS_URL."""
    with start_failures_logged():
        settings, _ = settings_and_root(None)
        configure_logging(settings)
        celery_url(required_redis_url(settings))
    argv = beat_argv(settings)
    os.execv(argv[0], argv)  # noqa: S606  # as above


def sweep(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Look through all windows that are due, once, now. A second sweep right after it adds nothing."""
    report: SweepReport = with_runtime(config, lambda runtime: runtime.sweeper.sweep())
    if as_json:
        print_json(report)
    elif report.skipped_because_running:
        console.print("another sweep is running; nothing done")
    else:
        console.print(
            f"{report.windows} windows, {report.seen} traces seen, {report.selected} newly selected "
            f"({report.already_scored} of them already scored), {report.messages} messages published"
        )


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
