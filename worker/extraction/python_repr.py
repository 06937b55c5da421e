"""Values written out by Python's `repr` and `str`: dicts, lists, messages, documents.

`[Document(page_content='a', metadata={})]` is what many applications record where they meant the documents. The
text is read, never run: names and calls become objects, in linear time and to a bounded depth.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pydantic import JsonValue

CLASS = "__repr_of__"
"""The key that holds the class of an object that was written as a call."""
_LONGEST = 400_000
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<text>[bBrRuU]?(?:'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"))"
    r"|(?P<number>[-+]?\d[\w.]*(?:[-+]\d+)?)|(?P<name>[A-Za-z_][\w.]*)|(?P<mark>[\[\](){},:=])"
    r"|(?P<opaque><[^<>]{0,300}>))",
    re.DOTALL,
)
"""A token: `'text'`, `-1.5e-3`, `Document`, `=`, `<Role.USER: 'user'>`."""
_OPAQUE = re.compile(r"<[\w.]+: (?P<value>'[^'\\]*'|\"[^\"\\]*\")>")
"""A member of an enumeration: `<MessageRole.USER: 'user'>`."""
_CALL = re.compile(r"[A-Z]\w*(?:\.\w+)*\(\s*(?:\w+=|['\"\[{(<]|\))")
"""How an object begins that was written as a call: `Document(page_content=`."""
_BRACKET = re.compile(r"[\[({]\s*(?:[bu]?['\"]|[\[({<\d\-\])}]|[A-Z][\w.]*\(|None\b|True\b|False\b)")
"""How a list or a dict begins, and `(see page 3)` does not: `[{'a'`, `(1,`, `[Document(`."""
_FIELDS = re.compile(r"[a-z_]\w*=(?:['\"\[{(]|[A-Z]\w*\()")
"""How a pydantic model begins that was written by `str`: `content='a' id='1'`."""
_CONSTANTS: dict[str, JsonValue] = {"None": None, "True": True, "False": False, "nan": None, "inf": None}
_CLOSING = {"[": "]", "(": ")", "{": "}"}


class _Unreadable(Exception):
    """The text is no Python value."""


def read_repr(text: str) -> JsonValue:
    """The value that `repr` or `str` wrote, as JSON; None where the text is anything else."""
    text = text.strip()
    if not text or len(text) > _LONGEST or not _may_be_value(text):
        return None
    try:
        tokens = list(_tokens(text))
        reader = _Reader(tokens)
        value = reader.fields() if _FIELDS.match(text) else reader.value(0)
    except (_Unreadable, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if reader.at == len(tokens) else None


def _may_be_value(text: str) -> bool:
    return any(form.match(text) for form in (_BRACKET, _CALL, _FIELDS))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _Unreadable
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


class _Reader:
    """Reads one value from tokens; `at` is the next token."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self.at = 0

    def _peek(self) -> str:
        return self._tokens[self.at][1] if self.at < len(self._tokens) and self._is_mark() else ""

    def _is_mark(self) -> bool:
        return self._tokens[self.at][0] == "mark"

    def _take(self, mark: str) -> None:
        if self._peek() != mark:
            raise _Unreadable
        self.at += 1

    def _is_field(self) -> bool:
        """Whether `name =` comes next."""
        ahead = self._tokens[self.at : self.at + 2]
        return len(ahead) == 2 and ahead[0][0] == "name" and ahead[1] == ("mark", "=")

    def fields(self) -> JsonValue:
        """`a='x' b=1`, as `str` of a pydantic model writes it."""
        fields: dict[str, JsonValue] = {}
        while self.at < len(self._tokens):
            if not self._is_field():
                raise _Unreadable
            name = self._tokens[self.at][1]
            self.at += 2
            fields[name] = self.value(1)
        return fields

    def value(self, depth: int) -> JsonValue:
        """The value that begins at the next token."""
        if depth > _DEEPEST or self.at >= len(self._tokens):
            raise _Unreadable
        kind, text = self._tokens[self.at]
        self.at += 1
        if kind == "text":
            return _text(text)
        if kind == "number":
            return _number(text)
        if kind == "opaque":
            match = _OPAQUE.fullmatch(text)
            return _text(match["value"]) if match else text
        if kind == "name":
            return self._call(text, depth) if self._peek() == "(" else _constant(text)
        if text == "{":
            return self._braces(depth)
        if text in "[(":
            return self._items(_CLOSING[text], depth)
        raise _Unreadable

    def _items(self, closing: str, depth: int) -> list[JsonValue]:
        items: list[JsonValue] = []
        while self._peek() != closing:
            items.append(self.value(depth + 1))
            if self._peek() != closing:
                self._take(",")
        self._take(closing)
        return items

    def _braces(self, depth: int) -> JsonValue:
        fields: dict[str, JsonValue] = {}
        items: list[JsonValue] = []
        while self._peek() != "}":
            key = self.value(depth + 1)
            if self._peek() == ":":
                self._take(":")
                fields[str(key)] = self.value(depth + 1)
            else:
                items.append(key)
            if self._peek() != "}":
                self._take(",")
        self._take("}")
        return items or fields

    def _call(self, name: str, depth: int) -> JsonValue:
        self._take("(")
        fields: dict[str, JsonValue] = {}
        items: list[JsonValue] = []
        while self._peek() != ")":
            if self._is_field():
                key = self._tokens[self.at][1]
                self.at += 2
                fields[key] = self.value(depth + 1)
            else:
                items.append(self.value(depth + 1))
            if self._peek() != ")":
                self._take(",")
        self._take(")")
        if len(items) == 1 and not fields:
            return items[0]  # UUID('…'), OrderedDict([…]), SecretStr('…')
        return {**fields, **({"args": items} if items else {}), CLASS: name.rsplit(".", 1)[-1]}


def _text(token: str) -> str:
    value = ast.literal_eval(token)
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _constant(token: str) -> JsonValue:
    if token not in _CONSTANTS and "." not in token:
        raise _Unreadable  # a word, so this is prose in brackets
    return _CONSTANTS.get(token, token)


def _number(token: str) -> JsonValue:
    try:
        return int(token)
    except ValueError:
        return float(token)
