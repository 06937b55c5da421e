"""Values as Langfuse writes them, and as we do: moments, payloads, empty strings that stand for none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

CUT_AT = 200
"""Metadata values are cut here unless their key is named in `expandMetadata`."""


def iso(moment: datetime) -> str:
    """A moment in UTC with milliseconds, the server's precision, and the Z it insists on."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(value: Any) -> datetime | None:
    """A moment from the server, aware; None for what is none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def text(value: Any) -> str | None:
    """A text column; the empty string stands for none."""
    return value if isinstance(value, str) and value else None


def payload(value: Any) -> JsonValue:
    """An input or output: JSON where the raw string holds an object, a list or a quoted string, else as it is.

    A bare `42` or `true` stays the text it is: it may be the whole answer of an application.
    """
    if not isinstance(value, str):
        as_it_is: JsonValue = value
        return as_it_is
    stripped = value.strip()
    if stripped[:1] + stripped[-1:] not in {"{}", "[]", '""'} or len(stripped) < 2:
        return value
    try:
        parsed: JsonValue = json.loads(stripped)
    except (ValueError, RecursionError):
        return value
    return parsed


def may_be_cut(value: Any) -> bool:
    """Whether a metadata value that was not expanded may have lost its end; counted in characters and in bytes."""
    if not isinstance(value, str):
        return False
    size = len(value.encode("utf-8", "surrogatepass"))
    return len(value) == CUT_AT or CUT_AT - 3 <= size <= CUT_AT


def prompt(row: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The prompt of a model call as metadata of its step, where the server links one."""
    name, version = text(row.get("promptName")), row.get("promptVersion")
    if name is None:
        return {}
    return {"prompt_name": name, **({"prompt_version": version} if isinstance(version, int | str) else {})}


def metadata(value: Any, *, expanded: frozenset[str] = frozenset()) -> dict[str, JsonValue]:
    """Metadata without what the server cut: half a text would be judged as if it were whole."""
    if not isinstance(value, dict):
        return {}
    whole = {key: content for key, content in value.items() if key in expanded or not may_be_cut(content)}
    return {key: payload(content) for key, content in whole.items()}
