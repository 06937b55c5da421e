"""What a server says of its models at `/models`: whether one is there, and how long its context window is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpClient, HttpFault
from assay.judges.models.protocols import protocol_of

_MOST_BYTES = 4_194_304
_MOST_MODELS = 20_000
_LARGEST_WINDOW = 100_000_000

_WINDOWS = (
    *("max_model_len", "context_window", "context_length", "max_context_length", "loaded_context_length"),
    *("max_input_tokens", "inputTokenLimit", "n_ctx", "max_context_window_tokens"),
)
"""Where servers tell the window: vLLM's name, Groq's, OpenRouter's, LM Studio's two, LiteLLM's, Gemini's, llama.cpp's.
Not `n_ctx_train` of llama.cpp: that is what the model was trained for, and the server may be started with less."""

_NAMES = ("id", "name", "model", "root")


class ServedModel(NamedTuple):
    """What the list says of one model.

    Attributes:
        is_listed: whether it is in the list. None: there is no list.
        window: tokens of prompt and completion. None: not told.
        names: models that are there, at most a few.
    """

    is_listed: bool | None = None
    window: int | None = None
    names: tuple[str, ...] = ()


async def served_model(place: EndpointSettings, model: str) -> ServedModel:
    """Ask a server of OpenAI's kind. Nothing is judged or paid. Whatever goes wrong, nothing is known."""
    if place.protocol != "openai":
        return ServedModel()
    try:
        endpoint = endpoint_of(place, protocol_of(place.protocol), model)
        http = HttpClient(endpoint)
    except ConfigurationError:
        return ServedModel()
    path = urlsplit(endpoint.url).path.removesuffix("/chat/completions")
    try:
        answer = await http.get(f"{path}/models", most_bytes=_MOST_BYTES)
        return read_models(json.loads(answer.body), model) if answer.status == 200 else ServedModel()
    except (HttpFault, ConfigurationError, ValueError, RecursionError):
        return ServedModel()
    finally:
        await http.close()


def read_models(data: object, model: str) -> ServedModel:
    """Read a list of models, `{"data": [{"id": …}]}` or of the kind."""
    entries = list(_entries(data))
    if not entries:
        return ServedModel()
    names = tuple(name for entry in entries if (name := _name(entry)))
    own = next((entry for entry in entries if model in _names_of(entry)), None)
    if own is None and len(entries) == 1:
        return ServedModel(False, _window(entries[0]), names[:5])
    return ServedModel(own is not None, None if own is None else _window(own), names[:5])


def _entries(data: object) -> Iterator[dict[str, Any]]:
    items = data.get("data", data.get("models")) if isinstance(data, dict) else data
    if isinstance(items, list):
        yield from (item for item in items[:_MOST_MODELS] if isinstance(item, dict))


def _name(entry: dict[str, Any]) -> str | None:
    return next((value[:100] for key in _NAMES if isinstance(value := entry.get(key), str)), None)


def _names_of(entry: dict[str, Any]) -> list[object]:
    """All names of a model, e.g. llama.cpp's `aliases` too."""
    aliases = entry.get("aliases")
    return [*(entry.get(key) for key in _NAMES), *(aliases if isinstance(aliases, list) else [])]


def _window(entry: dict[str, Any]) -> int | None:
    """The first number under a known name, also one step deeper."""
    inner = [value for value in entry.values() if isinstance(value, dict)]
    for level in (entry, *inner):
        for name in _WINDOWS:
            value = level.get(name)
            if type(value) is int and 0 < value <= _LARGEST_WINDOW:
                return value
    return None
