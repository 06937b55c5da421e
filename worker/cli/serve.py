"""`assay serve`: the fleet as a page for the browser."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import typer

from assay.worker.cli.context import ConfigOption, settings_and_root
from assay.worker.cli.streams import print_error
from assay.worker.serving.running import check_entrance, check_parts, run_pages
from assay.worker.telemetry.logging_setup import configure_logging, log_uncaught, start_failures_logged


def serve(
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How many UTC days are told, today included.")] = 7,
    config: ConfigOption = None,
) -> None:
    """Show the fleet as a page for the browser: rates, flagged answers, golden sets, spend. Read-only.

    It reads what `assay report`, `cost`, `slo`, `status` and `alerts now` read, and changes nothing. Readers need the
    token of ASSAY_SERVE_TOKEN; without one it serves this machine alone. SIGTERM or Ctrl-C end it.
    """
    with start_failures_logged():
        check_parts()
        settings, root = settings_and_root(config)
        check_entrance(settings)
        root.deployment()  # what is wrong with assay.yaml is said here, and not on a page
        configure_logging(settings)
        log_uncaught()
        host = f"[{settings.serve_host}]" if ":" in settings.serve_host else settings.serve_host
        address = f"http://{host}:{settings.serve_port}/"
        tell = partial(print_error, f"the page of the fleet: {address} (Ctrl-C ends)")
        asyncio.run(run_pages(settings, root, days=days, tell=tell))
