"""The application asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import JsonValue

from assay.worker.golden.sets.json_paths import count_at, encodable, texts_at
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.target_settings import HttpTargetSettings
from assay.worker.golden.targets.endpoint import Endpoint, EndpointLimits, Received
from assay.worker.golden.targets.exchange import Keep, keep_nothing
from assay.worker.golden.targets.filling import fill_request
from assay.worker.golden.targets.port import TargetFailure, TargetResponse
from assay.worker.golden.targets.streams import BrokenStream, StreamPaths, read_stream


class HttpTarget:
    """An application behind one URL, asked once an item."""

    def __init__(
        self,
        settings: HttpTargetSettings,
        *,
        secrets: Sequence[str] = (),
        settings_digest: str = "",
        concurrency: int = 8,
        first_wait_s: float = 0.5,
        keep: Keep = keep_nothing,
    ) -> None:
        """Set up the client; nothing is sent yet.

        Args:
            settings: from the manifest, variables filled in.
            secrets: what of the URL and the headers must never be kept, judged or shown.
            settings_digest: of the settings before variables were filled in; those after are secret.
            concurrency: requests in flight, where the settings do not say.
            first_wait_s: about how long to wait before the first retry.
            keep: told of every exchange.

        Raises:
            ConfigurationError: the URL or a header cannot be used.
        """
        self._settings = settings
        self._settings_digest = settings_digest or settings.digest()
        self._endpoint = Endpoint(
            settings.url,
            method=settings.method,
            headers={name: value for name, value in settings.headers.items() if isinstance(value, str)},
            secrets=secrets,
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
        """Scheme, host and path of the URL; user, password and query are left out."""
        return self._endpoint.name

    @property
    def identity(self) -> str:
        """The name and the digest of the settings."""
        return f"{self.name} ({self._settings_digest})"

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """Ask the application."""
        received = await self._endpoint.ask(item.id, fill_request(self._settings.request, item))
        try:
            answer = self._streamed(received) if self._settings.stream else self._whole(received)
        except (LookupError, BrokenStream) as exc:
            raise TargetFailure(item.id, "bad_reply", str(exc.args[0]) if exc.args else "empty") from exc
        answer = answer.model_copy(update={"latency_s": received.latency_s})
        return self._endpoint.without_secrets(item.id, answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._endpoint.close()

    def _whole(self, received: Received) -> TargetResponse:
        reply = json_reply(received)
        settings = self._settings
        texts = texts_at(reply, settings.response)
        if len(texts) != 1:
            raise LookupError(f"{settings.response!r} names {len(texts)} texts in the reply, not one")
        contexts = None if settings.contexts is None else texts_at(reply, settings.contexts)
        tokens = None if settings.tokens is None else count_at(reply, settings.tokens)
        return TargetResponse(response=texts[0], contexts=contexts, tokens=tokens)

    def _streamed(self, received: Received) -> TargetResponse:
        settings = self._settings
        assert settings.stream is not None  # noqa: S101  # the caller asked
        paths = StreamPaths(settings.response, settings.contexts, settings.tokens)
        streamed = read_stream(received.body, settings.stream, paths)
        return TargetResponse(response=encodable(streamed.response), contexts=streamed.contexts, tokens=streamed.tokens)


def json_reply(received: Received) -> JsonValue:
    """The reply as JSON.

    Raises:
        LookupError: it is none.
    """
    try:
        data: JsonValue = json.loads(received.body)
    except ValueError as exc:
        raise LookupError("the reply is not JSON") from exc
    return data
