"""The address of a PostgreSQL database: checked, and shown without its login."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from assay.judges.errors import ConfigurationError

VARIABLE = "ASSAY_DATABASE_URL"
_FORM = "postgresql://user:password@host:5432/database"
_SCHEMES = {"postgres", "postgresql", "postgresql+psycopg"}

_DEFAULTS: dict[str, Any] = {
    "application_name": "assay",
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""What the connection is opened with where the address says nothing else. A server that vanished is noticed so."""


class PostgresAddress:
    """Where the record is, and how to log in there. What follows `?` goes to the driver, as `sslmode`.

    Raises:
        ConfigurationError: it is no such address, or the driver is not installed. No part of a login is in the message.
    """

    def __init__(self, url: SecretStr, *, connect_timeout_s: float) -> None:
        self._url = _parsed(url.get_secret_value().strip())
        _check_driver()
        self._connect_timeout_s = connect_timeout_s

    @property
    def for_driver(self) -> URL:
        """As SQLAlchemy takes it."""
        return self._url

    @property
    def options(self) -> dict[str, Any]:
        """Of the connection, without those that the address has."""
        options = {"connect_timeout": max(2, round(self._connect_timeout_s)), **_DEFAULTS}
        return {name: value for name, value in options.items() if name not in self._url.query}

    @property
    def shown(self) -> str:
        """Host, port and database, e.g. `PostgreSQL db.example.org:5432/assay`."""
        in_query = self._url.query.get("host", "")
        host = self._url.host or (in_query if isinstance(in_query, str) else ",".join(in_query)) or "localhost"
        port = f":{self._url.port}" if self._url.port else ""
        return f"PostgreSQL {host}{port}/{self._url.database or ''}"

    def __repr__(self) -> str:
        return f"PostgresAddress({self.shown!r})"


def _parsed(text: str) -> URL:
    if text.partition("://")[0] not in _SCHEMES:
        raise ConfigurationError(f"environment: {VARIABLE}: is no address of a PostgreSQL database; write {_FORM}")
    try:
        return make_url(text).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            f"environment: {VARIABLE}: cannot be read; write {_FORM}, and percent-encode the password"
        ) from None


def _check_driver() -> None:
    try:
        import psycopg  # noqa: F401  # whether it is there
    except ImportError as exc:
        raise ConfigurationError(
            f"environment: {VARIABLE}: PostgreSQL needs a driver ({exc}); pip install 'assay-fleet[postgres]'"
        ) from None
