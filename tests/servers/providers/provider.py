"""A provider as a scripted server: what it refuses, in its own status and words, and what it makes of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers.lexical_judge import lexical_verdict
from tests.servers.openai_server import Answer, Body, OpenAIServer, Request, completion, prompt_of

Works = Literal["works", "setting needed", "cannot"]
Test = Callable[[Request], bool]
"""Whether a rule applies to a request."""

Reply = Callable[[Body], Answer]
"""What is answered to a request that no rule refuses."""


@dataclass(frozen=True)
class Rule:
    """A request of which `applies` is true is refused with `answer`."""

    applies: Test
    answer: Answer


@dataclass(frozen=True)
class Provider:
    """One provider.

    Attributes:
        name: as the table in docs/reference/endpoints.md calls it.
        source: where its behaviour is documented or was reported.
        works: out of the box, with a setting, or not.
        calls: requests for the first and for the second sample, with the settings.
        rules: what it refuses, the first that applies.
        reply: what it makes of all else.
        settings: fields of `EndpointSettings` that it needs. `/path` of the URL is written as `url`.
        max_tokens: of the rubric.
        without: what two samples come to without the settings, each with its requests: the name of the error, or
            `scored`.
        path: where it serves, with its query.
    """

    name: str
    source: str
    works: Works
    calls: tuple[int, int]
    rules: tuple[Rule, ...] = ()
    reply: Reply | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    max_tokens: int = 2048
    without: tuple[tuple[str, int], tuple[str, int]] = (("scored", 1), ("scored", 1))
    path: str = "/v1/chat/completions"


class ProviderServer(OpenAIServer):
    """The server of one provider."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    @property
    def origin(self) -> str:
        """The address without a path."""
        return self.url.removesuffix("/v1")

    def answer(self, request: Request) -> Answer:
        """Record a request, and answer it as the provider does."""
        with self._lock:
            self.requests.append(request)
        if request.path != self._provider.path:
            return Answer({"error": {"code": "404", "message": "Resource not found"}}, status=404)
        refused = next((rule.answer for rule in self._provider.rules if rule.applies(request)), None)
        return refused or (self._provider.reply or judged)(request.body)


def verdict_on(body: Body) -> str:
    """A good verdict on what a request shows."""
    return lexical_verdict(prompt_of(body))


def judged(body: Body) -> Answer:
    """A good verdict, in the form that was asked for."""
    text = verdict_on(body)
    return called(body, text) if "tools" in body else Answer(completion(text, body))


def called(body: Body, text: str) -> Answer:
    """A completion that calls the function."""
    call = {"id": "call_1", "type": "function", "function": {"name": "verdict", "arguments": text}}
    return Answer(completion(None, body, finish_reason="tool_calls", tool_calls=[call]))


def prose(body: Body) -> Answer:
    """What a model writes that was not asked for JSON in a way its server heeds."""
    return Answer(completion("The first sentence is fine, the second is not.", body))


def heeding(*forms: str) -> Reply:
    """A server that silently ignores other forms: `json_schema`, `json_object`, `tools` and `prompt`."""

    def reply(body: Body) -> Answer:
        asked = {body.get("response_format", {}).get("type"), "tools" if "tools" in body else None}
        asked |= {"prompt"} if "fits this JSON schema" in json.dumps(body["messages"]) else set()
        return judged(body) if asked & set(forms) else prose(body)

    return reply


def has(name: str) -> Test:
    """Whether a field is in the body."""
    return lambda request: name in request.body


def form(name: str) -> Test:
    """Whether JSON is asked for by this type of `response_format`."""
    return lambda request: request.body.get("response_format", {}).get("type") == name


def mentions(word: str) -> Test:
    """Whether the schema of the reply uses a keyword, e.g. `anyOf`."""
    return lambda request: f'"{word}"' in json.dumps([request.body.get("response_format"), request.body.get("tools")])


def choice_is_not(*choices: str) -> Test:
    """Whether a function is asked for in another way than these."""
    return lambda request: "tool_choice" in request.body and request.body["tool_choice"] not in choices


def system_message(request: Request) -> bool:
    """Whether there is a system message."""
    return any(message["role"] == "system" for message in request.body["messages"])


def header_is_not(name: str, value: str) -> Test:
    """Whether a header is missing, or wrong."""
    return lambda request: request.headers.get(name) != value


def any_of(*tests: Test) -> Test:
    """Whether one of them applies."""
    return lambda request: any(applies(request) for applies in tests)


def error(status: int, message: str, *, code: str | int | None = None, kind: str = "invalid_request_error") -> Answer:
    """An error as OpenAI shapes it."""
    return Answer({"error": {"message": message, "type": kind, "param": None, "code": code}}, status=status)


def bare(status: int, body: Any) -> Answer:
    """An error of another shape."""
    return Answer(json.dumps(body).encode(), status=status)
