"""JSON that a server answers, whatever it holds."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import JsonValue

DEEPEST = 100
"""Levels of metadata that are kept. Records of ours take 255."""
DEEPEST_PARSED = 400
"""Levels that are parsed of an answer too deep for the parser. More than records take, so such a row is refused."""
LONGEST_INTEGER = 4300
"""Digits. Python reads no longer ones, and no measure has so many."""
CUT = "[cut: too deep]"
"""Stands where metadata were deeper."""
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
"""Texts and brackets of JSON, e.g. `"a [ b"`, `[`, `}`."""
_HALF = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, e.g. `\\ud83d`; whole pairs are one character in Python."""
_HALF_BYTES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_HALF_TEXT = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""JSON that may hold halves: an escape as `\\ud83d`, or the half itself."""


def loads(content: bytes | str) -> Any:
    """What JSON says, whatever it holds.

    Integers too long become text. What is too deep is cut, and is still deep enough for its row to be refused. Half of
    a surrogate pair, as left by an application that cuts its texts, becomes a replacement character.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        value = json.loads(content)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        value = _carefully(_shallow(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content))
    except ValueError:  # an integer too long, or bytes that are no UTF-8
        value = _carefully(content)
    has_halves = _HALF_BYTES.search(content) if isinstance(content, bytes) else _HALF_TEXT.search(content)
    return without_halves(value) if has_halves else value


def parsed_text(text: str) -> JsonValue:
    """A text that may be JSON: what it says, or the text itself where it is none, or deeper than records take."""
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if _is_deeper(value, 2 * DEEPEST) else value


def without_depth(value: Any, levels: int = DEEPEST) -> Any:
    """A value, cut where it is deeper."""
    if isinstance(value, dict):
        return {key: without_depth(part, levels - 1) for key, part in value.items()} if levels else CUT
    if isinstance(value, list):
        return [without_depth(part, levels - 1) for part in value] if levels else CUT
    return value


def without_halves(value: Any) -> Any:
    """A value, with a replacement character for each half of a surrogate pair. Containers are changed in place."""
    holder = [value]
    left: list[Any] = [holder]
    while left:
        part = left.pop()
        for key, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if isinstance(inner, str) and _HALF.search(inner):
                part[key] = _HALF.sub("\ufffd", inner)
            elif isinstance(inner, dict | list):
                left.append(inner)
            if isinstance(key, str) and _HALF.search(key):
                part[_HALF.sub("\ufffd", key)] = part.pop(key)
    return holder[0]


def _carefully(content: bytes | str) -> Any:
    try:
        return json.loads(content, parse_int=_integer)
    except RecursionError as exc:
        raise ValueError("nested too deep") from exc


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else f"{digits[:20]}... ({len(digits)} digits)"


def _shallow(content: bytes) -> bytes:
    """JSON text without what is deeper than we parse."""
    parts: list[bytes] = []
    depth = kept = 0
    for token in _TOKENS.finditer(content):
        bracket = token.group()
        if bracket in (b"[", b"{"):
            depth += 1
            if depth == DEEPEST_PARSED + 1:
                parts += [content[kept : token.start()], b"null"]
        elif bracket in (b"]", b"}"):
            depth -= 1
            if depth == DEEPEST_PARSED:
                kept = token.end()
    return b"".join([*parts, content[kept:]])


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in inner)
