"""Where the processes of one machine serve their pages: ports next to one another, from ASSAY_METRICS_PORT on."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import Settings

LAST_PORT = 65_535


def metrics_ports(settings: Settings, others: Sequence[str]) -> dict[str, int]:
    """The port of each process by its name: control has the first, beat the next, then the others.

    Args:
        settings: say the first. Without it no process has one.
        others: the names of the assess workers, and of the collector behind them.

    Raises:
        ConfigurationError: there are not so many ports.
    """
    first = settings.metrics_port
    if first is None:
        return {}
    names = ("control", "beat", *others)
    if first + len(names) - 1 > LAST_PORT:
        raise ConfigurationError(
            f"environment: ASSAY_METRICS_PORT: {len(names)} processes need {len(names)} ports from {first} on; "
            f"set it to {LAST_PORT - len(names) + 1} at most"
        )
    return {name: first + n for n, name in enumerate(names)}


def taken(host: str, ports: Mapping[str, int]) -> dict[str, int]:
    """Those of the ports that somebody else has, or that cannot be had at this address."""
    return {name: port for name, port in ports.items() if not _is_free(host, port)}


def _is_free(host: str, port: int) -> bool:
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError:
        return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
