"""A small real HTTP server with OpenAI's and Anthropic's batches, whose batches end when the test says so.

    with BatchServer() as server:
        ...  # server.openai and server.anthropic are base URLs
        server.end("completed")           # all that is under way
        server.end("expired", share=0.5)  # half of the lines are answered

`server.paid` counts how often each request of a batch was answered, by its custom id; `server.live` has the bodies that
were asked at once. `server.faults` is a list of faults, each for one request: see `Fault`.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from tests.servers.lexical_judge import lexical_verdict
from tests.servers.openai_server import judges_well

Body = dict[str, Any]


class Fault(NamedTuple):
    """What happens to one request: it is done, or not, and answered with a status, or cut off (0)."""

    path: str
    status: int
    is_done: bool = False


class BatchServer:
    """The server; enter it to start it on a free loopback port."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.faults: list[Fault] = []
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Body] = {}
        self.lines: dict[str, list[Body]] = {}
        self.results: dict[str, list[Body]] = {}
        self.paid: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.cancelled: list[str] = []
        self.live: list[Body] = []
        self.asked: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.line_status: dict[str, int] = {}
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._http = _Http(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def openai(self) -> str:
        """The base URL of the OpenAI side."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def anthropic(self) -> str:
        """The base URL of the Anthropic side."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/anthropic/v1"

    def end(self, word: str = "completed", *, share: float = 1.0) -> None:
        """End every batch under way. The first lines are answered, in reverse order; the rest are not tried."""
        with self.lock:
            for batch_id, batch in self.batches.items():
                if not _is_ended(batch):
                    self._end(batch_id, batch, word, share)

    def _end(self, batch_id: str, batch: Body, word: str, share: float) -> None:
        lines = self.lines[batch_id]
        answered = lines[: round(share * len(lines))]
        is_openai = "status" in batch
        made = [self._answered(line, is_openai=is_openai) for line in reversed(answered)]
        skipped = [_untried(line, word, is_openai=is_openai) for line in lines[len(answered) :]]
        self.results[batch_id] = made + skipped
        if not is_openai:
            batch["processing_status"] = "ended"
            return
        batch["status"] = word
        if word == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": "x"}]}
            return
        for name, rows in (("output_file_id", made), ("error_file_id", skipped)):
            if rows:
                batch[name] = f"file-{name[:3]}-{batch_id}"
                self.files[batch[name]] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    def _answered(self, line: Body, *, is_openai: bool) -> Body:
        key = line["custom_id"]
        status = self.line_status.get(key, self.line_status.get("*", 200))
        if status != 200:
            error = {"message": "no", "type": "invalid_request_error"}
            if is_openai:
                return {"custom_id": key, "response": {"status_code": status, "body": {"error": error}}, "error": None}
            return {"custom_id": key, "result": {"type": "errored", "error": {"type": "error", "error": error}}}
        self.paid[key] += 1
        if is_openai:
            body = judges_well(line["body"]).body
            return {"id": "b1", "custom_id": key, "response": {"status_code": 200, "body": body}, "error": None}
        return {"custom_id": key, "result": {"type": "succeeded", "message": _message(line["params"])}}

    def handle(self, method: str, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, bytes]:
        """The answer to one request."""
        route = path.partition("?")[0]
        with self.lock:
            self.asked[f"{method} {route}"] += 1
            self.keys |= {headers.get("authorization", "") or headers.get("x-api-key", "")}
            fault = next((fault for fault in self.faults if f"{method} {route}".endswith(fault.path)), None)
            if fault is not None:
                self.faults.remove(fault)
                if fault.is_done:
                    self._done(method, route, path, raw)
                return fault.status, b'{"error": {"message": "a fault of the test"}}'
            return self._done(method, route, path, raw)

    def _done(self, method: str, route: str, path: str, raw: bytes) -> tuple[int, bytes]:
        if route.startswith("/anthropic/v1"):
            status, body = self._anthropic(method, route.removeprefix("/anthropic/v1"), path, raw)
        else:
            status, body = self._openai(method, route.removeprefix("/v1"), path, raw)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()

    def _openai(self, method: str, route: str, path: str, raw: bytes) -> tuple[int, Body | bytes]:
        _, name, *rest = route.split("/")
        if route == "/chat/completions":
            self.live.append(json.loads(raw))
            return 200, judges_well(self.live[-1]).body
        if name == "files":
            return self._files(method, rest, raw)
        if name != "batches":
            return 404, {"error": {"message": "no such path"}}
        if method == "POST" and not rest:
            return 200, self._begin_openai(json.loads(raw))
        if not rest:
            return 200, self._page(path)
        return self._one(rest, lambda batch: batch.update(status="cancelling"))

    def _files(self, method: str, rest: list[str], raw: bytes) -> tuple[int, Body | bytes]:
        if method == "POST":
            file_id = f"file-{self.asked['POST /v1/files']}"
            assert b'name="purpose"\r\n\r\nbatch\r\n' in raw
            self.files[file_id] = raw.split(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
            self.names[file_id] = re.search(rb'filename="([^"]*)"', raw)[1].decode()  # type: ignore[index]
            return 200, {"id": file_id, "object": "file", "purpose": "batch"}
        if not rest:
            return 200, {"data": [{"id": name, "filename": self.names.get(name, "output")} for name in self.files]}
        if method == "DELETE":
            return 200, {"id": rest[0], "deleted": self.files.pop(rest[0], None) is not None}
        content = self.files.get(rest[0])
        return (404, {"error": {"message": "no such file"}}) if content is None else (200, content)

    def _begin_openai(self, wish: Body) -> Body:
        assert wish["endpoint"] == "/v1/chat/completions"
        assert wish["completion_window"] == "24h"
        batch_id = f"batch_{len(self.batches)}"
        lines = [json.loads(line) for line in self.files[wish["input_file_id"]].splitlines()]
        self.lines[batch_id] = lines
        self.batches[batch_id] = {
            "id": batch_id,
            "object": "batch",
            "status": "in_progress",
            "input_file_id": wish["input_file_id"],
            "created_at": int(self.now().timestamp()),
            "metadata": wish.get("metadata"),
            "output_file_id": None,
            "error_file_id": None,
        }
        return self.batches[batch_id]

    def _page(self, path: str) -> Body:
        limit = int(re.search(r"limit=(\d+)", path)[1])  # type: ignore[index]
        after = re.search(r"after(?:_id)?=(\w+)", path)
        newest = [batch for batch in reversed(self.batches.values()) if batch["id"] not in self.deleted]
        start = next((n + 1 for n, b in enumerate(newest) if after and b["id"] == after[1]), 0)
        return {"data": newest[start : start + limit], "has_more": len(newest) > start + limit}

    def _anthropic(self, method: str, route: str, path: str, raw: bytes) -> tuple[int, Body | bytes]:
        if route == "/messages":
            self.live.append(json.loads(raw))
            return 200, _message(self.live[-1])
        rest = [part for part in route.removeprefix("/messages/batches").split("/") if part]
        if method == "POST" and not rest:
            return 200, self._begin_anthropic(json.loads(raw))
        if not rest:
            return 200, self._page(path)
        if method == "DELETE":
            self.results.pop(rest[0])
            self.deleted.add(rest[0])
            return 200, {"id": rest[0], "type": "message_batch_deleted"}
        if rest[1:] == ["results"]:
            return 200, b"".join(json.dumps(row).encode() + b"\n" for row in self.results[rest[0]])
        return self._one(rest, lambda batch: batch.update(processing_status="canceling"))

    def _begin_anthropic(self, wish: Body) -> Body:
        batch_id = f"msgbatch_{len(self.batches)}"
        self.lines[batch_id] = wish["requests"]
        for line in wish["requests"]:
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", line["custom_id"])
        now = self.now()
        self.batches[batch_id] = {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": now.isoformat(),
            "expires_at": (now + timedelta(days=1)).isoformat(),
            "request_counts": {"processing": len(wish["requests"]), "succeeded": 0, "errored": 0},
        }
        return self.batches[batch_id]

    def _one(self, rest: list[str], cancel: Any) -> tuple[int, Body | bytes]:
        batch = self.batches.get(rest[0])
        if batch is None or rest[0] in self.deleted:
            return 404, {"error": {"message": "no such batch"}}
        if rest[1:] == ["cancel"]:
            self.cancelled.append(rest[0])
            cancel(batch)
        return 200, batch


def _is_ended(batch: Body) -> bool:
    return batch.get("status", batch.get("processing_status")) in {
        "completed",
        "expired",
        "cancelled",
        "failed",
        "ended",
    }


def _untried(line: Body, word: str, *, is_openai: bool) -> Body:
    key = line["custom_id"]
    if is_openai:
        return {"custom_id": key, "response": None, "error": {"code": f"batch_{word}", "message": "not tried"}}
    return {"custom_id": key, "result": {"type": "canceled" if word == "cancelled" else "expired"}}


def _message(params: Body) -> Body:
    prompt = next(str(m["content"]) for m in params["messages"] if m["role"] == "user")
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": [{"type": "text", "text": lexical_verdict(prompt)}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 200, "output_tokens": 40},
    }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], owner: BatchServer) -> None:
        super().__init__(address, _Connection)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was cut off is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_GET(self) -> None:
        self._answer(b"")

    def do_DELETE(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _answer(self, raw: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body = self.server.owner.handle(self.command, self.path, headers, raw)
        if status == 0:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
        """Quiet."""
