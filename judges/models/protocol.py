"""The protocol port: how requests to one kind of API are written and how its answers are read. No I/O, no state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from pydantic import SecretStr

from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.request_form import JsonForm, RequestForm


class Asked(NamedTuple):
    """What is asked of a model, whatever the protocol.

    Attributes:
        messages: the conversation, stable part first.
        json_schema: shape of the reply, the same for all calls of a judge. None: free text.
        exact_schema: makes the same, narrowed to the sentences and lines of this very call. None: there is none.
        max_tokens: bound of the completion.
    """

    messages: Sequence[ChatMessage]
    json_schema: Mapping[str, Any] | None
    exact_schema: Callable[[], Mapping[str, Any]] | None
    max_tokens: int


class ChatProtocol(Protocol):
    """One kind of API. Each lies in a file of its own and is asked by its name in `protocols.py`."""

    @property
    def default_url(self) -> str:
        """Where the provider itself serves it."""
        ...

    @property
    def forms(self) -> tuple[JsonForm, ...]:
        """How it can ask for JSON, the strictest first."""
        ...

    @property
    def merged_fields(self) -> frozenset[str]:
        """Fields of the body that hold settings of ours and of others side by side. See `with_extra`."""
        ...

    def path(self, model: str) -> str:
        """What is appended to the endpoint's URL, e.g. `/chat/completions`."""
        ...

    def headers(self, key: SecretStr | None) -> dict[str, str]:
        """The headers of every request, those of the key among them."""
        ...

    def body(self, form: RequestForm, model: str, asked: Asked) -> dict[str, Any]:
        """The JSON body of one request in the given form."""
        ...

    def read(self, data: object, *, asked_model: str, latency_s: float) -> Reply:
        """Read the decoded body of a 200 answer.

        Raises:
            AnswerError: the body is an error, whatever its status said.
            ModelRefused: the content filter or the model declined.
            ModelUnavailable: the body is no answer of this API.
        """
        ...
