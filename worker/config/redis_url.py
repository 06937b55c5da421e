"""The broker's address: required, checked, in one form for the state and one for Celery, and shown without its login.

Nothing of a login is ever part of a message. An address that cannot be read is refused without a word of it: which part
of it is a password nobody can tell then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import Settings

_VARIABLE = "ASSAY_REDIS_URL"
_FORM = "redis://host:6379/0, with a login redis://user:password@host:6379/0"
_ENCODE = (
    "percent-encode the password: "
    "python3 -c 'import getpass, urllib.parse; print(urllib.parse.quote(getpass.getpass(), \"\"))'"
)

_PLACE = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?(?:/(?P<db>\d{0,4}))?")
"""What follows the login of a server: `cache.example.org:6379/0`, `[::1]`."""

_SPOILING = re.compile(r"[/?#\[\]\s\"'<>\\^`{|}\x00-\x1f\x7f\ud800-\udfff]")
"""What a login cannot hold as it is, for example `/`."""

_TLS_OPTIONS = {
    "ssl_cert_reqs": re.compile(r"none|optional|required"),
    "ssl_check_hostname": re.compile(r"true|false"),
    "ssl_ca_certs": re.compile(r".+"),
    "ssl_certfile": re.compile(r".+"),
    "ssl_keyfile": re.compile(r".+"),
}
"""What an address may ask for behind its `?`, for `rediss://` alone, e.g. `ssl_cert_reqs=none`."""

_DATABASE = re.compile(r"\d{1,4}")
"""The number of a database, as in `?db=3`."""


@dataclass(frozen=True)
class RedisAddress:
    """A server, or a socket on this machine, and how to log in there.

    Attributes:
        scheme: `redis`, `rediss` or `unix`.
        login: `user:password@`, percent-encoded; empty where there is none.
        place: host and port, or the path of a socket, percent-encoded.
        database: its number.
        options: of TLS.
    """

    scheme: str
    login: str
    place: str
    database: int
    options: tuple[tuple[str, str], ...] = ()

    @property
    def client_url(self) -> str:
        """The address as redis-py and RedBeat take it."""
        if self.scheme == "unix":
            return f"unix://{self.login}{self.place}?db={self.database}"
        return f"{self.scheme}://{self.login}{self.place}/{self.database}{self._query}"

    @property
    def celery_url(self) -> str:
        """The address as Celery takes it. It has words of its own for a socket."""
        if self.scheme == "unix":
            return f"redis+socket://{self.login}{self.place}?virtual_host={self.database}"
        return self.client_url

    @property
    def shown(self) -> str:
        """The address without its login."""
        return f"unix://{self.place}" if self.scheme == "unix" else f"{self.scheme}://{self.place}/{self.database}"

    @property
    def _query(self) -> str:
        return f"?{urlencode(self.options)}" if self.options else ""


def required_redis_url(settings: Settings) -> str:
    """The server all processes share, as redis-py takes it.

    Raises:
        ConfigurationError: none is set, or it is no Redis URL. Only `assay up` and the demo start one themselves.
    """
    if settings.redis_url is None:
        raise ConfigurationError(
            f"environment: {_VARIABLE}: not set; set it, or run `assay up`, which starts a server of its own"
        )
    return parse_redis_url(settings.redis_url.get_secret_value()).client_url


def celery_url(url: str) -> str:
    """A redis-py URL in the form Celery takes.

    Raises:
        ConfigurationError: not a Redis URL.
    """
    return parse_redis_url(url).celery_url


def parse_redis_url(url: str) -> RedisAddress:
    """Read an address.

    Raises:
        ConfigurationError: it cannot be used by the state and by Celery alike. The message holds nothing of the login.
    """
    url = url.strip()
    if url[:1] in {'"', "'"}:
        raise _refused(f"stands in quotes; remove them and write {_FORM}")
    scheme, separator, rest = url.partition("://")
    scheme = _scheme(scheme.lower() if separator else "")
    login, has_login, rest = rest.rpartition("@")
    if _SPOILING.search(login):
        raise _refused(f"the part before @ holds a character that has a meaning in URLs; {_ENCODE}")
    place, _, query = rest.partition("?")
    if "#" in rest:
        raise _refused(f"holds a #, which ends a URL; {_ENCODE}")
    options = _options(query)
    beside = [quote(options.pop(name, ""), safe="") for name in ("username", "password")]
    encoded = f"{_login(login)}@" if has_login else f"{':'.join(beside)}@" if any(beside) else ""
    return _socket(encoded, place, options) if scheme == "unix" else _server(scheme, encoded, place, options)


def _scheme(given: str) -> str:
    """The scheme as redis-py has it."""
    if given in {"redis", "rediss", "unix"}:
        return given
    if given in {"redis+socket", "socket"}:
        return "unix"
    if given in {"valkey", "valkeys"}:
        raise _refused(f"is no Redis URL; for Valkey, too, write {_FORM}")
    if "sentinel" in given or "cluster" in given:
        kind = "Sentinel" if "sentinel" in given else "Cluster"
        raise _refused(
            f"Redis {kind} is not supported; name one server that stays the primary (a proxy or a managed service "
            f"with failover behind one name): {_FORM}"
        )
    raise _refused(f"is no Redis URL; write {_FORM}; rediss:// is for TLS, unix:///path for a socket")


def _login(login: str) -> str:
    """A login in one spelling, whatever of it was percent-encoded."""
    user, separator, password = login.partition(":")
    return quote(unquote(user), safe="") + separator + quote(unquote(password), safe="")


def _options(query: str) -> dict[str, str]:
    """What stands behind `?`, a login among it.

    Raises:
        ConfigurationError: an option that only one of redis-py and Celery would take.
    """
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in {"db", "virtual_host", "username", "password", *_TLS_OPTIONS}:
            known = ", ".join(("db", "username", "password", *_TLS_OPTIONS))
            raise _refused(
                f"holds an option that Assay sets itself or that Celery does not take; only {known} are possible"
            )
    return options


def _database(options: dict[str, str], path: str | None) -> int:
    """The number of the database: from the options, else from the path.

    Raises:
        ConfigurationError: it is no number, or there are two.
    """
    named = {value for key in ("db", "virtual_host") if (value := options.pop(key, None)) is not None}
    named |= {path} if path else set()
    if len(named) > 1 or not all(map(_DATABASE.fullmatch, named)):
        raise _refused("names no database, or several; write its number once: redis://host:6379/0")
    return int(named.pop()) if named else 0


def _socket(login: str, path: str, options: dict[str, str]) -> RedisAddress:
    database = _database(options, None)
    if options:
        raise _refused("a socket has no TLS; leave the ssl_ options out")
    if not path.startswith("/") or len(path) < 2:
        raise _refused(f"names no socket; write unix:///path/to/redis.sock, or {_FORM}")
    return RedisAddress("unix", login, quote(unquote(path)), database)


def _server(scheme: str, login: str, place: str, options: dict[str, str]) -> RedisAddress:
    match = _PLACE.fullmatch(place)
    port = int(match["port"] or 6379) if match else 0
    if match is None or not 1 <= port <= 65535:
        raise _refused(f"host, port or database cannot be read; write {_FORM}, and if it holds a password, {_ENCODE}")
    database = _database(options, match["db"])
    if scheme == "redis" and options:
        raise _refused("ssl_ options need TLS; write rediss://, or leave them out")
    for name, value in options.items():
        if not _TLS_OPTIONS[name].fullmatch(value):
            raise _refused(f"{name}: has a value that is not possible; see docs/reference/fleet.md")
    if scheme == "rediss":
        # Celery would otherwise not look at the server's certificate, while redis-py does.
        options = {"ssl_cert_reqs": "required", **options}
    return RedisAddress(scheme, login, place.partition("/")[0], database, tuple(options.items()))


def _refused(problem: str) -> ConfigurationError:
    return ConfigurationError(f"environment: {_VARIABLE}: {problem}")
