"""A request as the routes see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.servers.langfuse import issues
from tests.servers.langfuse.issues import MISSING, Refused, Reply


@dataclass(frozen=True)
class Call:
    """One request, already let in."""

    method: str
    path: str
    args: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""

    def first(self, name: str) -> str | None:
        """The parameter's first value."""
        return next((value for key, value in self.query if key == name), None)

    def all(self, name: str) -> list[str]:
        """Every value of a parameter that may be repeated."""
        return [value for key, value in self.query if key == name]

    def words(self, name: str) -> list[str] | None:
        """The parts of a comma list."""
        value = self.first(name)
        return None if value is None else [part for part in value.split(",") if part]

    def json(self) -> Any:
        """The body.

        Raises:
            Refused: It is no JSON; the answer is plain text.
        """
        try:
            return json.loads(self.raw, parse_constant=_no_constant)
        except ValueError:
            raise Refused(Reply(400, text="Invalid JSON")) from None

    def fields(self) -> dict[str, Any]:
        """The body, which must be an object.

        Raises:
            Refused: It is something else.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise issues.invalid([issues.wrong_type("object", body, [])])
        return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def whole_number(call: Call, name: str, *, default: int, least: int, most: int) -> int:
    """A numeric parameter.

    Raises:
        Refused: It is no number or out of range.
    """
    text = call.first(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise _not_a_number(name) from None
    if value > most:
        raise issues.invalid([issues.too_big("number", most, [name])])
    if value < least:
        raise issues.invalid([issues.too_small("number", least, [name])])
    return value


def decimal(call: Call, name: str) -> float | None:
    """A parameter with a fraction.

    Raises:
        Refused: It is no number.
    """
    text = call.first(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise _not_a_number(name) from None


def _not_a_number(name: str) -> Refused:
    message = "Invalid input: expected number, received NaN"
    issue = {"expected": "number", "code": "invalid_type", "received": "NaN", "path": [name], "message": message}
    return issues.invalid([issue])


@dataclass(frozen=True)
class Page:
    """A numbered page of the routes that have no cursor."""

    number: int
    limit: int

    @classmethod
    def of(cls, call: Call) -> Page:
        """From `page` and `limit`, 50 by default, 100 at most."""
        limit = whole_number(call, "limit", default=50, least=1, most=100)
        page = whole_number(call, "page", default=1, least=-1, most=1_000_000)
        if page < 1:
            wrong = {**issues.too_small("number", 0, ["page"]), "inclusive": False}
            raise issues.invalid([{**wrong, "message": "Too small: expected number to be >0"}])
        return cls(page, limit)

    def reply(self, rows: list[Any], **more: Any) -> Reply:
        """The page of all `rows` and what there is in all."""
        start = (self.number - 1) * self.limit
        return Reply(200, {"data": rows[start : start + self.limit], "meta": self.meta(len(rows)), **more})

    def meta(self, total: int) -> dict[str, int]:
        """The `meta` object."""
        pages = -(-total // self.limit)
        return {"page": self.number, "limit": self.limit, "totalItems": total, "totalPages": pages}


def given(body: dict[str, Any], name: str) -> Any:
    """The body's value, `MISSING` where the key is absent."""
    return body.get(name, MISSING)
