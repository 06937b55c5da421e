"""What a proxy between us and an endpoint gets to see, and how its faults are told."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.batches.transfer import BatchTransfer
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpClient, HttpFault
from assay.judges.models.protocols import protocol_of
from tests.servers.tls_certificate import own_certificate
from tests.unit.judges.models.test_endpoint_connection import KEY, place, post, tls_server
from tests.unit.judges.models.test_http_client import raw_server

SECRETS = (b"sk-secret", b"team-token", b"X-Team-Token", b"query-secret")
PROXY_VARIABLES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def _joined(one_side: socket.socket, other_side: socket.socket) -> None:
    """Carries bytes both ways until one side ends."""
    while True:
        for side in select.select([one_side, other_side], [], [], 30)[0]:
            data = side.recv(65536)
            if not data:
                return
            (other_side if side is one_side else one_side).sendall(data)


@contextmanager
def tunnel(seen: list[bytes]) -> Iterator[str]:
    """A proxy that connects to whatever is asked for, and keeps what it was told; its address."""

    def serve(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        host, _, port = request.split(b" ")[1].decode().partition(":")
        with socket.create_connection((host, int(port))) as origin:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _joined(connection, origin)

    with raw_server(serve) as url:
        yield url.removesuffix("/v1")


@pytest.mark.parametrize("protocol", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("key_header", [None, "api-key"])
@pytest.mark.parametrize("login", ["", "bot:pass@"])
@pytest.mark.parametrize("is_of_environment", [True, False])
def test_proxy_sees_nothing_of_an_endpoint_behind_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, key_header: str | None, login: str,
    *, is_of_environment: bool,
) -> None:  # fmt: skip
    seen: list[bytes] = []
    certificate = own_certificate(tmp_path)
    with tls_server(certificate) as url, tunnel(seen) as address:
        proxy = address.replace("http://", f"http://{login}")
        if is_of_environment:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
        settings = EndpointSettings(
            url=url,
            protocol=protocol,
            key=KEY,
            key_header=key_header,
            headers={"X-Team-Token": SecretStr("team-token")},
            query={"code": SecretStr("query-secret")},
            ca_file=certificate,
            proxy=None if is_of_environment else SecretStr(proxy),
        )
        chat = protocol_of(settings.protocol)
        endpoint = endpoint_of(settings, chat, "m")

        async def run() -> None:
            client, batches = HttpClient(endpoint), BatchTransfer(endpoint, chat.path("m"))
            assert (await client.post(b"{}", most_bytes=100)).body == b"ok"
            assert (await client.get("/v1/models", most_bytes=100)).body == b"ok"
            with pytest.raises(Exception, match="no JSON object"):
                await batches.ask("GET", "/batches")
            assert [line async for line in batches.lines("/files/1", dict)] == []
            await client.close()
            await batches.close()

        asyncio.run(run())
    assert len(seen) == 4
    for request in seen:
        assert request.startswith(b"CONNECT 127.0.0.1:")
        assert not any(secret.lower() in request.lower() for secret in SECRETS)
        assert (b"Proxy-Authorization: Basic Ym90OnBhc3M=" in request) == bool(login)
        assert (b"authorization" in request.lower()) == bool(login)


@pytest.mark.parametrize("login", ["", "bot:pass@"])
def test_key_is_no_login_of_a_proxy_without_tls_either(login: str) -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with raw_server(serve) as url:
        proxy = url.removesuffix("/v1").replace("http://", f"http://{login}")
        post("http://judge.example.org/v1", key=KEY, proxy=SecretStr(proxy))
    proxy_login = [line for line in seen[0].split(b"\r\n") if line.lower().startswith(b"proxy-authorization")]
    assert proxy_login == ([b"Proxy-Authorization: Basic Ym90OnBhc3M="] if login else [])
    assert b"Authorization: Bearer sk-secret" in seen[0], "the endpoint gets it all the same"


@pytest.mark.parametrize("url", ["https://judge.example.org/v1", "http://judge.example.org/v1"])
def test_proxy_that_wants_a_login_is_told_as_such(url: str) -> None:
    """A 407 is the proxy's: the endpoint's key has nothing to do with it."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with raw_server(lambda connection, _: connection.sendall(refusal)) as proxy:
        with pytest.raises(HttpFault, match="the proxy wants a login") as caught:
            post(url, proxy=SecretStr(proxy.removesuffix("/v1")))
        assert not caught.value.answering
        assert post(proxy, proxy=SecretStr("")).status == 407, "without a proxy it is the endpoint's own"


@pytest.mark.parametrize(
    ("url", "proxy", "told"),
    [
        ("http://127.0.0.1:9/v1", "", r"\(connection refused\)"),
        ("http://judge.invalid/v1", "", r"\(no such host name\)"),
        ("http://judge.invalid/v1", "http://127.0.0.1:9", r"\(the proxy: connection refused\)"),
        ("https://judge.invalid/v1", "http://127.0.0.1:9", r"\(the proxy: connection refused\)"),
        ("http://127.0.0.1:9/v1", "http://proxy.invalid:3128", r"\(the proxy: no such host name\)"),
        ("https://127.0.0.1:9/v1", "http://proxy.invalid:3128", r"\(the proxy: no such host name\)"),
    ],
)
def test_why_there_is_no_connection_and_whose_fault_it_is(url: str, proxy: str, told: str) -> None:
    with pytest.raises(HttpFault, match=told):
        post(url, proxy=SecretStr(proxy))


def test_tls_asked_of_a_server_without_is_told() -> None:
    with (
        raw_server(lambda connection, _: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")) as url,
        pytest.raises(HttpFault, match=r"speaks http\?"),
    ):
        post(url.replace("http:", "https:"), proxy=SecretStr(""))


@pytest.mark.parametrize(
    ("text", "told"), [(None, "cannot be read"), ("no certificate\n", "no certificate in PEM form")]
)
def test_certificates_of_the_environment_that_are_none_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, told: str
) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError, match=f"SSL_CERT_FILE or SSL_CERT_DIR names: .*{told}"):
        post("https://127.0.0.1:9/v1")


def test_certificates_of_the_environment_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate) as url:
        assert post(url, proxy=SecretStr("")).body == b"ok"


@pytest.mark.parametrize(
    "proxy",
    [
        *("not a url at all", "http://bot:p@ss@h:1", "http://bot:12/x@h:1", "http://h:99999", "http://h:port"),
        *("https://", "socks5h://h:1", "bot:pa ss@h:1", "http://h:1/path?x=1\n"),
    ],
)
def test_proxy_whose_parts_cannot_be_told_is_refused_before_anything_is_looked_up(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="its proxy setting") as caught:
        HttpClient(place("http://judge.example.org/v1", proxy=SecretStr(proxy)))
    assert "p@ss" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["h:1", "http://h", "https://h:3128/", "http://bot:p%40ss@h:1", "http://[::1]:3128"])
def test_proxy_that_can_be_used_is_taken(proxy: str) -> None:
    HttpClient(place("http://judge.example.org/v1", proxy=SecretStr(proxy)))
