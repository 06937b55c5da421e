"""Addresses of backends as people write them, made fit to be asked and to be shown."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError

OTLP_PORT = 4318
"""On which receivers of OTLP over HTTP listen."""
_QUERY = re.compile(r"[?#].*", re.DOTALL)
"""What stands behind an address: `?api_key=secret`."""
_LOGIN = re.compile(r"^((?:[a-z][a-z0-9+.-]*://)?)[^/]*@", re.IGNORECASE)
"""An address as far as its login: `https://user:secret@`."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
"""A header's name in small letters: `x-scope-orgid`."""


def web_address(url: str, name: str) -> str:
    """The address without a login, a query or a slash at its end; `http://` where no scheme stands.

    Keys go into headers, and the address is shown in errors and logs. So a login in it is dropped.

    Args:
        url: what a person wrote, e.g. `backend:3200` or `https://user:secret@backend.example/path/`.
        name: of the key or variable, for the message.

    Raises:
        ConfigurationError: it is no web address.
    """
    written = url.strip()
    try:
        parts = urlsplit(written if "://" in written else f"http://{written}")
        port = parts.port
    except ValueError as exc:
        raise ConfigurationError(f"{name}: no web address, as http://backend:4318") from exc
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ConfigurationError(f"{name}: no web address, as http://backend:4318")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))


def without_secrets(url: str) -> str:
    """An address as a person wrote it, without a login, a query or a fragment: it is shown, and these may hold keys."""
    return _QUERY.sub("", _LOGIN.sub(r"\1", url.strip()))


def spans_address(written: str | None, address: str, name: str) -> str:
    """Where a backend takes spans: what a person wrote, or else OTLP's port on the host that is asked.

    Raises:
        ConfigurationError: it is no web address.
    """
    if written is not None:
        return web_address(written, name)
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{OTLP_PORT}"


def place_of(address: str) -> str:
    """Host, port and path of an address, e.g. `backend.example:4318`: what stays the same whoever asks."""
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}".lower()


def headers_in(written: SecretStr | None, name: str) -> dict[str, SecretStr]:
    """Headers as OpenTelemetry's variables have them: `key=value,key2=value2`, values percent-encoded.

    Raises:
        ConfigurationError: a part without a name or a value, or what no header can hold.
    """
    headers = {}
    for part in filter(None, (part.strip() for part in (written.get_secret_value() if written else "").split(","))):
        key, separator, value = part.partition("=")
        header, held = unquote(key.strip()).lower(), unquote(value.strip())
        is_name = _HEADER.fullmatch(header) is not None
        if not separator or not is_name or not held.isascii() or not held.isprintable() or held != held.strip():
            raise ConfigurationError(f"{name}: write headers as key=value,key2=value2, in ASCII")
        headers[header] = SecretStr(held)
    return headers


def header_value(text: str, name: str) -> SecretStr:
    """A text that is sent as a header, e.g. a tenant's name.

    Raises:
        ConfigurationError: no header can hold it.
    """
    if not text.strip() or text != text.strip() or not text.isascii() or not text.isprintable():
        raise ConfigurationError(f"{name}: must be of ASCII, without a blank at its ends: it is sent as a header")
    return SecretStr(text)
