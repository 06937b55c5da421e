"""The protocols by name. A new one is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from assay.judges.models.endpoint_settings import ProtocolName
from assay.judges.models.protocol import ChatProtocol

_PLACES: Mapping[str, tuple[str, str]] = {
    "openai": ("chat_completions", "ChatCompletions"),
    "anthropic": ("anthropic_messages", "AnthropicMessages"),
    "gemini": ("gemini_generate", "GeminiGenerate"),
    "systemone": ("decision_protocols", "SystemOne"),
    "decisions": ("decision_protocols", "OpenAiDecisions"),
}
"""File and class of each, e.g. `anthropic_messages` and `AnthropicMessages`."""


def protocol_of(name: ProtocolName) -> ChatProtocol:
    """The protocol of a name. It is imported when it is asked for."""
    file, kind = _PLACES[name]
    make: Callable[[], ChatProtocol] = getattr(import_module(f"assay.judges.models.{file}"), kind)
    return make()
