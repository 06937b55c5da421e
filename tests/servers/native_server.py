"""What the servers of the providers' own protocols have in common: strict about requests, scriptable in answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.servers.graded_judge import graded_verdict, is_graded
from tests.servers.lexical_judge import lexical_verdict
from tests.servers.openai_server import Answer, Body, OpenAIServer, Request, Step

TOOL = "verdict"
"""The name of the function that our adapters ask for."""


class NativeServer(OpenAIServer):
    """A server that refuses what the documentation refuses, then takes the next step of its script."""

    version = "v1"

    def __init__(self, script: Iterable[Step] = (), *, api_key: str | None = None, lacks: Iterable[str] = ()) -> None:
        """Begin with a script.

        Args:
            script: the answers to the first requests that are as documented. After them the server judges.
            api_key: the only key it lets in. None: any, but one there must be.
            lacks: features that this model does not have. It refuses them in the provider's own words.
        """
        super().__init__(script, default=self.judged)
        self.key = api_key
        self.lacks = frozenset(lacks)
        self.faults: list[Exception] = []

    def __exit__(self, *exc_info: object) -> None:
        """Stop. What went wrong in the server itself is no fault of the client: the test fails with it."""
        super().__exit__(*exc_info)
        if self.faults:
            raise self.faults[0]

    @property
    def url(self) -> str:
        """The base URL for a client, ending in the version."""
        return super().url.removesuffix("v1") + self.version

    def script(self, steps: Iterable[Step] = (), *, default: Step | None = None) -> None:
        """Take these steps from the next request on, then judge."""
        super().script(steps, default=default or self.judged)

    def answer(self, request: Request) -> Answer:
        """Record a request, refuse it where it is not as documented, else take the next step for it."""
        with self._lock:
            self.requests.append(request)
        try:
            answer = self.refused(request) or self._next(request.body)
        except Exception as exc:
            self.faults.append(exc)
            raise
        self.stopping.wait(answer.delay_s + self.latency_s)
        return answer

    def _next(self, body: Body) -> Answer:
        with self._lock:
            step = self._script.pop(0) if self._script else self._default
        return step if isinstance(step, Answer) else step(body)

    def refused(self, request: Request) -> Answer | None:
        """The error for a request that is not as documented. None for one that is."""
        raise NotImplementedError

    def judged(self, body: Body) -> Answer:
        """The verdict on what the request shows."""
        raise NotImplementedError


def verdict_on(system: str, prompt: str) -> str:
    """The verdict that a good model gives, by word overlap."""
    return graded_verdict(system, prompt) if is_graded(system) else lexical_verdict(prompt)


def keywords_beyond(schema: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    """Keywords in a schema, however deep, that are not known, as `integer.maximum`. A name of a property is none."""
    beyond = [f"{schema.get('type')}.{keyword}" for keyword in schema if keyword not in known]
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *schema.get("prefixItems", [])]
    if isinstance(schema.get("items"), dict):
        inner.append(schema["items"])
    for nested in inner:
        beyond += keywords_beyond(nested, known) if isinstance(nested, dict) else ["boolean schema"]
    return beyond
