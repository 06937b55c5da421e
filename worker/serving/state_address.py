"""Where the fleet's state answers. Who only looks starts no server."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from assay.judges.errors import ConfigurationError
from assay.worker.config.redis_url import parse_redis_url
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.launch.embedded_broker import EmbeddedServer
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import check_connection

NOWHERE = "redis://localhost:1/0"
"""An address for a runtime whose state nobody asks."""


class StateAddress(NamedTuple):
    """Where to ask for the state. `url` is None where nothing answers, and `why` says why."""

    url: str | None
    why: str = ""


def state_address(settings: Settings, root: ConfigRoot) -> StateAddress:
    """The server that ASSAY_REDIS_URL names, else our own one of this data directory. Called outside of any loop."""
    if settings.redis_url is not None:
        try:
            address = parse_redis_url(settings.redis_url.get_secret_value())
        except ConfigurationError as exc:
            return StateAddress(None, str(exc))
        return _asked(address.client_url, f"Redis at {address.shown} does not answer")
    path = EmbeddedServer(root.data_dir(settings)).socket_path
    if not path.exists():
        return StateAddress(None, "no fleet runs on this machine, and ASSAY_REDIS_URL is not set")
    return _asked(f"unix://{quote(str(path))}?db=0", "the broker of this machine does not answer")


def _asked(url: str, silence: str) -> StateAddress:
    try:
        check_connection(url)
    except StateUnavailable:
        return StateAddress(None, silence)
    return StateAddress(url)
