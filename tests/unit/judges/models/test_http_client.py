"""The POST itself against real sockets: bounds on what is read, redirects, proxies, logins."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import resource
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from assay.judges.errors import ConfigurationError, InvalidVerdict, ModelTimeout
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.chat_completions import ChatCompletions
from assay.judges.models.endpoint import Endpoint, endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpAnswer, HttpClient, HttpFault
from tests.chat_models import open_model
from tests.servers.openai_server import Answer, OpenAIServer, completion, says

MESSAGES = [ChatMessage(role="user", content="hello")]
MEGABYTE = 1_048_576
Serve = Callable[[socket.socket, bytes], None]


@contextmanager
def raw_server(serve: Serve) -> Iterator[str]:
    """Calls `serve` with each connection and the request that came; its address. Ends with the block."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # the client may have gone
                serve(connection, connection.recv(65536))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(30)


def ask(url: str, **settings: float) -> Reply:
    async def run() -> Reply:
        model = open_model(model="m", url=url, attempts=1, **settings)  # type: ignore[arg-type]
        try:
            return await model.complete(MESSAGES)
        finally:
            await model.close()

    return asyncio.run(run())


def place(url: str) -> Endpoint:
    return endpoint_of(EndpointSettings(url=url), ChatCompletions(), "m")


def post(url: str, *, most_bytes: int = MEGABYTE, base_url: str | None = None) -> HttpAnswer:
    async def run() -> HttpAnswer:
        client = HttpClient(place(base_url or url))
        try:
            return await client.post(b"{}", most_bytes=most_bytes)
        finally:
            await client.close()

    return asyncio.run(run())


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _chunked(connection: socket.socket, pieces: Iterator[bytes], *headers: str) -> None:
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked", *headers]
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    for piece in pieces:
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")


def test_endless_reply_is_not_read_and_takes_no_memory() -> None:
    with raw_server(lambda connection, _: _chunked(connection, itertools.repeat(b" " * 65_536))) as url:
        before = _peak_mb()
        with pytest.raises(InvalidVerdict, match=r"longer than 13,631,488 bytes"):
            ask(url, timeout_s=60.0)
        assert _peak_mb() - before < 40


def test_reply_that_inflates_without_end_is_not_inflated() -> None:
    def bomb() -> Iterator[bytes]:
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(300):
            yield deflate.compress(b" " * MEGABYTE) or b"\x00"[:0]
        yield deflate.flush()

    small = [piece for piece in bomb() if piece]
    assert sum(map(len, small)) < MEGABYTE, "300 megabytes in less than one"
    with raw_server(lambda connection, _: _chunked(connection, iter(small), "Content-Encoding: gzip")) as url:
        before = _peak_mb()
        with pytest.raises(InvalidVerdict, match="longer than"):
            ask(url, timeout_s=60.0)
        assert _peak_mb() - before < 60


def test_reply_that_drips_is_cut_off_in_time() -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        def pieces() -> Iterator[bytes]:
            while True:
                time.sleep(0.02)
                yield b" "

        _chunked(connection, pieces())

    with raw_server(drip) as url, pytest.raises(ModelTimeout, match=r"within 0\.4 s"):
        ask(url, timeout_s=0.4)


def test_long_reply_within_the_bound_is_read() -> None:
    long = "x" * 600_000
    with OpenAIServer(default=says(long)) as server:
        assert ask(server.url).text == long


def test_compressed_reply_is_read() -> None:
    body = gzip.compress(json.dumps(completion("ok", {"messages": [{"role": "user", "content": "x"}]})).encode())
    with OpenAIServer(default=Answer(body, headers={"Content-Encoding": "gzip"})) as server:
        assert ask(server.url).text == "ok"
        assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_long_error_is_read_in_part() -> None:
    body = b'{"error": {"message": "' + b"x" * MEGABYTE
    with OpenAIServer(default=Answer(body, status=500)) as server:
        answer = post(server.url)
    assert (answer.status, len(answer.body)) == (500, 65_536)


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_within_the_host_is_followed_with_method_and_body(status: int) -> None:
    def serve(connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1]
        if path == b"/v1/chat/completions":
            head = f"HTTP/1.1 {status} X\r\nLocation: /moved\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        else:
            assert path == b"/moved"
            assert request.startswith(b"POST")
            assert b"Authorization: Bearer none" in request
            head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        connection.sendall(head.encode())

    with raw_server(serve) as url:
        assert post(url).body == b"ok"


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (307, "http://127.0.0.2:9/v1"),
        (307, "http://example.org/v1"),
        (308, "http://user:pass@127.0.0.1/"),
        (307, "//[broken"),
        (307, ""),
        (301, "/moved"),
        (302, "https://login.example.org/"),
        (303, "/moved"),
    ],
)
def test_no_other_redirect_is_followed(status: int, location: str) -> None:
    """The prompt goes where it was meant for, or nowhere."""
    with OpenAIServer(default=Answer(b"", status=status, headers={"Location": location})) as server:
        assert post(server.url).status == status
        assert len(server.requests) <= 4


def test_redirects_in_a_circle_end() -> None:
    with OpenAIServer() as server:
        server.script(default=Answer(b"", status=307, headers={"Location": "/v1/chat/completions"}))
        assert post(server.url).status == 307
        assert len(server.requests) == 4, "the request and three redirects, as the docs say"


def test_login_in_the_address_reaches_the_gateway() -> None:
    with OpenAIServer(default=says("ok")) as server:
        assert ask(server.url.replace("http://", "http://user:pass@")).text == "ok"
        assert server.requests[0].headers["authorization"] == "Basic dXNlcjpwYXNz"


def test_login_beside_a_key_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError, match="login"):
        open_model(model="m", key="k", url="https://user:pass@gw/v1")


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_proxy_of_the_environment_is_used_with_its_login(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    asked: list[bytes] = []

    def proxy(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with raw_server(proxy) as url:
        address = url.removeprefix("http://").removesuffix("/v1")
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(variable, f"http://us%40er:pass@{address}")
        assert post("http://judge.example.org/v1").body == b"ok"
        assert asked[0].startswith(b"POST http://judge.example.org/v1/chat/completions")
        assert b"Proxy-Authorization: Basic dXNAZXI6cGFzcw==" in asked[0]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(HttpFault):
            post("http://127.0.0.1:9/v1")
        assert len(asked) == 1


def test_proxy_that_is_none_of_http_is_a_fault_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="socks5"):
        post("http://judge.example.org/v1")


def test_connections_are_kept() -> None:
    ports: set[int] = set()

    async def run(url: str) -> None:
        client = HttpClient(place(url))
        for _ in range(5):
            ports.add(int((await client.post(b"{}", most_bytes=MEGABYTE)).body))
        await client.close()

    def serve(connection: socket.socket, request: bytes) -> None:
        port = str(connection.getpeername()[1]).encode()
        while request:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(port), port))
            request = connection.recv(65536)

    with raw_server(serve) as url:
        asyncio.run(run(url))
    assert len(ports) == 1
