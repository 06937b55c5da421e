"""What a server says of its models at `/models`: whether one is there, and how long its context window is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_client import HttpClient, HttpFault
from assay.judges.models.protocols import protocol_of
from assay.judges.models.served_names import secrets_of

LIST_S = 5.0
"""Seconds that a list of models may take. Some servers accept a question and never answer it."""

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

_VERSION = re.compile(r"/v\d\w*(?:/|$)")
"""A version in an address, e.g. `/v1`, `/v1beta` or `/api/v3/`."""


class ServedModel(NamedTuple):
    """What the list says of one model.

    Attributes:
        is_listed: whether it is in the list. None: there is no list.
        window: tokens of prompt and completion. None: not told.
        names: models that are there, at most a few.
        below: where the list was found instead of below the address that is set, e.g. `/v1`.
    """

    is_listed: bool | None = None
    window: int | None = None
    names: tuple[str, ...] = ()
    below: str = ""


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
        served = await _listed(http, f"{path}/models", model)
        if served is None and lacks_version(path):
            elsewhere = await _listed(http, f"{path}/v1/models", model)
            served = None if elsewhere is None else elsewhere._replace(below="/v1")
    finally:
        await http.close()
    return ServedModel() if served is None else _without_secrets(served, secrets_of(endpoint, place))


def lacks_version(path: str) -> bool:
    """Whether no part of a path is a version, as `/v1` is."""
    return _VERSION.search(path) is None


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


async def _listed(http: HttpClient, path: str, model: str) -> ServedModel | None:
    """What the list at a path says. None: there is none, or it does not come in time."""
    try:
        async with asyncio.timeout(LIST_S):
            answer = await http.get(path, most_bytes=_MOST_BYTES)
        served = read_models(json.loads(answer.body), model) if answer.status == 200 else ServedModel()
    except (HttpFault, ConfigurationError, ValueError, RecursionError, TimeoutError):
        return None
    return None if served.is_listed is None else served


def _without_secrets(served: ServedModel, secrets: frozenset[str]) -> ServedModel:
    """The names in which nothing of the endpoint's key stands: a server may repeat it."""
    return served._replace(names=tuple(name for name in served.names if not any(s in name for s in secrets)))


def _entries(data: object) -> Iterator[dict[str, Any]]:
    items = data.get("data", data.get("models")) if isinstance(data, dict) else data
    if isinstance(items, list):
        yield from (item for item in items[:_MOST_MODELS] if isinstance(item, dict))


def _name(entry: dict[str, Any]) -> str | None:
    return next((one_line_name(value) for key in _NAMES if isinstance(value := entry.get(key), str)), None)


def one_line_name(name: str) -> str:
    """A name as a server tells it, on one line and not too long: it stands in lines that people read."""
    return " ".join(name.split())[:100]


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
