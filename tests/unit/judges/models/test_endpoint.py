"""Where a model is asked and what each request carries: keys, logins, headers of the environment."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint import endpoint_of

KEY = SecretStr("sk-secret")


@pytest.fixture(autouse=True)
def no_headers_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


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
    endpoint = endpoint_of(base_url, KEY)
    assert (endpoint.url, endpoint.name) == (url, name)


def test_key_is_a_bearer_token_and_no_key_any_word() -> None:
    assert endpoint_of(None, KEY).headers["Authorization"] == "Bearer sk-secret"
    assert endpoint_of("http://localhost/v1", None).headers["Authorization"] == "Bearer none"


def test_login_in_the_address_is_sent_as_basic_authentication() -> None:
    endpoint = endpoint_of("https://us%40er:p%3Ass%20w%C3%B6rd@gw:8443/v1", None)
    assert endpoint.url == "https://gw:8443/v1/chat/completions"
    scheme, _, token = endpoint.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token).decode()) == ("Basic", "us@er:p:ss wörd")
    assert "us" not in repr(endpoint)


def test_login_and_key_together_are_refused_with_the_remedy_and_no_secret() -> None:
    with pytest.raises(ConfigurationError, match="leave OPENAI_API_KEY unset") as caught:
        endpoint_of("https://user:hush@gw/v1", KEY)
    assert "hush" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_headers_of_the_environment_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: quality\nX-Region: eu")
    headers = endpoint_of(None, KEY).headers
    assert headers["OpenAI-Organization"] == "org-1"
    assert headers["OpenAI-Project"] == "proj-1"
    assert (headers["X-Team"], headers["X-Region"]) == ("quality", "eu")
    assert headers["User-Agent"].startswith("AsyncOpenAI/Python")
    assert not [name for name in headers if name.lower().startswith("x-stainless")], "the SDK builds no request"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OPENAI_ORG_ID", "org\nX-Evil: 1"), ("OPENAI_CUSTOM_HEADERS", "bad name: 1"), ("OPENAI_PROJECT_ID", "a\x07b")],
)
def test_header_that_cannot_be_sent_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match="OPENAI_CUSTOM_HEADERS"):
        endpoint_of(None, KEY)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "https://a@b@c/v1 x", "http://h:99999/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base URL"):
        endpoint_of(url, None)
