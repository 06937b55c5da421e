"""Lines of a JSONL file, gzip or not: read one at a time, numbered, bounded in size, refused with a reason."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from assay.judges.schema import Record

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is refused unread, so that a file without line ends cannot fill the memory."""

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a cut or damaged gzip file raises."""


WHOLE_LINE = "line"
"""The key of what is wrong with a line as a whole."""


class BadLine(Record):
    """A line that was refused: where it is, which key is wrong, and what to do about it."""

    number: int = Field(ge=1)
    key: str
    remedy: str

    def __str__(self) -> str:
        """One line for a person. Where the whole line is at fault, it names no key."""
        key = "" if self.key == WHOLE_LINE else f"{self.key}: "
        return f"line {self.number}: {key}{self.remedy}"


def too_long(number: int) -> BadLine:
    """The refusal of a line that `numbered` gave as None."""
    return BadLine(number=number, key=WHOLE_LINE, remedy=f"longer than {MAX_LINE_BYTES} bytes; shorten it")


def damaged(number: int, exc: BaseException) -> BadLine:
    """The refusal of the rest of a gzip file that cannot be read on. `number` is its last good line."""
    return BadLine(number=number + 1, key="file", remedy=f"damaged from here on ({exc}); fetch or compress it again")


def unzipped(file: io.BufferedReader) -> io.BufferedIOBase:
    """The file itself, or what is packed in it if its first two bytes are those of gzip."""
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == b"\x1f\x8b" else file


def numbered(file: io.BufferedIOBase, limit: int | None = None) -> Iterator[tuple[int, bytes | None]]:
    """Number the lines of a file.

    Args:
        file: where to read.
        limit: the most bytes a line may have; None: MAX_LINE_BYTES.

    Yields:
        Number and line. The line is None where it is longer than the limit. A byte order mark is dropped.
    """
    limit = limit or MAX_LINE_BYTES
    number = 0
    while line := file.readline(limit + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(line) <= limit:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(limit)
        yield number, None


def without_lone_surrogates(line: bytes) -> bytes:
    r"""The line, with each half of a surrogate pair replaced by U+FFFD.

    Such a half, for example `\ud83d`, is left where text was cut in the middle of an emoji. Some applications log them.
    No strict JSON parser, model or store takes them.
    """
    if b"\\ud" not in line and b"\\uD" not in line:
        return line
    try:
        text = json.dumps(json.loads(line), ensure_ascii=False)
    except (ValueError, RecursionError):
        return line
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def problem_in_line(exc: ValidationError, line: bytes, model: type[BaseModel]) -> tuple[str, str]:
    """The key and the remedy of the first thing that is wrong with a line.

    Args:
        exc: what pydantic raised.
        line: the line as it was read.
        model: what the line was validated by.
    """
    from assay.judges.team_files.problems import first_problem

    problem = exc.errors(include_url=False)[0]
    if problem["type"] == "json_invalid":
        place = _JSON_PLACE.search(str(problem.get("ctx", {}).get("error", "")))
        return WHOLE_LINE, no_json(*((place[1], int(place[2])) if place else ("not readable", 1)))
    if problem["type"] == "model_type" and not problem["loc"]:
        return WHOLE_LINE, f"no JSON object; {_REMEDY}"
    key, remedy = first_problem(exc, _value_of(line), model)
    return key if problem["loc"] or key != "file" else WHOLE_LINE, remedy


def no_json(reason: str, column: int) -> str:
    """What to say of a line that is no JSON: `no JSON from column 5 on (…); write one JSON object a line`.

    Args:
        reason: the parser's word for it.
        column: where it gave up, from 1.
    """
    return f"no JSON from column {max(column, 1)} on ({reason}); {_REMEDY}"


_REMEDY = "write one JSON object a line"

_JSON_PLACE = re.compile(r"(.+?) at line \d+ column (\d+)")
"""How pydantic tells where a text is no JSON: `expected value at line 1 column 5`."""


def _value_of(line: bytes) -> Any:
    """What a line holds, to find the place of a problem in it. None where it is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
