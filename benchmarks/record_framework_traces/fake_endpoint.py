"""An endpoint on loopback with fixed answers: OpenAI's chat, responses and embeddings, Anthropic's, Gemini's.

It asks for a tool once where tools are offered, and answers in the form that a framework's prompt demands.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.record_framework_traces import other_protocols

Body = dict[str, Any]

ANSWER = "The warranty of the Halden jacket is five years, and zips are repaired free of charge."
ORDER_ANSWER = "Your order A-1042 was shipped with Norpost and should arrive on 3 December 2026."
SORRY = "I am sorry, I cannot look up order A-1042 right now. Please try again later."
GUARD_ANSWER = '{"label": "safe", "score": 0.98}'
GERMAN_ANSWER = 'Fünf Jahre, und die "Nähte" sind kostenlos – that\'s all.\n\n- Kaufbeleg nötig'
GERMAN_ORDER_ANSWER = 'Ihre Bestellung A-1042 ist mit Norpost "unterwegs" – it\'s on its way.'
ARGUMENTS = {"order_id": "A-1042", "query": "warranty of the Halden jacket"}
"""Arguments of a tool call by parameter; others get the order's number."""
FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]")
"""A field of a DSPy prompt: `[[ ## answer ## ]]`."""
SIZE = 64
"""Numbers in an embedding."""
CREATED = 1_764_500_000


@contextmanager
def running() -> Iterator[str]:
    """Serve until the block ends; gives the base URL, e.g. `http://127.0.0.1:41233/v1`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Endpoint(BaseHTTPRequestHandler):
    """One request: read it, find the route, answer with JSON or with a stream of events."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one request; what is none of a model's protocols gets an empty object."""
        raw = self.rfile.read(int(self.headers["content-length"]))
        if not self.path.startswith("/v1"):  # what an SDK exports of itself: the programs keep the spans in memory
            self._reply("{}", "application/json")
            return
        body = json.loads(raw)
        if body.get("stream") and self.path == "/v1/chat/completions":
            self._reply("".join(chunks(body)), "text/event-stream")
        else:
            self._reply(json.dumps(reply_to(self.path, body)), "application/json")

    def _reply(self, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        """No version of Python's, since some SDKs record the headers of an answer."""
        return "fixed"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Always the same moment, for the same reason."""
        return super().date_time_string(CREATED)

    def log_message(self, *args: object) -> None:
        """Keep the terminal for the recorder's own lines."""


def reply_to(path: str, body: Body) -> Body:
    """The answer to one request; OpenAI's chat completions where the path is none of the others."""
    if path == "/v1/embeddings":
        return embeddings(body)
    if path == "/v1/responses":
        return response(body)
    if path == "/v1/messages":
        given, tools = other_protocols.anthropic_messages(body), other_protocols.anthropic_tools(body)
        return other_protocols.anthropic_reply(message_for(given, tools), body)
    if path.endswith(":generateContent"):
        given, tools = other_protocols.gemini_messages(body), other_protocols.gemini_tools(body)
        return other_protocols.gemini_reply(message_for(given, tools))
    return completion(body)


def completion(body: Body) -> Body:
    """A chat completion: a tool call where a tool is offered and none was asked for yet, else a text."""
    message = message_for(body.get("messages", []), body.get("tools") or [])
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 20, "total_tokens": 140},
    }


def message_for(messages: list[Body], tools: list[Body]) -> Body:
    """The assistant's next message."""
    if tools and not any(message["role"] == "tool" for message in messages):
        function = tools[0]["function"]
        schema = function.get("parameters") or function.get("parameters_json_schema") or {}
        arguments = json.dumps(arguments_for(schema))
        call = {"id": "call_1", "type": "function", "function": {"name": function["name"], "arguments": arguments}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": text_for(" ".join(text_of(message) for message in messages))}


def arguments_for(schema: Body) -> Body:
    """A value for each required parameter of a tool."""
    names = schema.get("required") or list(schema.get("properties", {}))
    return {name: ARGUMENTS.get(name, ARGUMENTS["order_id"]) for name in names}


def text_of(message: Body) -> str:
    """The text of a message whose content is a string or a list of parts."""
    content = message.get("content") or message.get("output") or ""
    return content if isinstance(content, str) else " ".join(str(part.get("text", "")) for part in content)


def text_for(prompt: str) -> str:
    """The answer to all that was sent, in the form that it demands."""
    if "Classify the answer" in prompt:
        return GUARD_ANSWER
    answer = GERMAN_ANSWER if "Garantie" in prompt else ANSWER
    if "A-1042" in prompt:
        answer = (GERMAN_ORDER_ANSWER if "Bestellung" in prompt else ORDER_ANSWER) if "Norpost" in prompt else SORRY
    fields = dict.fromkeys(FIELD.findall(prompt.partition("Outputs will be")[0] or prompt))
    if "completed" in fields:
        texts = {"reasoning": "The first passage says so.", "answer": answer, "response": answer}
        written = [f"[[ ## {name} ## ]]\n{text}" for name, text in texts.items() if name in fields]
        return "\n\n".join([*written, "[[ ## completed ## ]]"])
    return f"Thought: I now can give a great answer\nFinal Answer: {answer}" if "Final Answer:" in prompt else answer


def chunks(body: Body) -> Iterator[str]:
    """The same completion as server-sent events, two words at a time."""
    whole = completion(body)
    choice = whole["choices"][0]
    message = choice["message"]
    words = re.findall(r"\S+\s*", message["content"] or "")
    deltas: list[Body] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": "".join(words[at : at + 2])} for at in range(0, len(words), 2)]
    deltas += [{"tool_calls": [{"index": 0, **call}]} for call in message.get("tool_calls", [])]
    steps = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    steps.append({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]})
    head = {"id": whole["id"], "object": "chat.completion.chunk", "created": CREATED, "model": body["model"]}
    for step in steps:
        yield f"data: {json.dumps({**head, 'choices': [step]})}\n\n"
    if (body.get("stream_options") or {}).get("include_usage"):
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': whole['usage']})}\n\n"
    yield "data: [DONE]\n\n"


def response(body: Body) -> Body:
    """An answer of the responses API."""
    given = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
    messages = [{**item, "role": "tool" if "output" in item else item.get("role", "assistant")} for item in given]
    tools = [{"function": tool} for tool in body.get("tools") or []]
    message = message_for([{"role": "system", "content": body.get("instructions") or ""}, *messages], tools)
    if message.get("tool_calls"):
        function = message["tool_calls"][0]["function"]
        output: Body = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed", **function}
    else:
        part = {"type": "output_text", "text": message["content"], "annotations": []}
        output = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "model": body["model"],
        "status": "completed",
        "instructions": body.get("instructions"),
        "output": [output],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "usage": {
            "input_tokens": 120,
            "output_tokens": 20,
            "total_tokens": 140,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def embeddings(body: Body) -> Body:
    """Vectors that count words, so that texts which share words lie near each other."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = [{"object": "embedding", "index": at, "embedding": vector(str(text))} for at, text in enumerate(texts)]
    usage = {"prompt_tokens": 10, "total_tokens": 10}
    return {"object": "list", "model": body["model"], "data": data, "usage": usage}


def vector(text: str) -> list[float]:
    """Words counted in as many buckets as an embedding has numbers."""
    counts = [0.01] * SIZE
    for word in re.findall(r"\w{4,}", text.lower()):
        counts[zlib.crc32(word.encode()) % SIZE] += 1.0
    return counts
