"""Reading a file of keys: how large it may be, how it is encoded, and on which line each of its keys stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assay.judges.errors import place_words
from assay.judges.team_files.strict_yaml import MAX_BYTES, load

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Place = tuple[int | str, ...]
"""The keys and positions that lead to a value."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class FileProblem(Exception):  # what it says is a problem, and callers raise their own errors from it
    """What is wrong with a file, and what to do about it.

    Attributes:
        key: at which key; `file` where it is none.
        remedy: what is wrong and what to do.
        line: on which line; None where that is not known.
    """

    def __init__(self, key: str, remedy: str, line: int | None = None) -> None:
        super().__init__(f"{place_words(key, line)}: {remedy}")
        self.key = key
        self.remedy = remedy
        self.line = line

    @property
    def where(self) -> str:
        """The line and the key in words."""
        return place_words(self.key, self.line)


class Document:
    """A parsed file of keys that knows its lines.

    Attributes:
        value: what the file holds; None where it is empty.
    """

    def __init__(self, value: Any, node: yaml.Node | None) -> None:
        self.value = value
        self._node = node

    def line(self, place: Sequence[int | str]) -> int | None:
        """The line of a key or a list item, or of the last on the way to it that is there. None of an empty file.

        A list item may also be named by its `name`, `id` or `score`, as messages do.
        """
        node, line = self._node, None
        if node is not None:
            line = node.start_mark.line
        for part in place:
            key, node = _inner(node, part)
            if node is None:
                break
            line = (key or node).start_mark.line
        return None if line is None else line + 1

    def problem(self, exc: ValidationError, model: type[BaseModel], value: Any = None) -> FileProblem:
        """The first problem of a validation, with its line.

        Args:
            exc: what pydantic raised.
            model: what the file was validated by.
            value: what was validated, where that is not `value` itself, for example with variables filled in.
        """
        from assay.judges.team_files.problems import problem_at

        place, remedy = problem_at(exc, self.value if value is None else value, model)
        return FileProblem(named_place(place, self.value), remedy, self.line(place) if place else None)


def _inner(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key node and the value node of a part of a place. Two times None where it is not there."""
    if isinstance(node, yaml.MappingNode):
        pairs = (pair for pair in node.value if getattr(pair[0], "value", None) == str(part))
        return next(pairs, (None, None))
    if isinstance(node, yaml.SequenceNode):
        at = part if isinstance(part, int) else _position(node, part)
        return None, node.value[at] if at is not None and at < len(node.value) else None
    return None, None


def _position(sequence: yaml.SequenceNode, name: str) -> int | None:
    """Where in a list the item of a name stands, or of a number written as text."""
    for at, item in enumerate(sequence.value):
        if any(getattr(_inner(item, key)[1], "value", None) == name for key in ("name", "id", "score")):
            return at
    return int(name) if name.isascii() and name.isdigit() else None


def named_place(place: Place, value: Any) -> str:
    """A place as people read it, a list item by its name where it has one: `use_cases.support-bot.rate`."""
    words: list[str] = []
    for part in place:
        value = _at(value, part)
        name = value.get("name") if isinstance(part, int) and isinstance(value, dict) else None
        is_name = isinstance(name, str) and 0 < len(name) <= 63 and name.isprintable() and not set(name) & set(" .:")
        words.append(str(name) if is_name else str(part))
    return ".".join(words) or "file"


def _at(value: Any, part: int | str) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def parse_document(text: str) -> Document:
    """Parse a file of keys.

    Raises:
        FileProblem: it is no YAML that can be used.
    """
    try:
        return Document(*load(text))
    except yaml.YAMLError as exc:
        from assay.judges.team_files.yaml_faults import yaml_fault

        line, remedy = yaml_fault(exc, text)
        raise FileProblem("file", remedy, line) from exc


def read_document(path: Path) -> Document:
    """Read and parse a file of keys.

    Raises:
        FileProblem: it cannot be read, is too large, no UTF-8, or no YAML that can be used.
    """
    return parse_document(read_file(path))


def read_file(path: Path) -> str:
    """The text of a file of keys; a byte order mark is dropped.

    Raises:
        FileProblem: it cannot be read, is too large, or no UTF-8.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise FileProblem("file", "is a pipe or a device, which may never end; name a file")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise FileProblem("file", f"cannot be read ({exc.strerror or exc}); name a readable file") from exc
    if len(raw) > MAX_BYTES:
        raise FileProblem("file", f"has more than {MAX_BYTES:,} bytes, which is too large; shorten it")
    if raw.startswith(_UTF_16):
        raise FileProblem("file", "is UTF-16; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        remedy = f"holds the byte 0x{raw[exc.start]:02X}, which is no UTF-8; save it as UTF-8"
        raise FileProblem("file", remedy, line) from exc
