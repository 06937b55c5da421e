"""Lines of a JSONL file, gzip or not: read one at a time, numbered, bounded in size, refused with a reason."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator

from pydantic import Field, ValidationError

from assay.judges.schema import Record

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is refused unread, so that a file without line ends cannot fill the memory."""

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a cut or damaged gzip file raises."""


class BadLine(Record):
    """A line that was refused: where it is, which key is wrong, and what to do about it."""

    number: int = Field(ge=1)
    key: str
    remedy: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"line {self.number}: {self.key}: {self.remedy}"


def too_long(number: int) -> BadLine:
    """The refusal of a line that `numbered` gave as None."""
    return BadLine(number=number, key="line", remedy=f"longer than {MAX_LINE_BYTES} bytes; shorten it")


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


def problem_of(exc: ValidationError, remedies: dict[str, str]) -> tuple[str, str]:
    """The key and the remedy of the first thing that is wrong with a line.

    Args:
        exc: what pydantic found.
        remedies: what to do about it, by pydantic's type of error, for example `missing`.
    """
    problem = exc.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"]) or "line"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "json_invalid":
        return key, f"{message}; write one JSON object a line"
    return key, remedies.get(problem["type"], message)
