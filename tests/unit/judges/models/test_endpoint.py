"""Where a model is asked and what each request carries: keys, logins, headers of the environment."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.chat_completions import ChatCompletions
from assay.judges.models.endpoint import Endpoint, endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings

KEY = SecretStr("sk-secret")


def place(url: str | None, key: SecretStr | None, **settings: Any) -> Endpoint:
    return endpoint_of(EndpointSettings(url=url, key=key, **settings), ChatCompletions(), "m")


@pytest.mark.parametrize(
    ("base_url", "url", "name"),
    [
        (None, "https://api.openai.com/v1/chat/completions", "api.openai.com"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1/chat/completions", "localhost:8000"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions", "localhost:8000"),
        ("http://localhost", "http://localhost/chat/completions", "localhost"),
        ("https://[::1]:8443/v1", "https://[::1]:8443/v1/chat/completions", "[::1]:8443"),
        ("https://h/openai/v1?api-version=2026-01", "https://h/openai/v1/chat/completions?api-version=2026-01", "h"),
    ],
)
def test_address_is_below_the_base_url(base_url: str | None, url: str, name: str) -> None:
    endpoint = place(base_url, KEY)
    assert (endpoint.url, endpoint.name) == (url, name)


def test_key_is_a_bearer_token_and_no_key_any_word() -> None:
    assert place(None, KEY).headers["Authorization"] == "Bearer sk-secret"
    assert place("http://localhost/v1", None).headers["Authorization"] == "Bearer none"


def test_login_in_the_address_is_sent_as_basic_authentication() -> None:
    endpoint = place("https://us%40er:p%3Ass%20w%C3%B6rd@gw:8443/v1", None)
    assert endpoint.url == "https://gw:8443/v1/chat/completions"
    scheme, _, token = endpoint.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token).decode()) == ("Basic", "us@er:p:ss wörd")
    assert "us" not in repr(endpoint)


def test_login_and_key_together_are_refused_with_the_remedy_and_no_secret() -> None:
    with pytest.raises(ConfigurationError, match="leave OPENAI_API_KEY unset") as caught:
        place("https://user:hush@gw/v1", KEY)
    assert "hush" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_nothing_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: quality")
    headers = place(None, KEY).headers
    assert set(headers) == {"Authorization", "Content-Type", "Accept", "User-Agent"}


@pytest.mark.parametrize(("name", "value"), [("X-Org", "org\nX-Evil: 1"), ("bad name", "1"), ("X-Team", "a\x07b")])
def test_header_that_cannot_be_sent_is_refused_at_start(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        place(None, KEY, headers={name: SecretStr(value)})


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "https://a@b@c/v1 x", "http://h:99999/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base URL"):
        place(url, None)
