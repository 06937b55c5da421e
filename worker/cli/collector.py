"""`assay collector`: takes spans from applications, for a store that keeps them."""

from __future__ import annotations

import asyncio

from assay.worker.cli.context import ConfigOption, settings_and_root
from assay.worker.telemetry.logging_setup import configure_logging, log_uncaught, start_failures_logged
from assay.worker.wiring.collecting import check_parts, run_collector


def collector(config: ConfigOption = None) -> None:
    """Take spans (OTLP over HTTP, port 4318) and make traces of them in the embedded store.

    Any OpenTelemetry SDK or Collector can send to it. It answers when what came is on the disk. SIGTERM or Ctrl-C end
    it after the requests that it has in hand.
    """
    with start_failures_logged():
        check_parts()
        settings, root = settings_and_root(config)
        configure_logging(settings)
        log_uncaught()
        deployment = root.deployment()
        asyncio.run(run_collector(root, deployment, settings))
