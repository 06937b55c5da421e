"""Where in a chat message the judge's answer stands: in the text, in parts of it, or in a function call."""

from __future__ import annotations

import json
from typing import Any

from assay.judges.models.chat_request import TOOL_NAME
from assay.judges.models.reasoned import answer_of


def called_text(message: dict[str, Any]) -> str:
    """The arguments of the function calls that were asked for. Empty where there are none."""
    return _called(message.get("tool_calls"))


def written_text(message: dict[str, Any]) -> str:
    """The text of the message without the reasoning before it."""
    return answer_of(_content(message.get("content")))


def _content(content: object) -> str:
    """The text of a message: a string, or the text parts of a list. Parts that hold reasoning are no text."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS]
        return "".join(_text(part.get("text")) for part in parts)
    return content if isinstance(content, str) else ""


_TEXT_PARTS = ("text", "output_text")


def _called(calls: object) -> str:
    """The arguments of the function calls that were asked for. Two calls do not make one object, so both are given."""
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    ours = [function for function in functions if isinstance(function, dict) and function.get("name") == TOOL_NAME]
    arguments = [function.get("arguments") for function in ours if function.get("arguments") is not None]
    return "\n".join(argument if isinstance(argument, str) else json.dumps(argument) for argument in arguments)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
