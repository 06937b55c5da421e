"""Where a chat model is asked, and what every request to it carries.

The provider's SDK says how a client introduces itself and is paid for: key, organisation, project, and the headers of
its environment variables (`OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`, `OPENAI_CUSTOM_HEADERS`). Only this file knows it.
Requests are sent without it (docs/decisions/009-own-post.md).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import openai
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.web_address import is_web_address, shown_address

DEFAULT_BASE_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""What stands for the key at servers that have none: they accept any word."""

_SDK_HEADERS = "x-stainless-"
"""Headers with which the SDK describes how it built a request, e.g. `X-Stainless-Retry-Count`. It builds none here."""

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


def endpoint_of(base_url: str | None, api_key: SecretStr | None) -> Endpoint:
    """The endpoint below a base URL.

    Args:
        base_url: the URL that `/chat/completions` is appended to; a query stays at the end. None for OpenAI. A login in
            it (`https://user:password@gateway/v1`) is sent as HTTP basic authentication.
        api_key: sent as a bearer token. None where the server has no keys.

    Raises:
        ConfigurationError: address, key or a header cannot work. No secret is in the message.
    """
    _check(base_url, api_key)
    parts = urlsplit(base_url or DEFAULT_BASE_URL)
    login, _, host = parts.netloc.rpartition("@")
    if login and api_key is not None:
        raise ConfigurationError(
            f"judge model: {host}: the base URL holds a login and there is a key, and both need the Authorization "
            "header; take the login out of OPENAI_BASE_URL, or leave OPENAI_API_KEY unset (of a named endpoint: its "
            "_URL and _KEY)"
        )
    path = f"{parts.path.rstrip('/')}/chat/completions"
    url = urlunsplit((parts.scheme, host, path, parts.query, ""))
    return Endpoint(url, _headers(host, login, api_key), urlsplit(shown_address(url)).netloc)


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


def _headers(host: str, login: str, api_key: SecretStr | None) -> dict[str, str]:
    """The SDK's headers; with a login, its authentication instead of the key's."""
    key = api_key.get_secret_value() if api_key else NO_KEY
    # The client opens nothing and is asked for its headers alone. This transport holds nothing that needs closing.
    client = openai.AsyncOpenAI(api_key=key, base_url=f"https://{host}", http_client=openai.DefaultAioHttpClient())
    given = {**client.auth_headers, **client.default_headers}
    headers = {name: text for name, text in given.items() if isinstance(text, str)}
    if login:
        user, _, password = login.partition(":")
        token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        headers = {name: text for name, text in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = f"Basic {token}"
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not text.isprintable():
            raise ConfigurationError(
                f"judge model: {host}: header {name!r} cannot be sent: its name is no word, or its value holds a "
                "control character; see OPENAI_CUSTOM_HEADERS, OPENAI_ORG_ID and OPENAI_PROJECT_ID"
            )
    return {name: text for name, text in headers.items() if not name.lower().startswith(_SDK_HEADERS)}
