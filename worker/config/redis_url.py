"""The broker's address: required, checked, in the form Celery takes, and shown without its password."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import Settings

_SCHEMES = ("redis", "rediss", "unix")

_DATABASE = re.compile(r"(?:^|&)db=(\d+)")
"""The database in a unix socket's query, as redis-py reads it: the 3 of `db=3&protocol=3`."""


def required_redis_url(settings: Settings) -> str:
    """The server all processes share.

    Raises:
        ConfigurationError: none is set. Only `assay up` and the demo start one themselves.
    """
    if settings.redis_url is None:
        raise ConfigurationError(
            "environment: ASSAY_REDIS_URL: not set; set it, or run `assay up`, which starts a server of its own"
        )
    return settings.redis_url.get_secret_value()


def celery_url(url: str) -> str:
    """A redis-py URL in the form Celery takes. Only unix sockets differ.

    Raises:
        ConfigurationError: not a Redis URL.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise ConfigurationError(f"ASSAY_REDIS_URL: {exc}; write redis://host:6379/0") from exc
    if parts.scheme not in _SCHEMES or not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ConfigurationError(f"ASSAY_REDIS_URL: {without_login(url)!r} is no Redis URL; write redis://host:6379/0")
    if parts.scheme != "unix":
        return url
    database = _DATABASE.search(parts.query)
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database.group(1) if database else 0}"


def without_login(url: str) -> str:
    """The URL without user and password, and without its query, which may hold a password too."""
    head, _, rest = url.partition("://")
    return f"{head}://{rest.rpartition('@')[2].partition('?')[0]}" if rest else head
