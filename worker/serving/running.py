"""Runs the pages: checks first what would leave them open, then serves until told to end."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.extras import needs_extra

SHORTEST_TOKEN = 16
"""Characters of a token that nobody guesses, if they are random."""

log = structlog.get_logger(__name__)


def check_parts() -> None:
    """Refuse to begin where the extra is not installed.

    Raises:
        ConfigurationError: names what is missing, and the remedy.
    """
    needs_extra("otlp", what="assay serve", modules=("starlette", "uvicorn"))


def check_entrance(settings: Settings) -> None:
    """Refuse to begin where anybody could read.

    Raises:
        ConfigurationError: names the setting, and the remedy.
    """
    from assay.worker.serving.headers import is_loopback

    token = settings.serve_token
    if token is None and not is_loopback(settings.serve_host):
        raise ConfigurationError(
            f"environment: ASSAY_SERVE_HOST: {settings.serve_host} can be reached by others, who would read without a "
            "token; set ASSAY_SERVE_TOKEN (16 random characters or more), or leave the host at 127.0.0.1"
        )
    if token is not None and len(token.get_secret_value()) < SHORTEST_TOKEN:
        raise ConfigurationError(
            f"environment: ASSAY_SERVE_TOKEN: is shorter than {SHORTEST_TOKEN} characters and can be guessed; "
            "take one from `openssl rand -hex 24`"
        )


def listening(settings: Settings) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigurationError: the address cannot be had.
    """
    host, port = settings.serve_host, settings.serve_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as exc:
        why = os.strerror(exc.errno) if exc.errno else type(exc).__name__
        raise ConfigurationError(
            f"environment: ASSAY_SERVE_PORT: port {port} of {host} cannot be had: {why}; "
            "end what listens there, or set another port or ASSAY_SERVE_HOST"
        ) from exc


async def run_pages(settings: Settings, root: ConfigRoot, *, days: int, tell: Callable[[], None]) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP.

    Args:
        settings: of this process.
        root: where the deployment's files are.
        days: UTC days that are told, today included.
        tell: called once the address is had.

    Raises:
        ConfigurationError: the address cannot be had, or the deployment's files cannot be used.
    """
    from assay.worker.collector.serving import serve
    from assay.worker.serving.app import FleetPages
    from assay.worker.serving.entrance import Entrance
    from assay.worker.serving.html.pages import compile_templates
    from assay.worker.serving.kept_figures import KeptFigures
    from assay.worker.serving.reading import DeploymentReader
    from assay.worker.wiring.metrics_pages import start_metrics_pages

    reader = DeploymentReader(settings, root, days=days)
    kept = KeptFigures(reader.figures)
    app = FleetPages(kept, reader, Entrance(settings.serve_token)).app()
    with listening(settings) as sock:
        metrics = await asyncio.to_thread(start_metrics_pages, settings, "serve")  # they have a loop of their own
        try:
            kept.latest()  # so that who comes first need not wait
            compile_templates()
            _tell_start(settings)
            tell()
            await serve(app, sock)
        finally:
            if metrics is not None:
                await asyncio.to_thread(metrics.stop)
    log.info("serve.ended")


def _tell_start(settings: Settings) -> None:
    log.info("serve.listening", host=settings.serve_host, port=settings.serve_port)
    if settings.serve_token is None:
        remedy = "set ASSAY_SERVE_TOKEN"
        log.warning("serve.no_token", meaning="every user of this machine can read the page", remedy=remedy)
