"""The HTTP server of a process: a few pages, whatever a client sends, or does not send."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.telemetry import http_pages
from assay.worker.telemetry.http_pages import Answer, HttpPages, _parsed
from tests.scraping import asked
from tests.waiting import PATIENCE_S, until


async def greets(accept: str) -> Answer:
    return Answer(HTTPStatus.OK, "text/plain", f"hello {accept}".encode())


async def long_page(_: str) -> Answer:
    return Answer(HTTPStatus.OK, "text/plain", b"a" * 100_000)


async def breaks(_: str) -> Answer:
    raise ValueError("the text of a trace")


async def hangs(_: str) -> Answer:
    await asyncio.sleep(PATIENCE_S)
    raise AssertionError


@pytest.fixture
def server() -> Iterator[HttpPages]:
    pages = HttpPages({"/greets": greets, "/long": long_page, "/breaks": breaks, "/hangs": hangs})
    pages.start("127.0.0.1", 0)
    yield pages
    pages.stop()


def sent(server: HttpPages, raw: bytes) -> bytes:
    """Everything that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(raw)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def status_of(raw: bytes) -> int:
    return int(raw.split(b" ")[1])


def test_pages_are_given_to_get_and_head_alone(server: HttpPages) -> None:
    address = f"http://127.0.0.1:{server.port}"
    reply = asked(f"{address}/greets?name=x", Accept="everybody")
    assert (reply.status, reply.text, reply.content_type) == (200, "hello everybody", "text/plain")
    head, _, body = sent(server, b"HEAD /greets HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")
    assert (status_of(head), body) == (200, b"")
    assert b"Content-Length: 6" in head
    assert status_of(sent(server, b"POST /greets HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")) == 405
    assert asked(f"{address}/../etc/passwd").status == 404
    assert asked(address).status == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET / FTP/1.1\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(server: HttpPages, raw: bytes) -> None:
    assert status_of(sent(server, raw)) == 400


@given(st.binary(max_size=300))
def test_no_head_breaks_the_reading_of_it(raw: bytes) -> None:
    request = _parsed(raw)
    assert request.method == "" or raw.startswith(request.method.encode("latin-1"))


def test_head_that_does_not_end_is_refused_by_its_length(server: HttpPages) -> None:
    assert status_of(sent(server, b"GET /greets HTTP/1.1\r\n" + b"X: y\r\n" * 5_000)) == 400


def test_long_pages_are_compressed_for_who_takes_that(server: HttpPages) -> None:
    plain = sent(server, b"GET /long HTTP/1.1\r\n\r\n")
    zipped = sent(server, b"GET /long HTTP/1.1\r\nAccept-Encoding: deflate, gzip\r\n\r\n")
    assert len(plain) > 100_000
    assert len(zipped) < 2_000
    assert b"Content-Encoding: gzip" in zipped


def test_page_that_breaks_or_hangs_costs_no_other(server: HttpPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pages, "ANSWER_WITHIN_S", 0.2)
    address = f"http://127.0.0.1:{server.port}"
    broken = asked(f"{address}/breaks")
    assert (broken.status, "trace" in broken.text) == (500, False)
    assert asked(f"{address}/hangs").status == 503
    assert asked(f"{address}/greets").status == 200


def test_client_that_sends_a_byte_now_and_then_is_let_go(server: HttpPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pages, "HEAD_WITHIN_S", 0.3)
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as slow:
        slow.settimeout(0.05)
        ended = threading.Event()
        while not ended.is_set() and time.monotonic() - begun < PATIENCE_S:
            try:
                slow.sendall(b"G")
                ended.set() if not slow.recv(1) else None
            except TimeoutError:
                continue
            except OSError:
                ended.set()
    assert ended.is_set()


def test_idle_connections_keep_no_probe_out(server: HttpPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pages, "MOST_CONNECTIONS", 10)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        assert asked(f"http://127.0.0.1:{server.port}/greets").status == 200
        until(lambda: len(server._reading) <= 10)
    finally:
        for connection in idle:
            connection.close()


def test_many_at_once_are_answered(server: HttpPages) -> None:
    with ThreadPoolExecutor(50) as clients:
        replies = clients.map(lambda _: asked(f"http://127.0.0.1:{server.port}/long").status, range(200))
        assert set(replies) == {200}


@pytest.mark.parametrize("host", ["127.0.0.1", "no such host.invalid"])
def test_address_that_cannot_be_had_is_said(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match=r"in use|not known|failure"):
        HttpPages({}).start(host, taken.getsockname()[1])
