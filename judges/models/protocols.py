"""The protocols by name. A new one is a file of its own and a line here."""

from __future__ import annotations

from assay.judges.models.endpoint_settings import ProtocolName
from assay.judges.models.protocol import ChatProtocol


def protocol_of(name: ProtocolName) -> ChatProtocol:
    """The protocol of a name. It is imported when it is asked for."""
    if name != "openai":
        raise NotImplementedError(name)
    from assay.judges.models.chat_completions import ChatCompletions

    return ChatCompletions()
