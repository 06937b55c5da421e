"""One connection to a backend: bounded answers, the shared budget, addresses and headers as people write them."""

from __future__ import annotations

import asyncio
import gzip
import socket
import sys
import zlib
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.otlp.forms import needs_messages
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.store_clients.addresses import headers_in, place_of, spans_address, web_address
from assay.worker.store_clients.connection import Answer, AnswerTooLarge, Connection
from tests.servers.kept_spans import Answered, BackendServer


class PlainServer(BackendServer):
    """Answers each GET with what a test sets."""

    says = Answered(200, b"{}")

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        return self.says


@pytest.fixture
def server() -> Iterator[PlainServer]:
    with PlainServer() as server:
        yield server


def asked(url: str, *, amount: float = 1e6, **options: object) -> Answer:
    async def run() -> Answer:
        limit = RateLimit(name="backend", amount=amount)
        connection = Connection(url, remedy="check the key", limits=MemoryLimits(), limit=limit, **options)  # type: ignore[arg-type]
        try:
            for _ in range(int(amount) if amount < 10 else 0):
                await connection.get("/before")
            return await connection.get("/thing", [("q", "{ }")])
        finally:
            await connection.close()

    return asyncio.run(run())


def packed(server: PlainServer, body: bytes, kind: str = "gzip") -> None:
    server.says = Answered(200, body, headers={"Content-Encoding": kind})


def test_packed_answer_is_unpacked(server: PlainServer) -> None:
    packed(server, gzip.compress(b'{"a": 1}'))
    assert asked(server.url).body == b'{"a": 1}'
    packed(server, zlib.compress(b'{"a": 2}'), "deflate")
    assert asked(server.url).body == b'{"a": 2}'
    assert server.requests[-1] == ("/thing", {"q": "{ }"})


def test_answer_beyond_the_bound_is_refused_plain_and_packed(server: PlainServer) -> None:
    server.says = Answered(200, b"x" * 20_000)
    with pytest.raises(AnswerTooLarge, match="more than 10,000 bytes"):
        asked(server.url, most_bytes=10_000)
    packed(server, gzip.compress(b"x" * 50_000_000, compresslevel=1))
    with pytest.raises(AnswerTooLarge, match="more than 10,000 bytes"):
        asked(server.url, most_bytes=10_000)
    server.says = Answered(200, b"x" * 10_000)
    assert len(asked(server.url, most_bytes=10_000).body) == 10_000


def test_answer_that_says_it_is_packed_and_is_not_is_no_answer(server: PlainServer) -> None:
    packed(server, b"no gzip at all")
    with pytest.raises(StoreUnavailable, match="says gzip and is none"):
        asked(server.url)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_server_that_says_nothing_in_time_is_left(silent: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"/thing: no answer in 0\.2 s"):
        asked(silent, timeout_s=0.2)


def test_budget_that_is_used_up_refuses_before_anything_is_asked(server: PlainServer) -> None:
    with pytest.raises(StoreBusy, match="requests_per_minute"):
        asked(server.url, amount=2, max_wait_s=0.1)
    assert server.asked("/thing") == 0
    assert server.asked("/before") == 2


def test_message_of_a_refusal_is_one_short_line(server: PlainServer) -> None:
    server.says = Answered(400, b"first\n second " + b"z" * 5000, "text/plain")
    with pytest.raises(StoreRejected) as caught:
        asked(server.url)
    assert str(caught.value).startswith(f"GET {server.url}/thing: 400: first second zzz")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("backend:3200", "http://backend:3200"),
        ("https://u:p@Backend.example/path/?key=1#x", "https://backend.example/path"),
        ("http://[::1]:4318/", "http://[::1]:4318"),
        ("key", "http://key"),
    ],
)
def test_address_is_made_fit_to_be_asked_and_shown(written: str, address: str) -> None:
    assert web_address(written, "endpoint") == address
    assert "@" not in place_of(address)


@pytest.mark.parametrize("written", ["", "ftp://x", "http://", "http://x:0", "http://x:99999", "http://[::1"])
def test_what_is_no_address_is_refused_by_the_keys_name(written: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint: no web address"):
        web_address(written, "endpoint")


def test_spans_go_to_the_usual_port_of_the_host_unless_it_is_said_otherwise() -> None:
    assert spans_address(None, "https://backend:3200/query", "x") == "https://backend:4318"
    assert spans_address(None, "http://[::1]:3200", "x") == "http://[::1]:4318"
    assert spans_address("gateway:80/otlp", "http://backend:3200", "x") == "http://gateway:80/otlp"


def test_headers_are_read_as_opentelemetry_writes_them() -> None:
    read = headers_in(SecretStr("Authorization=Basic%20dXNlcjpw, x-scope=a=b"), "HEADERS")
    assert {name: value.get_secret_value() for name, value in read.items()} == {
        "authorization": "Basic dXNlcjpw",
        "x-scope": "a=b",
    }
    assert headers_in(None, "HEADERS") == {}


@pytest.mark.parametrize("written", ["Authorization", "=x", "a=b,c", "a=%0d%0aevil: 1", "a=ü"])
def test_headers_that_are_none_are_refused_without_showing_them(written: str) -> None:
    with pytest.raises(ConfigurationError, match="HEADERS: write headers as") as caught:
        headers_in(SecretStr(written), "HEADERS")
    assert "evil" not in str(caught.value)


def test_installation_without_the_messages_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_messages("Backend")
    monkeypatch.setitem(sys.modules, "opentelemetry.proto", None)
    with pytest.raises(ConfigurationError, match=r"Backend speaks .* pip install 'assay-fleet\[otlp\]'"):
        needs_messages("Backend")
