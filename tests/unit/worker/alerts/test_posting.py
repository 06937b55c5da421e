"""One request to who is to be told: whatever is wrong on the way, there is an answer, and no secret in it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from pydantic import SecretStr

from assay.worker.ports.posting import Answer, post
from tests.servers.told_server import Reply, ToldServer

SECRET = "s3cret"


def sent(url: str, content: Any = None, **more: Any) -> Answer:
    """What became of a message."""
    answer = asyncio.run(post(SecretStr(url), {"a": 1} if content is None else content, timeout_s=2, **more))
    assert SECRET not in answer.words
    return answer


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    "url",
    [
        "", SECRET, f"hooks.example.org/{SECRET}", f"ftp://h/{SECRET}", "http://", f"http://[{SECRET}",
        f"http://127.0.0.1:99999/{SECRET}", f"https://h\n/{SECRET}", f"http://\ud800/{SECRET}", f"http://h:x/{SECRET}",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    assert sent(url) == Answer(False, "its address is no web address", is_refused=True)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://x:abc", "gopher://h", "http://127.0.0.1:99999"])
def test_a_proxy_that_cannot_be_used_gives_nothing_up(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    answer = sent(f"http://hooks.example.org/{SECRET}")
    assert answer.may_retry
    assert not answer.is_refused


def test_a_proxy_is_used_and_left_out_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with ToldServer(lambda *_: Reply(200)) as server, ToldServer(lambda *_: Reply(407)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert sent(server.url) == Answer(False, "answered 407: the proxy wants a login", may_retry=True)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert sent(server.url).is_taken


@pytest.mark.parametrize("path", [f"/{SECRET}", f"/webhook/a@b/{SECRET}?sig=x%2Fy"])
def test_addresses_as_they_are_given_out_are_taken(path: str) -> None:
    with ToldServer(lambda *_: Reply(200)) as server:
        assert sent(server.url + path).is_taken
        assert server.requests[0][0] == path


def test_certificates_that_are_not_there_give_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.worker.ports import posting

    posting._tls.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    answer = sent("https://127.0.0.1:1/")
    assert answer.may_retry
    assert "SSL_CERT_FILE" in answer.words


def test_a_text_that_is_no_text_is_sent_and_a_number_that_is_none_is_wrong() -> None:
    with ToldServer(lambda *_: Reply(200)) as server:
        assert sent(server.url, {"a": "half \ud83d of a sign"}).is_taken
        assert server.taken == [{"a": "half ? of a sign"}]
        assert sent(server.url, {"a": float("nan")}).is_wrong


@pytest.mark.parametrize("status", [200, 500])
def test_no_log_at_debug_shows_the_address(status: int, caplog: pytest.LogCaptureFixture) -> None:
    # The logger by its name: importing langfuse sets its level to warning.
    with ToldServer(lambda *_: Reply(status)) as server, caplog.at_level("INFO", logger="httpx"):
        sent(f"{server.url}/{SECRET}")
        logging.getLogger("httpx").info("afterwards all is shown")
    assert SECRET not in caplog.text
    assert "afterwards" in caplog.text
