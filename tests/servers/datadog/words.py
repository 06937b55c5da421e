"""Datadog's query syntax, as far as the store uses it: `key:value`, `@key:("a" OR "b")`, a blank for AND, brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Span = Mapping[str, Any]
Test = Callable[[Span], bool]

_TOKEN = re.compile(r'\s*(\(|\)|OR\b|AND\b|"(?:[^"\\]|\\.)*"|@?[\w.]+:|[^\s()":]+)')


def parsed(query: str) -> Test:
    """A query as a test of a span.

    Raises:
        ValueError: it is none.
    """
    reader = _Reader(_TOKEN.findall(query))
    test = reader.either()
    if reader.tokens:
        raise ValueError(f"left over: {reader.tokens}")
    return test


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def either(self) -> Test:
        tests = [self._all()]
        while self.tokens[:1] == ["OR"]:
            self.tokens.pop(0)
            tests.append(self._all())
        return lambda span: any(test(span) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self.tokens and self.tokens[0] not in ("OR", ")"):
            if self.tokens[0] == "AND":
                self.tokens.pop(0)
            tests.append(self._one())
        return lambda span: all(test(span) for test in tests)

    def _one(self) -> Test:
        token = self.tokens.pop(0)
        if token == "(":
            test = self.either()
            self._close()
            return test
        if not token.endswith(":"):
            raise ValueError(f"no term: {token}")
        values = self._values()
        if token.startswith("@"):
            name = token[1:-1]
            return lambda span: str(span.get(name)) in values
        tagged = {f"{token}{value}" for value in values}
        return lambda span: bool(tagged & set(span.get("tags") or ()))

    def _values(self) -> set[str]:
        if self.tokens[:1] != ["("]:
            return {_plain(self.tokens.pop(0))}
        self.tokens.pop(0)
        values = {_plain(self.tokens.pop(0))}
        while self.tokens[:1] == ["OR"]:
            self.tokens.pop(0)
            values.add(_plain(self.tokens.pop(0)))
        self._close()
        return values

    def _close(self) -> None:
        if self.tokens[:1] != [")"]:
            raise ValueError(f"no closing bracket: {self.tokens[:3]}")
        self.tokens.pop(0)


def _plain(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token
