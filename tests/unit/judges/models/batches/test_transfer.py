"""Files of answers are read line by line: a huge one takes no memory, and what is no answer is passed over."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any

import pytest

from assay.judges.errors import ModelAccessDenied, ModelUnavailable
from assay.judges.models.batches import transfer
from assay.judges.models.batches.apis import batch_api_of
from assay.judges.models.batches.openai_files import OpenAIBatches
from assay.judges.models.batches.port import BatchLine, BatchState
from assay.judges.models.endpoint_settings import EndpointSettings
from tests.servers.listening import ListeningServer

MEGABYTE = 1_048_576
ENDED = BatchState("completed", is_ended=True, files=("file-1",))


def line(key: str, text: str = "x") -> bytes:
    body = {"choices": [{"message": {"content": text}}]}
    return json.dumps({"custom_id": key, "response": {"status_code": 200, "body": body}}).encode() + b"\n"


class Server:
    """Answers every request with these pieces, and a status."""

    def __init__(self, pieces: list[bytes], *, status: int = 200, cut: bool = False) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(sum(map(len, pieces)) + int(cut)))
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
                """Quiet."""

        self._http = ListeningServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Server:
        Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def read(server: Server) -> list[BatchLine]:
    """All lines of the results; of each answer only its beginning."""

    async def main() -> list[BatchLine]:
        api = batch_api_of(EndpointSettings(url=server.url), "m")
        assert isinstance(api, OpenAIBatches)
        try:
            results: AsyncIterator[BatchLine] = api.results("b", ENDED)
            return [each._replace(body=each.body[:200]) async for each in results]
        finally:
            await api.close()

    return asyncio.run(main())


def test_huge_file_is_read_in_bounded_memory_and_a_line_that_is_too_long_is_dropped() -> None:
    pieces = [line(f"k{n}", "x" * MEGABYTE) for n in range(48)]
    pieces.insert(20, line("huge", "y" * 12 * MEGABYTE))
    with Server(pieces) as server:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            lines = read(server)
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
    assert [each.key for each in lines] == [f"k{n}" for n in range(48)]
    assert peak < 40 * MEGABYTE, f"{peak / MEGABYTE:.0f} MB for {sum(map(len, pieces)) / MEGABYTE:.0f} MB of answers"


def test_lines_that_are_no_answers_are_passed_over() -> None:
    pieces = [
        b"\n",
        b"not json\n",
        b"[1]\n",
        b'{"custom_id": 5}\n',
        line("good"),
        b'{"custom_id":"none"}\n',
        line("end")[:-1],
    ]
    with Server(pieces) as server:
        lines = read(server)
    assert [(each.key, each.status, each.is_answer, each.may_pass) for each in lines] == [
        ("good", 200, True, False),
        ("none", 0, False, True),
        ("end", 200, True, False),
    ]


@pytest.mark.parametrize(
    ("stated", "status"),
    [(200, 200), (200.0, 200), ("200", 200), (429, 429), ("500", 500), (None, 200), (True, 200), ("ok", 200), (7, 200)],
)
def test_answer_whose_status_is_spelt_otherwise_is_one(stated: object, status: int) -> None:
    body = {"choices": [{"message": {"content": "x"}}]}
    raw = json.dumps({"custom_id": "k", "response": {"status_code": stated, "body": body}}).encode()
    with Server([raw]) as server:
        assert [each.status for each in read(server)] == [status]


@pytest.mark.parametrize("response", [None, {}, {"body": None}, {"body": {"error": {}}}, {"status_code": "x"}, []])
def test_line_without_an_answer_was_not_tried(response: object) -> None:
    with Server([json.dumps({"custom_id": "k", "response": response}).encode()]) as server:
        assert [(each.status, each.body) for each in read(server)] == [(0, b"")]


def test_answers_that_break_off_are_told_and_not_taken_for_the_end() -> None:
    with Server([line("a")], cut=True) as server, pytest.raises(ModelUnavailable):
        read(server)


def test_error_instead_of_answers_is_the_error_it_is() -> None:
    with Server([b'{"error":{"message":"bad key"}}'], status=401) as server, pytest.raises(ModelAccessDenied):
        read(server)


@pytest.mark.parametrize(
    ("url", "query", "path"),
    [
        ("https://h/v1", {}, "https://h/v1/batches?limit=1"),
        ("https://h/v1/chat/completions", {}, "https://h/v1/batches?limit=1"),
        ("https://h/openai/v1", {"api-version": "p"}, "https://h/openai/v1/batches?api-version=p&limit=1"),
    ],
)
def test_batches_lie_beside_the_address_that_is_asked(url: str, query: dict[str, str], path: str) -> None:
    api = batch_api_of(EndpointSettings(url=url, query=query), "m")
    assert isinstance(api, OpenAIBatches)
    assert str(api._transfer._at("/batches?limit=1")) == path


class Slow:
    """Accepts requests. It says nothing, stops after the head, or drips."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._writers: list[asyncio.StreamWriter] = []

    async def close(self) -> None:
        """Close what is open within the loop it belongs to."""
        for writer in self._writers:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if self._mode != "hang":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(200 if self._mode == "drip" else 0):
                writer.write(b"x\n")
                await writer.drain()
                await asyncio.sleep(0.02)
            await reader.read()
        writer.close()


@pytest.mark.parametrize("mode", ["hang", "stall", "drip"])
def test_file_that_does_not_come_is_given_up(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "QUICK_S", 0.2)
    monkeypatch.setattr(transfer, "_STALL_S", 0.2)

    async def main() -> float:
        slow = Slow(mode)
        server = await asyncio.start_server(slow.answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        api = batch_api_of(EndpointSettings(url=f"http://127.0.0.1:{port}/v1"), "m")
        began = asyncio.get_running_loop().time()
        with pytest.raises(ModelUnavailable):
            [each async for each in api.results("b", ENDED)]
        await api.close()
        server.close()
        await slow.close()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(main()) < 2.0


def test_file_whose_answers_take_long_to_keep_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_STALL_S", 1.0)

    async def main(url: str) -> int:
        api = batch_api_of(EndpointSettings(url=url), "m")
        count = 0
        async for _ in api.results("b", ENDED):
            await asyncio.sleep(0.1)
            count += 1
        await api.close()
        return count

    with Server([line(f"k{n}", "x" * 100_000) for n in range(20)]) as server:
        assert asyncio.run(main(server.url)) == 20


def test_very_many_lines_leave_the_loop_to_others() -> None:
    async def main(url: str) -> tuple[int, int]:
        api = batch_api_of(EndpointSettings(url=url), "m")
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        others = asyncio.create_task(count_turns())
        count = len([each async for each in api.results("b", ENDED)])
        others.cancel()
        await api.close()
        return count, turns

    with Server([b"{}\n" * 100_000 + line("k")]) as server:
        count, turns = asyncio.run(main(server.url))
    assert (count, turns > 500) == (1, True)
