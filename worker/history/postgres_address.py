"""The address of a PostgreSQL database: checked, and shown without its login."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

from assay.judges.errors import ConfigurationError
from assay.worker.extras import extra_error
from assay.worker.history.address_options import checked_options

VARIABLE = "ASSAY_DATABASE_URL"
_FORM = "postgresql://user:password@host:5432/database"
_SCHEMES = {"postgres", "postgresql", "postgresql+psycopg"}
_HIGHEST_PORT = 65_535

_LOGIN = re.compile(r"(?P<user>[^:/?#]*)(?::(?P<password>.*))?")
"""What stands before the `@`: `assay:s3cret`. Only the password may hold what has a meaning elsewhere."""

_PLACE = re.compile(r"(?P<hosts>[^/?#]*)(?:/(?P<database>[^?#]*))?(?:\?(?P<options>[^#]*))?")
"""What stands behind it: `db.example.org:5432/assay?sslmode=require`."""

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]*))(?::(?P<port>\d{1,5}))?")
"""One host, e.g. `db.example.org:5432` or `[::1]:5432`."""

_HOST_OPTION = re.compile(r"[\w.-]*(?::\d{1,5})?|[0-9A-Fa-f:.]+|/[^,:@\s]*")
"""One host behind `?host=`, where it may be the folder of a socket: `/var/run/postgresql`."""

_NO_NAME = re.compile(r"[:@/?#]")
"""What stands in no name of a database that is shown. It may be the end of a password, as in `d:s3cret@h`."""

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

    SQLAlchemy reads an address that is not encoded as best it can, and takes a part of a password for a host or a
    database. Here such an address is refused: what is shown holds no part of a login.

    Raises:
        ConfigurationError: it is no such address, or the driver is not installed. No part of a login is in the message.
    """

    def __init__(self, url: SecretStr, *, connect_timeout_s: float) -> None:
        text = url.get_secret_value().strip()
        if text.partition("://")[0] not in _SCHEMES:
            raise ConfigurationError(f"environment: {VARIABLE}: is no address of a PostgreSQL database; write {_FORM}")
        _check_driver()
        self._url = _parsed(text)
        self._connect_timeout_s = connect_timeout_s

    @property
    def for_driver(self) -> URL:
        """As SQLAlchemy takes it."""
        return self._url

    @property
    def options(self) -> dict[str, Any]:
        """Of the connection, without those that the address has. Text goes as UTF-8, whatever the address says."""
        options = {"connect_timeout": max(2, round(self._connect_timeout_s)), **_DEFAULTS}
        return {
            **{name: value for name, value in options.items() if name not in self._url.query},
            "client_encoding": "utf8",
        }

    @property
    def shown(self) -> str:
        """Host, port and database, e.g. `PostgreSQL db.example.org:5432/assay`."""
        query, url = self._url.query, self._url
        hosts = (_joined(query.get("host")) or url.host or "localhost").split(",")
        ports = (_joined(query.get("port")) or str(url.port or "")).split(",")
        each = [
            _with_port(host, ports[number] if number < len(ports) else ports[0]) for number, host in enumerate(hosts)
        ]
        return f"PostgreSQL {','.join(each)}/{_joined(query.get('dbname')) or url.database or ''}"

    def __repr__(self) -> str:
        return f"PostgresAddress({self.shown!r})"


def _parsed(text: str) -> URL:
    before, at, behind = text.partition("://")[2].rpartition("@")
    login, place = _LOGIN.fullmatch(before), _PLACE.fullmatch(behind)
    if login is None or place is None or "@" in before or not text.isprintable():
        raise _unreadable()
    hosts, ports = _hosts(place["hosts"])
    options = _options(place["options"] or "")
    if len(hosts) > 1:
        options = {"host": ",".join(hosts), "port": ",".join(ports), **options}
    is_one = len(hosts) == 1
    url = URL.create(
        "postgresql+psycopg",
        username=unquote(login["user"]) or None if at else None,
        password=unquote(login["password"]) if login["password"] else None,
        host=(hosts[0] or None) if is_one else None,
        port=int(ports[0]) if is_one and ports[0] else None,
        database=_name(unquote(place["database"] or "")) or None,
        query=options,
    )
    _check_hosts(url)
    return url


def _hosts(text: str) -> tuple[list[str], list[str]]:
    """Hosts and their ports, one port for each host."""
    matches = [_HOST.fullmatch(part) for part in text.split(",")]
    hosts, ports = [], []
    for match in matches:
        if match is None or int(match["port"] or 0) > _HIGHEST_PORT:
            raise _unreadable()
        hosts.append(match["ipv6"] or match["name"] or "")
        ports.append(match["port"] or "")
    return hosts, ports


def _options(text: str) -> dict[str, str | tuple[str, ...]]:
    pieces = [piece.partition("=") for piece in text.split("&") if piece]
    if any(not equals for _, equals, _ in pieces):
        raise _unreadable()
    values: dict[str, list[str]] = {}
    for name, _, value in pieces:
        values.setdefault(unquote(name), []).append(unquote(value.replace("+", " ")))
    try:
        options = checked_options(values)
    except ValueError as exc:
        raise ConfigurationError(f"environment: {VARIABLE}: {exc}") from None
    _name(_joined(options.get("dbname")))
    hosts = [host for value in values.get("host", ()) for host in value.split(",")]
    if not all(map(_HOST_OPTION.fullmatch, hosts)):
        raise _unreadable()
    return options


def _name(text: str) -> str:
    if _NO_NAME.search(text) or not text.isprintable():
        raise _unreadable()
    return text


def _joined(value: str | tuple[str, ...] | None) -> str:
    return value if isinstance(value, str) else ",".join(value or ())


def _with_port(host: str, port: str) -> str:
    host = f"[{host}]" if host.count(":") > 1 else host
    return f"{host}:{port}" if port else host


def _check_hosts(url: URL) -> None:
    """Have SQLAlchemy read hosts and ports, as long as nobody waits for a connection."""
    try:
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise _unreadable() from None


def _unreadable() -> ConfigurationError:
    encode = "percent-encode the password and whatever else holds one of these (@ as %40, / as %2F, : as %3A, # as %23)"
    return ConfigurationError(f"environment: {VARIABLE}: cannot be read; write {_FORM}, and {encode}")


def _check_driver() -> None:
    try:
        import psycopg  # noqa: F401  # whether it is there
    except ImportError as exc:
        why = f"PostgreSQL needs a driver ({exc})"
        raise extra_error("postgres", what=f"environment: {VARIABLE}", why=why) from None
