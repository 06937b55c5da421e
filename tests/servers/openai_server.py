"""A small real HTTP server that speaks `/v1/chat/completions`, scriptable per request.

In a test::

    with OpenAIServer([rate_limited(retry_after="0.05"), says("{}")]) as server:
        ...  # server.url is the base URL, server.requests what was sent

Each request takes the next step of the script; when it is used up, the server judges: it reads the numbered prompt and
marks a sentence supported where most of its words occur in one line of the evidence. As a process of its own, for
worker processes: `python -m tests.servers.openai_server --port 0` prints the base URL and serves until it is stopped.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.servers.graded_judge import graded_verdict, is_graded
from tests.servers.lexical_judge import lexical_verdict

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the server does with one request; `body` is sent as JSON unless it is bytes.

    `headers` may state a false `Content-Length`, or a `Transfer-Encoding` that the body does not keep to.
    """

    body: Body | bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    disconnect: bool = False
    content_type: str = "application/json"


Step = Answer | Callable[[Body], Answer]
"""One step of a script: an answer, or a function of the request's body."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived; header names are lower case."""

    path: str
    headers: dict[str, str]
    body: Body

    @property
    def prompt(self) -> str:
        """The content of the user's first message."""
        return prompt_of(self.body)


def completion(text: str | None, request: Body, *, finish_reason: str = "stop", **message: Any) -> Body:
    """A chat completion object; a token is counted as four characters."""
    prompt_tokens = sum(len(m["content"]) for m in request.get("messages", [])) // 4
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": f"{request.get('model', 'model')}-2026-01-01",
        "system_fingerprint": "fp_test",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason}
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": len(text or "") // 4,
            "total_tokens": prompt_tokens + len(text or "") // 4,
            "prompt_tokens_details": {"cached_tokens": prompt_tokens // 2},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def says(text: str | None, *, finish_reason: str = "stop", **message: Any) -> Step:
    """A completion with this text."""
    return lambda request: Answer(completion(text, request, finish_reason=finish_reason, **message))


def fails(
    status: int,
    *,
    message: str = "it failed",
    code: str | None = None,
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> Step:
    """An error as OpenAI words it."""
    error = {"message": message, "type": "test_error", "code": code, "param": param}
    return Answer({"error": error}, status=status, headers=headers or {})


def rate_limited(*, retry_after: str) -> Step:
    """A 429 that asks to wait."""
    return fails(429, code="rate_limit_exceeded", headers={"Retry-After": retry_after})


def slow(seconds: float) -> Step:
    """A good verdict, later."""
    return lambda request: Answer(completion(lexical_verdict(prompt_of(request)), request), delay_s=seconds)


def refuses() -> Step:
    """The model declines."""
    return says(None, refusal="I will not judge this.")


def content_filter() -> Step:
    """The provider's filter cut the answer."""
    return says("", finish_reason="content_filter")


def not_json() -> Step:
    """A 200 with a web page, as captive portals and wrong base URLs give."""
    return Answer(b"<html>welcome</html>", content_type="text/html")


def closed() -> Step:
    """The connection is reset without an answer."""
    return Answer(disconnect=True)


def lacks(*features: str) -> Step:
    """A server that refuses these request features and judges well without them.

    Features: `json_schema`, `json_object`, and any field of the request (`tools`, `logprobs`, `temperature`, …).
    """

    def step(request: Body) -> Answer:
        form = request.get("response_format", {}).get("type")
        for feature in features:
            if feature == form:
                return _answer(
                    fails(400, message=f"response_format {form} is not supported", param="response_format"), {}
                )
            if feature in request:
                hint = " Use max_completion_tokens." if feature == "max_tokens" else ""
                return _answer(fails(400, message=f"Unsupported parameter: {feature}.{hint}", param=feature), {})
        return judges_well(request)

    return step


REFUSALS: dict[str, tuple[str, int, str]] = {
    "openai": (
        "json_schema",
        400,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more about "
        "supported models at the Structured Outputs guide",
    ),
    "openai schema": (
        "json_schema",
        400,
        "Invalid schema for response_format 'verdict': Objects provided via 'anyOf' must not share first keys",
    ),
    "azure": (
        "json_schema",
        400,
        "response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later",
    ),
    "deepseek": ("json_schema", 400, "This response_format type is unavailable now"),
    "groq": ("json_schema", 400, "This model does not support response format `json_schema`."),
    "vllm": ("json_schema", 400, "[{'loc': ('body', 'response_format', 'type'), 'msg': 'Input should be ...'}]"),
    "llama.cpp": (
        "json_schema",
        500,
        'response_format type must be one of "text" or "json_object", but got: json_schema',
    ),
    "ollama": ("tools", 400, "registry.example/library/tiny does not support tools"),
    "llama.cpp tools": ("tools", 500, "tools param requires --jinja flag"),
    "vllm tools": ("tools", 400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser'),
    "openai logprobs": ("logprobs", 403, "You are not allowed to request logprobs from this model"),
    "gemini logprobs": ("logprobs", 400, "Logprobs is not enabled for models/tiny"),
    "reasoning model": ("temperature", 400, "Unsupported value: 'temperature' does not support 0 with this model."),
    "reasoning model bound": (
        "max_tokens",
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ),
}
"""What is refused, with which status and in which words, by servers in use."""


def refuses_as(*names: str) -> Step:
    """A server that refuses as those of `REFUSALS` do, and judges well when asked without."""

    def step(request: Body) -> Answer:
        form = request.get("response_format", {}).get("type")
        for name in names:
            feature, status, message = REFUSALS[name]
            if feature == form or feature in request:
                return _answer(fails(status, message=message), {})
        return judges_well(request)

    return step


def heeds_only(*forms: str) -> Step:
    """A server that silently ignores what it does not know: prose, unless asked in one of these forms.

    Forms: `json_schema`, `json_object`, `tools`, `prompt` (the schema in words).
    """

    def step(request: Body) -> Answer:
        asked = {request.get("response_format", {}).get("type"), "tools" if "tools" in request else None}
        asked |= {"prompt"} if "fits this JSON schema" in str(request["messages"][0]["content"]) else set()
        if asked & set(forms):
            return judges_well(request)
        return Answer(completion("The first sentence is fine, the second is not.", request))

    return step


def judges_well(request: Body) -> Answer:
    """The verdict computed from the numbered prompt, as content or as the call of the function that was asked for."""
    system = str(request["messages"][0]["content"])
    prompt = prompt_of(request)
    text = graded_verdict(system, prompt) if is_graded(system) else lexical_verdict(prompt)
    if "tools" not in request:
        return Answer(completion(text, request))
    function = {"name": request["tool_choice"]["function"]["name"], "arguments": text}
    call = {"id": "call_1", "type": "function", "function": function}
    return Answer(completion(None, request, finish_reason="tool_calls", tool_calls=[call]))


def prompt_of(request: Body) -> str:
    """The content of the user's first message."""
    return next(str(m["content"]) for m in request["messages"] if m["role"] == "user")


def _answer(step: Step, body: Body) -> Answer:
    return step if isinstance(step, Answer) else step(body)


class OpenAIServer:
    """The server; enter it to start it on a free loopback port."""

    def __init__(
        self,
        script: Iterable[Step] = (),
        *,
        default: Step = judges_well,
        port: int = 0,
        api_key: str | None = None,
        latency_s: float = 0.0,
    ) -> None:
        self._script = list(script)
        self._default = default
        self._api_key = api_key
        self.latency_s = latency_s
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self.requests: list[Request] = []
        self._http = _Http(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL for a client, ending in /v1."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def script(self, steps: Iterable[Step] = (), *, default: Step = judges_well) -> None:
        """Take these steps from the next request on."""
        with self._lock:
            self._script = list(steps)
            self._default = default

    def answer(self, request: Request) -> Answer:
        """Record a request and take the next step for it."""
        with self._lock:
            self.requests.append(request)
            step = self._script.pop(0) if self._script else self._default
        if self._api_key is not None and request.headers.get("authorization") != f"Bearer {self._api_key}":
            return _answer(fails(401, message="Incorrect API key provided", code="invalid_api_key"), {})
        if request.path.partition("?")[0] not in {"/v1/chat/completions", "/v1/embeddings"}:
            return _answer(fails(404, message="no such path"), {})
        answer = _answer(step, request.body)
        self.stopping.wait(answer.delay_s + self.latency_s)
        return answer


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], owner: OpenAIServer) -> None:
        super().__init__(address, _Connection)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that time out drop their connection: no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.owner.answer(Request(self.path, headers, json.loads(raw)))
        if answer.disconnect:
            # Zero linger makes the close a reset, as a crashed server gives.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(body)), **answer.headers}
        if "Transfer-Encoding" in headers:
            del headers["Content-Length"]
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        # A body that is not as long as it says leaves nothing to read the next answer from.
        self.close_connection = headers.get("Content-Length") != str(len(body))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
        """Tests look at `requests`, not at a log."""


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="A chat-completions server that judges by word overlap.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds each answer takes")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with OpenAIServer(port=options.port, latency_s=options.latency) as server:
        print(server.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
