"""Runs the pages: checks first what would leave them open, then serves until told to end."""

from __future__ import annotations

import socket
from importlib.util import find_spec

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings

SHORTEST_TOKEN = 16
"""Characters of a token that nobody guesses, if they are random."""

_PARTS = ("starlette", "uvicorn")
"""What the extra brings."""

log = structlog.get_logger(__name__)


def check_parts() -> None:
    """Refuse to begin where the extra is not installed.

    Raises:
        ConfigurationError: names what is missing, and the remedy.
    """
    for part in _PARTS:
        if find_spec(part) is None:
            raise ConfigurationError(f"assay serve: needs {part}; install it: pip install 'assay-fleet[otlp]'")


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
        why = exc.strerror or type(exc).__name__
        raise ConfigurationError(
            f"environment: ASSAY_SERVE_PORT: port {port} of {host} cannot be had: {why}; "
            "end what listens there, or set another port or ASSAY_SERVE_HOST"
        ) from exc


async def run_pages(settings: Settings, root: ConfigRoot, *, days: int) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP.

    Raises:
        ConfigurationError: the address cannot be had, or the deployment's files cannot be used.
    """
    from assay.worker.collector.serving import serve
    from assay.worker.serving.app import FleetPages
    from assay.worker.serving.entrance import Entrance
    from assay.worker.serving.html.pages import compile_templates
    from assay.worker.serving.kept_figures import KeptFigures
    from assay.worker.serving.reading import DeploymentReader

    reader = DeploymentReader(settings, root, days=days)
    kept = KeptFigures(reader.figures)
    app = FleetPages(kept, reader, Entrance(settings.serve_token)).app()
    with listening(settings) as sock:
        kept.latest()  # so that who comes first need not wait
        compile_templates()
        _tell_start(settings)
        await serve(app, sock)
    log.info("serve.ended")


def _tell_start(settings: Settings) -> None:
    log.info("serve.listening", host=settings.serve_host, port=settings.serve_port)
    if settings.serve_token is None:
        remedy = "set ASSAY_SERVE_TOKEN"
        log.warning("serve.no_token", meaning="every user of this machine can read the page", remedy=remedy)
