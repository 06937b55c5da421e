"""Where a chat model is asked, and what every request to it carries.

All of it is in the endpoint's settings: nothing is read from the environment here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.protocol import ChatProtocol
from assay.judges.models.web_address import is_web_address, shown_address

USER_AGENT = "assay-fleet"

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.6.2), e.g. `X-Team`."""


class Endpoint(NamedTuple):
    """An endpoint of chat completions.

    Attributes:
        url: the whole address, without a login.
        headers: of every request, the key among them: never shown.
        name: host and port, for messages.
    """

    url: str
    headers: Mapping[str, str]
    name: str

    def __repr__(self) -> str:
        """The name alone."""
        return f"Endpoint({self.name})"


def endpoint_of(settings: EndpointSettings, protocol: ChatProtocol, model: str) -> Endpoint:
    """Where a model is asked.

    Args:
        settings: of the endpoint. A login in its URL (`https://user:password@gateway/v1`) is sent as HTTP basic
            authentication; a query in it stays at the end.
        protocol: what it speaks.
        model: some protocols name it in the path.

    Raises:
        ConfigurationError: address, key or a header cannot work. No secret is in the message.
    """
    _check(settings.url, settings.key)
    parts = urlsplit(settings.url or protocol.default_url)
    login, _, host = parts.netloc.rpartition("@")
    if login and settings.key is not None:
        raise ConfigurationError(
            f"judge model: {host}: the base URL holds a login and there is a key, and both need the Authorization "
            "header; take the login out of OPENAI_BASE_URL, or leave OPENAI_API_KEY unset (of a named endpoint: its "
            "_URL and _KEY)"
        )
    path = f"{parts.path.rstrip('/')}{protocol.path(model)}"
    url = urlunsplit((parts.scheme, host, path, parts.query, ""))
    return Endpoint(url, _headers(settings, protocol, host, login), urlsplit(shown_address(url)).netloc)


def _check(base_url: str | None, api_key: SecretStr | None) -> None:
    """Refuse what would fail on every call, in words that do not show the key."""
    if api_key is not None:
        key = api_key.get_secret_value()
        if not key or not key.isascii() or any(character.isspace() for character in key):
            raise ConfigurationError("judge model: the API key is empty or holds white space or non-ASCII characters")
    if base_url is not None and not is_web_address(base_url):
        raise ConfigurationError(
            "judge model: the base URL must start with http:// or https:// and name a host; a login is percent-encoded"
        )


def _headers(settings: EndpointSettings, protocol: ChatProtocol, host: str, login: str) -> dict[str, str]:
    """The protocol's headers, then the endpoint's own; with a login, its authentication instead of the key's."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": USER_AGENT}
    headers |= protocol.headers(settings.key)
    if login:
        user, _, password = login.partition(":")
        token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    headers |= {name: value.get_secret_value() for name, value in settings.headers.items()}
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not text.isprintable():
            raise ConfigurationError(
                f"judge model: {host}: header {name!r} cannot be sent: its name is no word, or its value holds a "
                "control character; see OPENAI_CUSTOM_HEADERS, OPENAI_ORG_ID and OPENAI_PROJECT_ID"
            )
    return headers
