"""Guards between what a server answers and what we make of it: what cannot be read takes nothing else with it.

Who writes the input of an application decides what a row holds: any depth, any length, halves of characters. A row like
that is told for its own trace. It never ends a list, a batch or a sweep.
"""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import structlog
from pydantic import JsonValue, SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreError, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceRoot

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What reading a row may end in: `ValidationError` is a ValueError, `KeyError` a LookupError."""
DEEPEST = 100
"""Levels of metadata that are kept. Records of ours take 255."""
DEEPEST_PARSED = 400
"""Levels that are parsed of an answer too deep for the parser. More than records take, so such a row is refused."""
LONGEST_INTEGER = 4300
"""Digits. Python reads no longer ones, and no measure has so many."""
CUT = "[cut: too deep]"
"""Stands where metadata were deeper."""
MOST_PAGES = 10_000
"""Of one list."""
MOST_IDLE_PAGES = 20
"""Pages in a row without a row that is new. An index that is behind may give a few."""
SHORTEST_SECRET = 6
"""Shorter words are not blacked out: they stand in ordinary text, too."""

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
"""Texts and brackets of JSON, e.g. `"a [ b"`, `[`, `}`."""
_HALF = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, e.g. `\\ud83d`; whole pairs are one character in Python."""
_HALF_BYTES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_HALF_TEXT = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""JSON that may hold halves: an escape as `\\ud83d`, or the half itself."""

log = structlog.get_logger(__name__)
Row = TypeVar("Row")


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


def fetched(make: Callable[[], Trace | None], trace_id: str) -> Fetched | None:
    """One trace out of its rows, or why it cannot be read. The reason holds nothing of its content."""
    try:
        return make()
    except StoreError as exc:
        return exc
    except UNREADABLE as exc:
        log.warning("store.trace_unreadable", trace_id=trace_id[:100], error=type(exc).__name__)
        return StoreRejected(f"trace {trace_id[:100]!a}: cannot be read: {reason_of(exc)}")


def listed(
    rows: Iterable[Row], make: Callable[[Row], TraceRoot | None], bare: Callable[[Row], Any] | None = None
) -> list[TraceRoot]:
    """The roots of a page. Rows that are no roots are left out, and those that cannot be read are counted in the log.

    Args:
        rows: of the page.
        make: a root out of a row.
        bare: a row without its metadata and tags, for a root that cannot be read with them.
    """
    roots, unreadable = [], 0
    for row in rows:
        for form in (row,) if bare is None else _forms(row, bare):
            try:
                root = make(form)
            except UNREADABLE:
                continue
            if root is not None:
                roots.append(root)
            break
        else:
            unreadable += 1
    if unreadable:
        log.warning("store.roots_unreadable", count=unreadable)
    return roots


def reason_of(error: BaseException) -> str:
    """What is wrong with a row, in words of ours: an error of a parser quotes what it read."""
    if isinstance(error, RecursionError) or "recursion" in str(error)[:2000].lower():
        return "nested too deep"
    return f"its form is unknown ({type(error).__name__})"


class Pages:
    """Watches over a list that comes in pages: one that turns in a circle is told, and not followed for ever."""

    def __init__(self, where: str, *, most: int = MOST_PAGES, most_idle: int = MOST_IDLE_PAGES) -> None:
        self._where = where
        self._most, self._most_idle = most, most_idle
        self._cursors: set[object] = set()
        self._ids: set[str] = set()
        self._pages = self._idle = 0

    def turn(self, cursor: object, ids: Collection[str] | None = None) -> None:
        """Note a page before the next one is asked for.

        Args:
            cursor: where the next page begins; None where the server has none.
            ids: of the rows of this page. A page without a new one is idle. None: not known.

        Raises:
            StoreUnavailable: the cursor was there before, or pages come without an end.
        """
        self._pages += 1
        if cursor is not None and cursor in self._cursors:
            raise StoreUnavailable(
                f"{self._where}: a list that turns in a circle: page {self._pages} leads to an earlier"
            )
        self._cursors.add(cursor)
        if ids is not None:
            is_idle = self._ids.issuperset(ids)
            self._ids.update(ids)
            self._idle = self._idle + 1 if is_idle else 0
        if self._idle > self._most_idle:
            raise StoreUnavailable(f"{self._where}: a list that does not end: {self._idle} pages with nothing new")
        if self._pages >= self._most:
            raise StoreUnavailable(f"{self._where}: a list that does not end: {self._pages} pages")


class Taken:
    """What of a batch was written although the batch failed. It comes again as a whole, and this is not sent twice."""

    def __init__(self, *, kept_s: float = 600.0, most: int = 10_000) -> None:
        self._kept_s, self._most = kept_s, most
        self._scores: OrderedDict[str, tuple[float, Score]] = OrderedDict()

    def left(self, scores: Iterable[Score]) -> list[Score]:
        """Those that are not known to be written as they are."""
        return [score for score in scores if not self._is_taken(score)]

    def _is_taken(self, score: Score) -> bool:
        at, known = self._scores.get(score.id, (0.0, None))
        return known == score and time.monotonic() - at < self._kept_s

    def note(self, score: Score) -> None:
        """A score was taken."""
        self._scores[score.id] = (time.monotonic(), score)
        self._scores.move_to_end(score.id)
        while len(self._scores) > self._most:
            self._scores.popitem(last=False)

    def forget(self, ids: Iterable[str]) -> None:
        """A whole batch was taken, or somebody looks whether scores are shown: whoever writes them now means it."""
        for score_id in ids:
            self._scores.pop(score_id, None)


def usable_key(variable: str, secret: SecretStr) -> SecretStr:
    """A key that a header can carry.

    Raises:
        ConfigurationError: it is empty, or has blanks, line ends or characters that are not ASCII.
    """
    key = secret.get_secret_value()
    if not key.strip():
        raise ConfigurationError(f"environment: {variable}: empty; set the key, or take the variable away")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            f"environment: {variable}: has a blank, a line end or a character that is not ASCII, which no key has; "
            "a file that the key was read from may end in a line end"
        )
    return secret


def quoted(part: str) -> str:
    """An id as one part of a path: `../a?b` becomes `..%2Fa%3Fb`.

    Raises:
        StoreRejected: it is no text: half of a surrogate pair. Or it leads elsewhere in the path: `..`.
    """
    if _HALF.search(part):
        raise StoreRejected("an id that is no text: half of a surrogate pair")
    if part in {"", ".", ".."} or len(part) > 1000:
        raise StoreRejected(f"{part[:20]!a} is no id")
    return quote(part, safe="")


def redacted(message: str, secrets: Iterable[SecretStr]) -> str:
    """A server's words without our keys, which it may echo. Redact first, and cut then."""
    for secret in secrets:
        for word in secret.get_secret_value().split():
            if len(word) >= SHORTEST_SECRET:
                message = message.replace(word, "***")
    return message


def _forms(row: Row, bare: Callable[[Row], Any]) -> Iterator[Row]:
    yield row
    yield bare(row)


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
