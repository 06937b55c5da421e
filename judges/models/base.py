"""The chat model port: messages in, one reply out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from assay.judges.schema import Record, Usage


class ChatMessage(Record):
    """One message of a chat request."""

    role: Literal["system", "user", "assistant"]
    content: str


class Token(NamedTuple):
    """One token of a reply as bytes, and the probabilities of the tokens that could have stood there, itself included.

    Bytes, because a token may be half a character.
    """

    raw: bytes
    shares: dict[bytes, float]


class Reply(Record):
    """A model's raw answer. `text` is empty when the model declined, and `refusal` says how.

    `tokens` are those of the whole message, empty where the endpoint gives no probabilities. `prompt_cut`: the endpoint
    counted so few tokens of the prompt that it cannot have read all of it. `price_share`: what was paid of the list
    price, e.g. 0.5 in a provider's batch.
    """

    text: str
    refusal: str | None = None
    finish_reason: str | None = None
    usage: Usage
    model_served: str
    system_fingerprint: str | None = None
    latency_s: float
    tokens: tuple[Token, ...] = ()
    prompt_cut: bool = False
    price_share: float = 1.0


class AskedOtherwise(Protocol):
    """A chat model that its endpoint's settings ask in another way than usual."""

    @property
    def asking(self) -> str:
        """What is set of the way it is asked, in a word that tells ways apart. Empty: nothing."""
        ...


def asking_of(model: ChatModel) -> str:
    """What is set of the way a model is asked. It belongs to a judge's fingerprint: other settings, another judge."""
    asking = getattr(model, "asking", "")
    return asking if isinstance(asking, str) else ""


class ChatModel(Protocol):
    """One model at one endpoint. Shared by all assessments of a process.

    One that is set to be asked in another way than usual is an `AskedOtherwise` too.
    """

    @property
    def model(self) -> str:
        """The model name that is asked for."""
        ...

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """Ask once, waiting and retrying within the adapter's own limits.

        Args:
            messages: the conversation, stable part first.
            json_schema: when given, the reply must be a JSON object of this shape (strict mode asked for).
            exact_schema: makes the same schema, narrowed to the sentences and lines of this very call. For servers that
                hold a model to a grammar: small models need it. It is called where it is asked for: providers that
                compile and keep a schema are asked by the other.
            max_tokens: upper bound of the completion.

        Raises:
            RateLimited, ModelTimeout, ModelUnavailable: may pass by itself.
            ModelAccessDenied: key, quota or model name are wrong.
            RequestRejected: this request is not accepted, for a reason not known here.
            ModelRefused: content filter.
            InvalidVerdict: the endpoint itself could not read what the model wrote.
            UnjudgeableSample: the request does not fit the model's context window.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
