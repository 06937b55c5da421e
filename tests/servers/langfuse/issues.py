"""What the server says about wrong input: lists of issues as its validation library words them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Issue = dict[str, Any]
Path = list[str | int]

# The pattern is part of the refusal a client sees, so it is spelt as the server spells it.
DATE = (
    r"(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|\d{4}-(?:(?:0[13578]|1[02])-"
    r"(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8])))"
)
TIME = r"T(?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d)))"
DATETIME = re.compile(f"^{DATE}{TIME}$")


class _Missing:
    """A key that is not there, which the server tells apart from null."""

    def __repr__(self) -> str:
        return "undefined"


MISSING: Any = _Missing()


@dataclass(frozen=True)
class Reply:
    """One answer: JSON unless `text` is given; neither makes an empty body."""

    status: int = 200
    body: Any = MISSING
    text: str | None = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The request gets this answer instead of its own."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


def invalid(issues: Iterable[Issue]) -> Refused:
    """A 400 with the list of issues."""
    return Refused(Reply(400, {"message": "Invalid request data", "error": list(issues)}))


def refuse(status: int, message: str, error: str) -> Refused:
    """A refusal in one sentence."""
    return Refused(Reply(status, {"message": message, "error": error}))


def too_heavy() -> Refused:
    """A query that ClickHouse did not finish in time."""
    message = "Request timed out. Please try again with a narrower time range or fewer fields."
    return refuse(422, message, "Unprocessable Content")


def not_found(message: str) -> Refused:
    """A 404 for an object."""
    return refuse(404, message, "LangfuseNotFoundError")


def check(*found: Sequence[Issue]) -> None:
    """Refuse when any list has an issue.

    Raises:
        Refused: With all of them.
    """
    issues = [issue for group in found for issue in group]
    if issues:
        raise invalid(issues)


def kind_of(value: Any) -> str:
    """The JavaScript type's name as the messages use it."""
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "boolean"),
        ((int, float), "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ]
    return next(name for types, name in kinds if isinstance(value, types))


def wrong_type(expected: str, value: Any, path: Path) -> Issue:
    """`expected X, received Y`."""
    message = f"Invalid input: expected {expected}, received {kind_of(value)}"
    return {"expected": expected, "code": "invalid_type", "path": path, "message": message}


def _size(code: str, origin: str, bound: float, path: Path) -> Issue:
    big = code == "too_big"
    sign = "<=" if big else ">="
    subject = {"string": f"string to have {sign}{bound} characters", "array": f"array to have {sign}{bound} items"}
    wanted = subject.get(origin, f"number to be {sign}{bound}")
    message = f"Too {'big' if big else 'small'}: expected {wanted}"
    limit = {"maximum" if big else "minimum": bound}
    return {"origin": origin, "code": code, **limit, "inclusive": True, "path": path, "message": message}


def too_big(origin: str, maximum: float, path: Path) -> Issue:
    """Above a maximum."""
    return _size("too_big", origin, maximum, path)


def too_small(origin: str, minimum: float, path: Path) -> Issue:
    """Below a minimum."""
    return _size("too_small", origin, minimum, path)


def custom(message: str, path: Path) -> Issue:
    """A rule of the server's own."""
    return {"code": "custom", "path": path, "message": message}


def string(value: Any, path: Path, *, shortest: int = 0, longest: int | None = None) -> list[Issue]:
    """Issues of a required string."""
    if not isinstance(value, str):
        return [wrong_type("string", value, path)]
    if len(value) < shortest:
        return [too_small("string", shortest, path)]
    return [too_big("string", longest, path)] if longest is not None and len(value) > longest else []


def optional_string(value: Any, path: Path) -> list[Issue]:
    """Issues of a string that may be absent or null."""
    return [] if value is MISSING or value is None else string(value, path)


def number(value: Any, path: Path) -> list[Issue]:
    """Issues of a required number; a boolean is none, and neither is 1e999."""
    if kind_of(value) != "number":
        return [wrong_type("number", value, path)]
    if math.isfinite(value):
        return []
    return [{**wrong_type("number", value, path), "message": "Invalid input: expected number, received Infinity"}]


def one_of(value: Any, values: Sequence[str], path: Path) -> list[Issue]:
    """Issues of a required word out of a list."""
    if value in values:
        return []
    wanted = "|".join(f'"{one}"' for one in values)
    message = f"Invalid option: expected one of {wanted}"
    return [{"code": "invalid_value", "values": list(values), "path": path, "message": message}]


def datetime_text(value: Any, path: Path) -> list[Issue]:
    """Issues of a required moment with Z or an offset."""
    if not isinstance(value, str):
        return [wrong_type("string", value, path)]
    if DATETIME.match(value):
        return []
    base = {"origin": "string", "code": "invalid_format", "format": "datetime"}
    return [{**base, "pattern": f"/{DATETIME.pattern}/", "path": path, "message": "Invalid ISO datetime"}]


def any_date(value: str | None, path: Path) -> list[Issue]:
    """Issues of an optional moment in any form of date, naive ones included."""
    try:
        datetime.fromisoformat(value or "2026-11-21")
    except ValueError:
        return [bad_date(path)]
    return []


def bad_date(path: Path) -> Issue:
    """A text that is no date, where any date form is taken."""
    message = "Invalid input: expected date, received Date"
    return {"expected": "date", "code": "invalid_type", "received": "Invalid Date", "path": path, "message": message}


def union(value: Any, path: Path, *branches: Callable[[Any, Path], list[Issue]]) -> list[Issue]:
    """Issues of a value that must fit one of several checks."""
    found = [branch(value, []) for branch in branches]
    if not all(found):
        return []
    return [{"code": "invalid_union", "errors": found, "path": path, "message": "Invalid input"}]


def no_discriminator(key: str) -> Issue:
    """A tagged union whose tag is unknown."""
    note = "No matching discriminator"
    return {
        "code": "invalid_union", "errors": [], "note": note, "discriminator": key, "path": [key],
        "message": "Invalid input",
    }  # fmt: skip
