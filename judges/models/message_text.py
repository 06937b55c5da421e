"""Where in a chat message the judge's answer stands: in the text, in parts of it, in a function call, in the reasoning.

All places that hold an answer are given, one after the other: two answers that differ are for the reader to see.
"""

from __future__ import annotations

import json
from typing import Any

from assay.judges.models.reasoned import answer_in_reasoning, answer_of

_TEXT_PARTS = ("text", "output_text")
_REASONING = ("reasoning_content", "reasoning", "thinking")


def answer_text(message: dict[str, Any], *, is_cut: bool = False) -> str:
    """The model's answer, without the reasoning before it.

    Args:
        message: the message of a choice.
        is_cut: the reply was cut off at its token limit. What reasoning ends in then is no answer.
    """
    called, written = called_text(message), written_text(message, is_cut=is_cut)
    if called:
        # Words beside a call are words. An object beside it is an answer, too.
        return f"{called}\n{written}" if "{" in written else called
    if written.strip() or is_cut:
        return written
    reasoned = dict.fromkeys(filter(None, map(answer_in_reasoning, _reasonings(message))))
    return "\n".join(reasoned) or written


def called_text(message: dict[str, Any]) -> str:
    """The arguments of the function calls that were made, whatever the function's name. Empty where there are none.

    No function but ours is offered. Servers that hold a model to a schema by a function name it as they like.
    """
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    functions.append(message.get("function_call"))
    arguments = [function.get("arguments") for function in functions if isinstance(function, dict)]
    return "\n".join(_encoded(argument) for argument in arguments if argument is not None)


def written_text(message: dict[str, Any], *, is_cut: bool = False) -> str:
    """The text of the message without the reasoning before it."""
    return answer_of(_content(message.get("content")), is_cut=is_cut)


def _content(content: object) -> str:
    """The text of a message: a string, the text parts of a list, or an object that a server decoded.

    Parts that hold reasoning are no text.
    """
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS]
        return "".join(_text(part.get("text")) for part in parts)
    return _encoded(content) if isinstance(content, str | dict) else ""


def _reasonings(message: dict[str, Any]) -> list[str]:
    """What the message holds of reasoning, in the fields that servers keep it in."""
    return [text for text in (_text(message.get(field)) for field in _REASONING) if text]


def _encoded(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
