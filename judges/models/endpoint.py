"""Where a chat model is asked, and what every request to it carries.

All of it is in the endpoint's settings: nothing is read from the environment here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.header_fields import header_problem
from assay.judges.models.protocol import ChatProtocol
from assay.judges.models.web_address import address_problem, shown_address

USER_AGENT = "assay-fleet"


class Endpoint(NamedTuple):
    """Where one model is asked, and over which connection.

    Attributes:
        url: the whole address, without a login.
        headers: of every request, the key among them: never shown.
        name: host and port, for messages.
        connect_timeout_s: seconds for a connection.
        ca_file: certificates to trust instead of the system's.
        proxy: address of an HTTP proxy. None: the environment's. Empty: none.
    """

    url: str
    headers: Mapping[str, str]
    name: str
    connect_timeout_s: float = 10.0
    ca_file: Path | None = None
    proxy: SecretStr | None = None

    def __repr__(self) -> str:
        """The name alone."""
        return f"Endpoint({self.name})"


def endpoint_of(settings: EndpointSettings, protocol: ChatProtocol, model: str) -> Endpoint:
    """Where a model is asked.

    Args:
        settings: of the endpoint. A login in its URL (`https://user:password@gateway/v1`) is sent as HTTP basic
            authentication; a query in it stays at the end. A URL that ends in the protocol's path already is taken as
            it is.
        protocol: what it speaks.
        model: some protocols name it in the path.

    Raises:
        ConfigurationError: address, key or a header cannot work. No secret is in the message.
    """
    _check(settings)
    base = settings.url or protocol.default_url
    parts = urlsplit(base)
    login, _, host = parts.netloc.rpartition("@")
    if login and settings.key is not None and settings.key_header is None:
        raise ConfigurationError(
            f"judge model: {host}: the base URL of endpoint {settings.name} holds a login and there is a key, and both "
            "need the Authorization header; take the login out of OPENAI_BASE_URL, or leave OPENAI_API_KEY unset (of a "
            "named endpoint: its _URL and _KEY)"
        )
    path, below = parts.path.rstrip("/"), protocol.path(model)
    path = path if path.endswith(below) else f"{path}{below}"
    url = urlunsplit((parts.scheme, host, path, _query(parts.query, settings.query), ""))
    return Endpoint(
        url,
        _headers(settings, protocol, host, login),
        urlsplit(shown_address(base)).netloc,
        settings.connect_timeout_s,
        settings.ca_file,
        settings.proxy,
    )


def _check(settings: EndpointSettings) -> None:
    """Refuse what would fail on every call, in words that do not show the key."""
    if settings.key is not None:
        key = settings.key.get_secret_value()
        if key[:1] in {"'", '"'} and key[-1:] == key[:1]:
            raise ConfigurationError(
                f"judge model: the API key of endpoint {settings.name} stands in quotes; remove them"
            )
        if key.lower().startswith("bearer "):
            raise ConfigurationError(
                f"judge model: the API key of endpoint {settings.name} begins with Bearer; leave that word out"
            )
        if not key or not key.isascii() or not key.isprintable() or any(character.isspace() for character in key):
            raise ConfigurationError(
                f"judge model: the API key of endpoint {settings.name} is empty or holds white space, a control "
                "character or non-ASCII characters; set it again"
            )
    if settings.url is not None and (problem := address_problem(settings.url)) is not None:
        raise ConfigurationError(f"judge model: the base URL of endpoint {settings.name} {problem}")


def _query(given: str, settings: Mapping[str, SecretStr]) -> str:
    """The query of the URL as it stands, without what the settings say, and then the settings' own."""
    kept = [piece for piece in given.split("&") if piece and unquote_plus(piece.partition("=")[0]) not in settings]
    own = urlencode({name: value.get_secret_value() for name, value in settings.items()})
    return "&".join([*kept, *([own] if own else [])])


def _headers(settings: EndpointSettings, protocol: ChatProtocol, host: str, login: str) -> dict[str, str]:
    """The protocol's headers, then the endpoint's own; with a login, its authentication instead of the key's."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": USER_AGENT}
    headers |= _key_headers(settings, protocol)
    if login:
        user, _, password = login.partition(":")
        token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    own = {name.lower() for name in settings.headers}
    headers = {name: text for name, text in headers.items() if name.lower() not in own}
    headers |= {name: value.get_secret_value() for name, value in settings.headers.items()}
    for name, text in headers.items():
        if (problem := header_problem(name, text)) is not None:
            variables = ", OPENAI_CUSTOM_HEADERS, OPENAI_ORG_ID or OPENAI_PROJECT_ID"
            raise ConfigurationError(
                f"judge model: {host}: header {name!r} cannot be sent: {problem}; see `headers` and `key_header` of "
                f"endpoint {settings.name}{variables if settings.name == 'default' else ''}"
            )
    return headers


def _key_headers(settings: EndpointSettings, protocol: ChatProtocol) -> dict[str, str]:
    """The headers of the protocol, with the key in the header that the endpoint wants it in.

    Without a key the protocol may say a word in its place. An endpoint with headers of its own is let in by these: the
    word would stand beside them.
    """
    headers = protocol.headers(settings.key)
    if settings.key is None:
        return {} if settings.headers and set(headers) == {"Authorization"} else headers
    if settings.key_header is None:
        return headers
    key = settings.key.get_secret_value()
    return {name: text for name, text in headers.items() if key not in text} | {settings.key_header: key}
