"""A model behind an OpenAI-compatible endpoint, asked with a prompt file."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue, SecretStr

from assay.worker.golden.sets.files import read_prompt
from assay.worker.golden.sets.json_paths import count_at, dig, encodable
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.target_settings import ModelTargetSettings
from assay.worker.golden.targets.endpoint import Endpoint, EndpointLimits
from assay.worker.golden.targets.exchange import SHORTEST_SECRET, Keep, keep_nothing
from assay.worker.golden.targets.filling import fill_prompt, history_messages
from assay.worker.golden.targets.http_target import json_reply
from assay.worker.golden.targets.port import TargetFailure, TargetResponse

DEFAULT_BASE_URL = "https://api.openai.com/v1"


class ModelTarget:
    """A model and a prompt as the application under test. Its evidence is the item's."""

    def __init__(
        self,
        settings: ModelTargetSettings,
        *,
        directory: Path,
        base_url: str | None = None,
        api_key: SecretStr | None = None,
        concurrency: int = 8,
        first_wait_s: float = 0.5,
        keep: Keep = keep_nothing,
    ) -> None:
        """Read the prompt and set up the client; nothing is sent yet.

        Args:
            settings: from the manifest, variables filled in.
            directory: the golden set's, which `prompt` is relative to.
            base_url: where the settings name none; None: OpenAI's.
            api_key: sent as a bearer token; a local server needs none.
            concurrency: requests in flight, where the settings do not say.
            first_wait_s: about how long to wait before the first retry.
            keep: told of every exchange.

        Raises:
            GoldenSetError: the prompt cannot be read.
            ConfigurationError: the URL or the key cannot be used.
        """
        self._settings = settings
        self._prompt, self._digest = read_prompt(directory, settings.prompt)
        key = api_key.get_secret_value() if api_key is not None else None
        self._endpoint = Endpoint(
            f"{(settings.base_url or base_url or DEFAULT_BASE_URL).rstrip('/')}/chat/completions",
            headers={"Authorization": f"Bearer {key}"} if key else None,
            # A server that needs no key is often given a word such as EMPTY.
            secrets=[key] if key and len(key) >= SHORTEST_SECRET else (),
            limits=EndpointLimits(
                timeout_s=settings.timeout_s,
                concurrency=settings.concurrency or concurrency,
                retries=settings.retries,
                first_wait_s=first_wait_s,
            ),
            keep=keep,
        )

    @property
    def name(self) -> str:
        """Model and prompt file."""
        return f"{self._settings.model} with {self._settings.prompt}"

    @property
    def identity(self) -> str:
        """The name, the endpoint, and the digests of prompt and settings."""
        return f"{self.name} at {self._endpoint.name} ({self._digest[:12]}, {self._settings.digest()})"

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """Ask the model."""
        received = await self._endpoint.ask(item.id, self.request(item))
        try:
            reply = json_reply(received)
            text = _message_text(reply)
        except LookupError as exc:
            raise TargetFailure(item.id, "bad_reply", str(exc.args[0])) from exc
        tokens = count_at(reply, "usage.total_tokens")
        answer = TargetResponse(response=encodable(text), latency_s=received.latency_s, tokens=tokens)
        return self._endpoint.without_secrets(item.id, answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._endpoint.close()

    def request(self, item: GoldenItem) -> dict[str, JsonValue]:
        """What is sent for an item."""
        prompt = fill_prompt(self._prompt, item)
        history = history_messages(item)
        if "{question}" in self._prompt:
            messages: list[JsonValue] = [*history, {"role": "user", "content": prompt}]
        else:
            system: JsonValue = {"role": "system", "content": prompt}
            messages = [system, *history, {"role": "user", "content": item.question}]
        request: dict[str, JsonValue] = {"model": self._settings.model, "messages": messages}
        if self._settings.temperature is not None:
            request["temperature"] = self._settings.temperature
        if self._settings.max_tokens is not None:
            request["max_completion_tokens"] = self._settings.max_tokens
        return request


def _message_text(reply: JsonValue) -> str:
    """The message's text; a refusal in a field of its own is an answer, too.

    Raises:
        LookupError: no message, or one without text.
    """
    (message,) = dig(reply, "choices[0].message")
    fields = message if isinstance(message, dict) else {}
    texts = [text for text in (fields.get("content"), fields.get("refusal")) if isinstance(text, str)]
    if not texts:
        raise LookupError("the message in the reply has no text")
    return texts[0]
