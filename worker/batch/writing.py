"""Verdicts into a file that can be continued: what is complete is kept, what is half-written is cut off."""

from __future__ import annotations

import fcntl
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.judges.redaction.policy import Redaction
from assay.worker.batch.reading import RawLine, read_sample
from assay.worker.batch.redacting import NOTHING, sample_digest
from assay.worker.records.jsonl import BadLine
from assay.worker.records.private_files import private_file


class VerdictFile:
    """A file of verdicts, open for this process alone."""

    def __init__(self, path: Path, file: io.FileIO) -> None:
        self.path = path
        self._file = file

    def resume(
        self,
        lines: Iterator[RawLine | BadLine],
        revision: str,
        on_bad: Callable[[BadLine], None],
        redaction: Redaction = NOTHING,
    ) -> Counter[str]:
        """Go past the input lines whose verdicts are there already.

        What failed at the end is cut off and judged again: a spent budget or an endpoint that was away is no fault of
        those samples. So is a last line without its end. Nothing else is changed.

        Args:
            lines: the input, from its first line on.
            revision: the evaluator's.
            on_bad: is told of lines that are no sample.
            redaction: what its judge gets to see none of.

        Returns:
            How often each outcome is there.

        Raises:
            ConfigurationError: the file holds something else than this evaluator's verdicts on this input.
        """
        if not self.path.is_file() and str(self.path) != os.devnull:
            # A device or a pipe may never end where its verdicts are looked for.
            raise ConfigurationError(f"{self.path}: --out: is no plain file; name one, or leave --out away to print")
        complete, outcomes, kept = 0, Counter[str](), self._lines_before_failures()
        with self.path.open("rb") as written:
            for number, line in enumerate(islice(written, kept), 1):
                outcomes[self._same(number, line, _next_sample(lines, on_bad, redaction), revision)] += 1
                complete += len(line)
        self._file.truncate(complete)
        self._file.seek(complete)
        return outcomes

    def write(self, line: str) -> None:
        """Append one verdict. Nothing is buffered, so what is written survives however the command ends.

        Raises:
            ConfigurationError: the disk is full, or the like.
        """
        try:
            rest = memoryview(line.encode() + b"\n")
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as exc:
            raise ConfigurationError(
                f"{self.path}: cannot be written ({exc.strerror}); make room, then run the same command again"
            ) from exc

    def _lines_before_failures(self) -> int:
        """How many whole lines stand before the failed ones at the end."""
        kept = 0
        with self.path.open("rb") as written:
            for number, line in enumerate(written, 1):
                if line.endswith(b"\n") and not _is_failed(line):
                    kept = number
        return kept

    def _same(self, number: int, line: bytes, expected: tuple[str, str] | None, revision: str) -> str:
        """The outcome on a line that was there, if it is the verdict we would write."""
        try:
            verdict: Any = json.loads(line)
            written = (str(verdict["id"]), verdict["sample"])
            its_revision, outcome = verdict["revision"], verdict["outcome"]
        except (ValueError, RecursionError, LookupError, TypeError) as exc:
            raise self._refused(number, "holds no verdict of `assay judge`") from exc
        if its_revision != revision:
            problem = f"was judged by evaluator revision {str(its_revision)[:12]}, this run is {revision[:12]}"
            raise self._refused(number, problem)
        if expected is None:
            raise self._refused(number, "has no sample in the input, which is shorter")
        if written[0] == expected[0] and written[1] != expected[1]:
            problem = f"sample {written[0][:60]!r} has changed since it was judged, or what is redacted in it"
            raise self._refused(number, problem)
        if written != expected:
            raise self._refused(number, f"is about {written[0][:60]!r}, the input has {expected[0][:60]!r} there")
        return str(outcome)

    def _refused(self, number: int, problem: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}: line {number}: {problem}; not continued: give another --out, or remove this file"
        )


def _is_failed(line: bytes) -> bool:
    if b'"failed"' not in line:
        return False
    try:
        verdict: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(verdict, dict) and verdict.get("outcome") == "failed"


@contextmanager
def open_verdicts(path: Path, source: Path) -> Iterator[VerdictFile]:
    """Open the file of verdicts, making it if need be, and lock it.

    Raises:
        ConfigurationError: it cannot be written, is the input, or another process writes to it.
    """
    if path.suffix == ".gz":
        raise ConfigurationError(f"{path}: --out: a packed file cannot be continued; name a plain .jsonl file")
    try:
        if path.exists() and source.exists() and path.samefile(source):
            raise ConfigurationError(f"{path}: --out: is the input; name another file")
        private_file(path)
        file = path.open("r+b", buffering=0)
    except OSError as exc:
        raise ConfigurationError(f"{path}: --out: cannot be written ({exc.strerror}); name another file") from exc
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise ConfigurationError(f"{path}: --out: another assay judge writes to it; wait for that one") from exc
        yield VerdictFile(path, file)


def _next_sample(
    lines: Iterator[RawLine | BadLine], on_bad: Callable[[BadLine], None], redaction: Redaction
) -> tuple[str, str] | None:
    """Id and digest of the next good sample. Bad lines on the way are reported."""
    for line in lines:
        read = read_sample(line) if isinstance(line, RawLine) else line
        if not isinstance(read, BadLine):
            return read.sample.id, sample_digest(read.sample, redaction)
        on_bad(read)
    return None
