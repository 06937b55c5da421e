"""How one endpoint is reached by its own settings: query, key header, certificates, proxy, time-outs, bounds."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.models.chat_completions import ChatCompletions
from assay.judges.models.endpoint import Endpoint, endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpAnswer, HttpClient, HttpFault
from tests.servers.openai_server import Answer, OpenAIServer, says
from tests.servers.tls_certificate import own_certificate, server_context
from tests.unit.judges.models.test_http_client import MEGABYTE, raw_server

KEY = SecretStr("sk-secret")


def place(url: str | None, **settings: Any) -> Endpoint:
    return endpoint_of(EndpointSettings(url=url, **settings), ChatCompletions(), "m")


def post(url: str, *, most_bytes: int = MEGABYTE, **settings: Any) -> HttpAnswer:
    async def run() -> HttpAnswer:
        client = HttpClient(place(url, **settings))
        try:
            return await client.post(b"{}", most_bytes=most_bytes)
        finally:
            await client.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "query", "address"),
    [
        ("https://h/v1", {"api-version": "1"}, "https://h/v1/chat/completions?api-version=1"),
        ("https://h/v1?team=q", {"api-version": "1"}, "https://h/v1/chat/completions?team=q&api-version=1"),
        (
            "https://h/v1?api-version=0&team=q",
            {"api-version": "1"},
            "https://h/v1/chat/completions?team=q&api-version=1",
        ),
        ("https://h/v1", {"a b": "c&d"}, "https://h/v1/chat/completions?a+b=c%26d"),
        ("https://h/v1/chat/completions?x=1", {}, "https://h/v1/chat/completions?x=1"),
    ],
)
def test_query_of_url_and_settings_go_together(url: str, query: dict[str, str], address: str) -> None:
    secret = {name: SecretStr(value) for name, value in query.items()}
    endpoint = place(url, query=secret)
    assert endpoint.url == address
    assert endpoint.name == "h"


def test_key_goes_into_the_header_that_is_named_and_no_other() -> None:
    with OpenAIServer(default=says("ok")) as server:
        post(server.url, key=KEY, key_header="api-key")
        headers = server.requests[0].headers
    assert headers["api-key"] == "sk-secret"
    assert "authorization" not in headers


def test_own_headers_replace_ours_whatever_their_case() -> None:
    with OpenAIServer(default=says("ok")) as server:
        post(server.url, key=KEY, headers={"authorization": SecretStr("Token t"), "user-agent": SecretStr("ours")})
        headers = server.requests[0].headers
    assert (headers["authorization"], headers["user-agent"]) == ("Token t", "ours")
    assert "Authorization" not in place("http://h", headers={"api-key": KEY}).headers, "no word beside the real key"


def test_proxy_of_the_endpoint_stands_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    asked: list[bytes] = []

    def serve(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with raw_server(serve) as url:
        proxy = url.removesuffix("/v1").replace("http://", "http://bot:pass@")
        assert post("http://judge.example.org/v1", proxy=SecretStr(proxy)).body == b"ok"
        assert post(url, proxy=SecretStr("")).body == b"ok"
        with pytest.raises(HttpFault):
            post(url)
    assert asked[0].startswith(b"POST http://judge.example.org/v1/chat/completions")
    assert b"Proxy-Authorization: Basic Ym90OnBhc3M=" in asked[0]
    assert asked[1].startswith(b"POST /v1/chat/completions")


def test_proxy_that_is_down_is_no_connection_and_not_shown() -> None:
    with pytest.raises(HttpFault, match="no usable connection") as caught:
        post("http://judge.example.org/v1", proxy=SecretStr("http://bot:hush@127.0.0.1:9"))
    assert "hush" not in str(caught.value)
    assert not caught.value.answering


@pytest.mark.parametrize("proxy", ["socks5://bot:hush@h:1", "http://", "http://[hush"])
def test_proxy_that_is_none_is_refused_at_start(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="its proxy setting") as caught:
        HttpClient(place("http://judge.example.org/v1", proxy=SecretStr(proxy)))
    assert "hush" not in str(caught.value)


@contextmanager
def tls_server(certificate: Path) -> Iterator[str]:
    """Answers each request with `ok` over TLS."""
    context = server_context(certificate)

    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError, ssl.SSLError), context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(30)


def test_certificates_of_the_endpoint_are_trusted_there_alone(tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path)
    with tls_server(certificate) as url:
        assert post(url, ca_file=certificate, proxy=SecretStr("")).body == b"ok"
        with pytest.raises(HttpFault, match="certificate is not trusted"):
            post(url, proxy=SecretStr(""))


@pytest.mark.parametrize(
    ("text", "told"), [(None, "cannot be read"), ("no certificate\n", "no certificate in PEM form")]
)
def test_file_that_holds_no_certificate_is_refused_at_start(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        HttpClient(place("https://h/v1", ca_file=path))


def test_time_out_of_a_connection_is_the_endpoints() -> None:
    """A server that takes no connection: its queue is full."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=0)
    address = listening.getsockname()
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:
        each.setblocking(False)  # the standard library's
        each.connect_ex(address)
    try:
        with pytest.raises(HttpFault, match=r"no connection within 0\.2 s"):
            post(f"http://127.0.0.1:{address[1]}/v1", connect_timeout_s=0.2, proxy=SecretStr(""))
    finally:
        for each in [*waiting, listening]:
            each.close()


@pytest.mark.parametrize(
    ("location", "is_followed"),
    [
        ("https://127.0.0.1:{port}/v1", True),
        ("https://127.0.0.1/v1", True),
        ("https://127.0.0.1:9/v1", False),
        ("http://127.0.0.1:9/v1", False),
        ("http://localhost:{port}/v1", False),
    ],
)
def test_redirect_to_another_server_of_the_host_is_not_followed(location: str, *, is_followed: bool) -> None:
    with OpenAIServer() as server:
        port = server.url.split(":")[2].partition("/")[0]
        target = location.format(port=port)
        server.script(default=Answer(b"", status=307, headers={"Location": target}))
        if is_followed:  # nobody speaks TLS there, which shows that it was tried
            with pytest.raises(HttpFault):
                post(server.url)
        else:
            assert post(server.url).status == 307
        assert len(server.requests) == 1


def _lags_while(work: Any) -> float:
    """The longest time in which the loop gave nobody else a turn, in seconds."""

    async def run() -> float:
        longest, is_over = 0.0, asyncio.Event()

        async def probe() -> None:
            nonlocal longest
            while not is_over.is_set():
                begun = time.perf_counter()
                await asyncio.sleep(0)
                longest = max(longest, time.perf_counter() - begun)

        probing = asyncio.create_task(probe())
        try:
            await work()
        finally:
            is_over.set()
            await probing
        return longest

    return asyncio.run(run())


def test_answer_that_inflates_to_600_megabytes_does_not_block_the_loop() -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    small = b"".join(deflate.compress(b" " * MEGABYTE) for _ in range(600)) + deflate.flush()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)

    with raw_server(lambda connection, _: connection.sendall(head + small)) as url:

        async def read() -> None:
            client = HttpClient(place(url))
            with pytest.raises(HttpFault, match="longer than 34,603,008 bytes"):
                await client.post(b"{}", most_bytes=33 * MEGABYTE)
            await client.close()

        # The best of three: the machine may be busy with something else, and what blocks does so every time.
        assert min(_lags_while(read) for _ in range(3)) < 0.1


def test_only_what_can_be_inflated_in_pieces_is_asked_for() -> None:
    with OpenAIServer(default=Answer(b"\x00\x01", headers={"Content-Encoding": "br"})) as server:
        with pytest.raises(HttpFault):
            post(server.url)
        assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"
