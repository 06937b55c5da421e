"""LangSmith's filter expressions, as far as its documentation shows them: `and(eq(name, "a"), lt(start_time, "b"))`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

Run = Mapping[str, Any]
Test = Callable[[Run], bool]

_TOKENS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z_]+|[(),])')
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "neq": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
}


def parsed(expression: str) -> Test:
    """A filter as a test of a run.

    Raises:
        ValueError: it is none.
    """
    tokens = iter(_split(expression))
    test = _test(next(tokens), tokens)
    if next(tokens, None) is not None:
        raise ValueError(f"more than one filter in {expression!r}")
    return test


def _split(expression: str) -> Iterator[str]:
    at = 0
    while at < len(expression.rstrip()):
        match = _TOKENS.match(expression, at)
        if match is None:
            raise ValueError(f"no filter: {expression[at:]!r}")
        yield match[1]
        at = match.end()


def _test(name: str, tokens: Iterator[str]) -> Test:
    _expect(tokens, "(")
    if name in ("and", "or"):
        parts = [_test(next(tokens), tokens)]
        while (mark := next(tokens)) == ",":
            parts.append(_test(next(tokens), tokens))
        if mark != ")":
            raise ValueError(f"expected ) and got {mark}")
        combine = all if name == "and" else any
        return lambda run: combine(part(run) for part in parts)
    if name not in _COMPARED:
        raise ValueError(f"no such comparator: {name}")
    column = next(tokens)
    _expect(tokens, ",")
    value = json.loads(next(tokens))
    _expect(tokens, ")")
    compare = _COMPARED[name]
    return lambda run: compare(_comparable(run.get(column)), _comparable(value))


def _expect(tokens: Iterator[str], mark: str) -> None:
    if (met := next(tokens, "the end")) != mark:
        raise ValueError(f"expected {mark} and got {met}")


def _comparable(value: Any) -> Any:
    """Moments compare as such, however they are written."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
