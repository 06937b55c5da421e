"""What a server says of itself goes into verdicts and scores, unless it repeats a secret of the endpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from assay.judges.models.base import Reply
from assay.judges.models.endpoint import Endpoint
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.exchange import ReadReply

_SHORTEST_KEY = 8
_SHORTEST_VALUE = 12
"""Characters. Shorter values of headers and queries may be words of a model's name, as an `api-version` is."""

_USUAL_HEADERS = frozenset({"content-type", "accept", "user-agent", "anthropic-version"})


def secrets_of(place: Endpoint, settings: EndpointSettings) -> frozenset[str]:
    """What of an endpoint no verdict may hold: its key, and the longer values of its headers and its query."""
    key = settings.key.get_secret_value() if settings.key is not None else ""
    return frozenset({*([key] if len(key) >= _SHORTEST_KEY else []), *_values(place, settings)})


def reader_without_secrets(read: ReadReply, secrets: Collection[str]) -> ReadReply:
    """A protocol's reader that takes no name from the server in which a secret stands."""

    def without(data: object, *, asked_model: str, latency_s: float) -> Reply:
        reply = read(data, asked_model=asked_model, latency_s=latency_s)
        served, build = reply.model_served, reply.system_fingerprint
        if not any(secret in f"{served} {build} {reply.finish_reason}" for secret in secrets):
            return reply
        kept = {
            "model_served": asked_model if _holds(served, secrets) else served,
            "system_fingerprint": None if _holds(build or "", secrets) else build,
            "finish_reason": None if _holds(reply.finish_reason or "", secrets) else reply.finish_reason,
        }
        return reply.model_copy(update=kept)

    return without


def _holds(text: str, secrets: Collection[str]) -> bool:
    return any(secret in text for secret in secrets)


def _values(place: Endpoint, settings: EndpointSettings) -> Iterator[str]:
    texts = [text for name, text in place.headers.items() if name.lower() not in _USUAL_HEADERS]
    texts += [value.get_secret_value() for value in settings.query.values()]
    yield from (piece for text in texts for piece in text.split() if len(piece) >= _SHORTEST_VALUE)
