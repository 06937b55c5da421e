"""`assay beat`: the fleet's clock, as a process of its own."""

from __future__ import annotations

import os

from assay.worker.cli.context import settings_and_root
from assay.worker.config.end_signals import hold_back_signals
from assay.worker.config.redis_url import celery_url, required_redis_url
from assay.worker.launch.fleet import beat_argv
from assay.worker.telemetry.logging_setup import configure_logging, start_failures_logged


def beat() -> None:
    """Run beat, the clock of sweeps, reconciliation and verification. Needs ASSAY_REDIS_URL."""
    with start_failures_logged():
        settings, _ = settings_and_root(None)
        configure_logging(settings)
        celery_url(required_redis_url(settings))
    argv = beat_argv(settings)
    hold_back_signals()
    os.execv(argv[0], argv)  # noqa: S606  # our own interpreter, as in `assay worker`
