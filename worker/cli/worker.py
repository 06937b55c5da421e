"""`assay worker`: one worker process, for containers and systemd."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from assay.worker.cli.context import settings_and_root
from assay.worker.config.end_signals import hold_back_signals
from assay.worker.config.redis_url import celery_url, required_redis_url
from assay.worker.launch.fleet import Role, worker_argv
from assay.worker.telemetry.logging_setup import configure_logging, start_failures_logged
from assay.worker.wiring.judges import check_deployment


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
    hold_back_signals()
    os.execv(argv[0], argv)  # noqa: S606  # our own interpreter; a parent in between would swallow signals
