"""The instructions of a conversation apart from its turns, for protocols that have a place of their own for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.judges.models.base import ChatMessage
from assay.judges.models.schema_request import schema_request


def instructions_and_turns(
    messages: Sequence[ChatMessage], schema_in_words: Mapping[str, Any] | None, *, has_system_role: bool
) -> tuple[str, list[ChatMessage]]:
    """The text of the instructions, and the turns of user and assistant.

    Args:
        messages: the conversation.
        schema_in_words: stated at the end of the instructions. None: it is not.
        has_system_role: without it the instructions lead the first turn, and the text is empty.
    """
    texts = [message.content for message in messages if message.role == "system"]
    if schema_in_words is not None:
        texts.append(schema_request(schema_in_words))
    turns = [message for message in messages if message.role != "system"]
    if has_system_role or not turns:
        return "\n\n".join(texts), turns
    first = turns[0].model_copy(update={"content": "\n\n".join([*texts, turns[0].content])})
    return "", [first, *turns[1:]]
