"""Arguments of a function as a tracing decorator records them: `{"args": [...], "kwargs": {...}}`.

An object among them (`self`, a client) is recorded by its address and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue

from assay.worker.extraction.literals import is_object_name

_QUESTION_END = re.compile(r"[?？؟;]\s*\Z")
"""How a question ends: `Can I get my money back?`. The semicolon is the Greek one."""
_INSTRUCTIONS = re.compile(
    r"\s*(?:you are|you're|your (?:task|role|job)|act as|as an? |du bist|sie sind|tu es|eres|sei un)\b", re.IGNORECASE
)
"""How a prompt for the system begins: `You are the support assistant of Alpine Outfitters.`"""


def is_call(value: JsonValue) -> bool:
    """Whether a value is a function's recorded arguments."""
    if not isinstance(value, dict) or not value or not value.keys() <= {"args", "kwargs"}:
        return False
    args, kwargs = value.get("args", []), value.get("kwargs", {})
    return isinstance(args, list | None) and isinstance(kwargs, dict | None)


def arguments_of(value: Mapping[str, JsonValue]) -> tuple[list[JsonValue], dict[str, JsonValue]]:
    """Positional and named arguments, without objects that are only recorded by their address."""
    args, kwargs = value.get("args"), value.get("kwargs")
    positional = [arg for arg in args if not is_object(arg)] if isinstance(args, list) else []
    named = {k: v for k, v in kwargs.items() if k != "self" and not is_object(v)} if isinstance(kwargs, dict) else {}
    return positional, named


def is_object(value: JsonValue) -> bool:
    """Whether a value is nothing but the name of an object: `<app.Bot object at 0x7f>`."""
    return isinstance(value, str) and is_object_name(value)


def question_among(texts: list[str]) -> str | None:
    """The text that is the question: the only sentence, the only one with a question mark, or else the first."""
    sentences = [text for text in texts if len(text.split()) > 1 or _QUESTION_END.search(text)] or texts
    sentences = [text for text in sentences if not _INSTRUCTIONS.match(text)] or sentences
    asking = [text for text in sentences if _QUESTION_END.search(text)]
    return (asking if len(asking) == 1 else sentences)[0] if sentences else None
