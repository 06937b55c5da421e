"""Files of answers are read line by line: a huge one takes no memory, and what is no answer is passed over."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from assay.judges.errors import ModelAccessDenied, ModelUnavailable
from assay.judges.models.batches.apis import batch_api_of
from assay.judges.models.batches.openai_files import OpenAIBatches
from assay.judges.models.batches.port import BatchLine, BatchState
from assay.judges.models.endpoint_settings import EndpointSettings

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

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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
