"""Reads one JSON object or list that keeps to the standard only nearly, where its meaning is one only.

What is read: trailing commas, comments, the words of Python, single and typographic quotation marks, keys and words
without any, a per cent sign after a number. What no reader can be sure of stays an error.

Whoever is quoted in a string whose marks nobody escaped may end that string, and open a comment or another string that
hides what follows. So nothing that is read loosely may hold a key of a reply in its comments and strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from assay.judges.text.strict_json import NotJson, TooDeep, same_value, strict_loads

MOST_LEVELS = 64
"""Objects within objects that are read: replies have five."""

MOST_CHARS = 100_000
"""The longest object that is read loosely, which takes a hundred times as long as strictly."""

_SPACE = re.compile(r"[\s\ufeff\u200b\u2060]*")
"""What may stand between two tokens: `\\n`, a byte order mark."""

_LINE_COMMENT = re.compile(r"(?://|#)[^\n]*")
"""A comment to the end of the line: `// so`, `# so`."""

_NUMBER = re.compile(r"-?\d[\w.+-]*")
"""A number and what is glued to it: `97.5`. Whether it is one tells `strict_loads`."""

_PER_CENT = re.compile(r"[ \t]*%")
"""The sign after a number: ` %`."""

_WORD = re.compile(r"[A-Za-z_]\w{0,63}")
"""A key or a value without quotation marks: `supported`."""

_STRINGS = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
    "‘": re.compile(r"‘([^’'\\]*(?:\\.[^’'\\]*)*)[’']", re.DOTALL),
    "“": re.compile(r"“([^”“\"\\]*(?:\\.[^”“\"\\]*)*)[”“\"]", re.DOTALL),
    "”": re.compile(r"”([^”\"\\]*(?:\\.[^”\"\\]*)*)[”\"]", re.DOTALL),
    "„": re.compile(r"„([^“”\"\\]*(?:\\.[^“”\"\\]*)*)[“”\"]", re.DOTALL),
}
"""A string by the mark that opens it: `“kind”` for one that is typographic."""

_HIDDEN_KEY = re.compile(r"(?<!\w)(?:(\w{1,40})[ \u00a0‐‑-]{1,3})?(\w{1,40})([\s\"'“”„‘’`*.]{0,9}):")
"""What a key looks like inside a string or a comment: `not found":`. Its last word, the one before it, its marks."""

_DOUBLE = re.compile(r"[\"“”„]")
"""A mark that may end a string: `"`. A comment that a quotation opens goes beyond the end of its string."""

_SINGLE = re.compile(r"['‘’]")
"""Such a mark where strings stand between single ones: `'`. Elsewhere it is an apostrophe."""

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
"""An escape inside a string: `\\\\n`."""

_HALF = re.compile(r"[\ud800-\udfff]")
"""A half of a character that takes two: `\ud83d`."""

_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_NO_NUMBERS = {"nan": "NaN", "infinity": "Infinity"}


class NearlyJson(NotJson):
    """What was begun is no object or list, however loosely it is read. `at` is the place where it ends to be one."""

    def __init__(self, message: str, at: int) -> None:
        """Name the fault and its place."""
        super().__init__(f"{message} at character {at}")
        self.at = at


class LooseReader:
    """Reads objects and lists out of one text, each from its opening bracket on.

    After each, `flaw` names what makes it unusable although it is whole, such as a key twice with different values.
    `marked` says that a key was met that only a reply has, `hidden` that such a key stands in a comment or a string.
    `has_bare_keys`: keys without quotation marks were met, in any of them. Only there words may pass for a key.
    """

    def __init__(self, text: str, is_mark: Callable[[str], bool]) -> None:
        """Keep the text, and what tells the keys of a reply."""
        self._text = text
        self._is_mark = is_mark
        self._most_at = 0
        self.flaw: str | None = None
        self.marked = False
        self.has_bare_keys = False
        self._has_single_marks = False
        self._hides_key = self._hides_bare_key = False

    @property
    def hidden(self) -> bool:
        """Whether a comment or a string may hold a key of a reply."""
        return self._hides_key or (self._hides_bare_key and self.has_bare_keys)

    def read(self, start: int, most_chars: int = MOST_CHARS) -> tuple[Any, int]:
        """The object or list that begins at `start`, and where it ends. It has at most `most_chars`.

        Raises:
            NearlyJson: it is none.
            TooDeep
        """
        self.flaw, self.marked = None, False
        self._hides_key = self._hides_bare_key = False
        self._most_at = start + most_chars
        return self._value(start, 0)

    def _value(self, at: int, level: int) -> tuple[Any, int]:
        if level > MOST_LEVELS:
            raise TooDeep("nested too deeply")
        if at > self._most_at:
            self._fail("too many characters", at)
        mark = self._text[at : at + 1]
        if mark == "{":
            return self._object(at + 1, level)
        if mark == "[":
            return self._list(at + 1, level)
        if mark in _STRINGS:
            return self._string(at)
        number = _NUMBER.match(self._text, at)
        return self._number(number) if number else self._word(at)

    def _object(self, at: int, level: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = self._skipped(at)
        while self._text[at : at + 1] != "}":
            key, at = self._key(at)
            at = self._after(":", self._skipped(at))
            self.marked = self.marked or self._is_mark(key)
            value, at = self._value(at, level + 1)
            if key in members and not same_value(members[key], value):
                self.flaw = self.flaw or "an object has the same key twice"
            members[key] = value
            at = self._separated(at, "}")
        return members, at + 1

    def _list(self, at: int, level: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        at = self._skipped(at)
        while self._text[at : at + 1] != "]":
            value, at = self._value(at, level + 1)
            items.append(value)
            at = self._separated(at, "]")
        return items, at + 1

    def _key(self, at: int) -> tuple[str, int]:
        if self._text[at : at + 1] in _STRINGS:
            return self._string(at)
        word = _WORD.match(self._text, at)
        if word is None:
            self._fail("a key is expected", at)
        self.has_bare_keys = True
        return word.group(), word.end()

    def _string(self, at: int) -> tuple[str, int]:
        string = _STRINGS[self._text[at]].match(self._text, at)
        if string is None:
            self._fail("a string is not closed", len(self._text))
        self._has_single_marks = self._has_single_marks or self._text[at] in "'‘"
        self._look_for_keys(string.group(1))
        return _paired(_ESCAPE.sub(_unescaped, string.group(1))), string.end()

    def _number(self, number: re.Match[str]) -> tuple[Any, int]:
        sign = _PER_CENT.match(self._text, number.end())
        try:
            value = strict_loads(number.group())
        except NotJson as exc:
            self.flaw = self.flaw or str(exc)
            value = None
        return (f"{number.group()}%", sign.end()) if sign and value is not None else (value, number.end())

    def _word(self, at: int) -> tuple[Any, int]:
        word = _WORD.match(self._text, at + (self._text[at : at + 1] == "-"))
        if word is None:
            self._fail("a value is expected", at)
        lowered = word.group().lower()
        if lowered in _NO_NUMBERS:
            self.flaw = self.flaw or f"{_NO_NUMBERS[lowered]} is not a number in JSON"
        elif self._text[at] == "-":
            self._fail("a value is expected", at)
        return _CONSTANTS.get(lowered, word.group()), word.end()

    def _separated(self, at: int, closing: str) -> int:
        """The place of the next member, or of the closing bracket. A comma before it separates nothing."""
        at = self._skipped(at)
        if self._text[at : at + 1] == closing:
            return at
        return self._after(",", at)

    def _after(self, mark: str, at: int) -> int:
        if self._text[at : at + 1] != mark:
            self._fail(f"{mark} is expected", at)
        return self._skipped(at + 1)

    def _skipped(self, at: int) -> int:
        """The place after blanks and comments."""
        while True:
            space = _SPACE.match(self._text, at)
            at = space.end() if space else at
            if at > self._most_at:
                self._fail("too many characters", at)
            if self._text.startswith("/*", at):
                end = self._text.find("*/", at + 2)
                if end < 0:
                    self._fail("a comment is not closed", len(self._text))
                self._check_comment(self._text[at : end + 2])
                at = end + 2
            elif comment := _LINE_COMMENT.match(self._text, at):
                self._check_comment(comment.group())
                at = comment.end()
            else:
                return at

    def _check_comment(self, comment: str) -> None:
        if _DOUBLE.search(comment) or (self._has_single_marks and _SINGLE.search(comment)):
            self.flaw = self.flaw or "a comment may hold a part of the reply"
            self._look_for_keys(comment)

    def _look_for_keys(self, text: str) -> None:
        self._hides_key = self._hides_key or hides_key(text, self._is_mark, is_bare=False)
        self._hides_bare_key = self._hides_bare_key or hides_key(text, self._is_mark, is_bare=True)

    def _fail(self, message: str, at: int) -> NoReturn:
        raise NearlyJson(message, at)


def hides_key(text: str, is_mark: Callable[[str], bool], *, is_bare: bool) -> bool:
    """Whether the inside of a string, as it was written, or a comment holds a key of a reply.

    Args:
        text: what was written.
        is_mark: tells the keys that only a reply has.
        is_bare: whether a word without quotation marks may be a key, too.
    """
    if ":" not in text:
        return False
    keys = (key for key in _HIDDEN_KEY.finditer(text) if is_bare or _DOUBLE.search(key[3]) or _SINGLE.search(key[3]))
    return any(is_mark(key[2]) or (key[1] is not None and is_mark(f"{key[1]} {key[2]}")) for key in keys)


def _unescaped(escape: re.Match[str]) -> str:
    """What an escape stands for. One that JSON does not know stands for its own character."""
    code = escape.group(1)
    return chr(int(code[1:], 16)) if len(code) > 1 else _PLAIN_ESCAPES.get(code, code)


def _paired(text: str) -> str:
    """The text with characters that were escaped in two halves put together."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALF.search(text) else text
