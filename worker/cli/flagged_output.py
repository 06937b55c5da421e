"""Where a list of flagged answers goes, and in which format. Each answer is written as it is read."""

from __future__ import annotations

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import PatientConsole, console
from assay.worker.cli.streams import print_error, print_to
from assay.worker.records.private_files import open_private, replace_private
from assay.worker.reporting.flagged.answers import FlaggedAnswer
from assay.worker.reporting.flagged.csv_file import answer_line, header_line
from assay.worker.reporting.flagged.markdown import answer_markdown
from assay.worker.reporting.flagged.query import FlaggedQuery
from assay.worker.reporting.flagged.ranking import FlaggedCounts
from assay.worker.reporting.flagged.wording import heading, notes
from assay.worker.reporting.terminal.flagged import answer_block
from assay.worker.reporting.terminal.text import json_text
from assay.worker.reporting.terminal.visible import visible

FILE_COLUMNS = 100
"""Width of a table in a file."""


class Format(StrEnum):
    """The formats of a list."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


_SUFFIXES = {".json": Format.JSON, ".csv": Format.CSV, ".md": Format.MARKDOWN, ".markdown": Format.MARKDOWN}


class ListWriter(Protocol):
    """Writes one list: first what it rests on, then each answer, at last what else a reader must know."""

    def begin(self, query: FlaggedQuery, counts: FlaggedCounts) -> None:
        """Write what comes before the answers."""
        ...

    def add(self, answer: FlaggedAnswer, rank: int) -> None:
        """Write one answer."""
        ...

    def end(self, counts: FlaggedCounts, told: Counter[str], problem: str, others: Sequence[str]) -> None:
        """Write what comes after them."""
        ...


@contextmanager
def open_list(form: Format | None, out: Path | None) -> Iterator[ListWriter]:
    """A writer to stdout or into a file. The file takes its name only when it is whole.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if out is None:
        chosen = form or Format.TABLE
        if chosen in (Format.CSV, Format.MARKDOWN) and isinstance(sys.stdout, io.TextIOWrapper):
            # Data, whatever the locale: a character put into plain words could end a quote or begin a formula.
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        yield _writer(chosen, sys.stdout, console)
        return
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with open_private(part, newline="") as file:
            chosen = form or _SUFFIXES.get(out.suffix.lower(), Format.TABLE)
            yield _writer(chosen, file, PatientConsole(file=file, width=FILE_COLUMNS))
        replace_private(part, out)
        print_error(f"written to {out}")
    except OSError as exc:
        raise ConfigurationError(f"--out {out}: cannot be written ({exc.strerror or exc}); name another file") from exc
    finally:
        part.unlink(missing_ok=True)


def _writer(form: Format, stream: TextIO, terminal: Console) -> ListWriter:
    if form is Format.JSON:
        return JsonWriter(stream)
    if form is Format.CSV:
        return CsvWriter(stream)
    return MarkdownWriter(stream) if form is Format.MARKDOWN else TerminalWriter(terminal)


class TerminalWriter:
    """Blocks for a person."""

    def __init__(self, terminal: Console) -> None:
        self._console = terminal

    def begin(self, query: FlaggedQuery, counts: FlaggedCounts) -> None:
        """The denominator."""
        self._print(heading(query, counts))

    def add(self, answer: FlaggedAnswer, rank: int) -> None:
        """A block."""
        self._console.print()
        for part in answer_block(answer, rank, width=self._console.width):
            self._console.print(part, highlight=False, markup=False, soft_wrap=getattr(part, "no_wrap", False))

    def end(self, counts: FlaggedCounts, told: Counter[str], problem: str, others: Sequence[str]) -> None:
        """What else there is to know."""
        lines = [*notes(counts, told, problem), *others]
        if lines and told:
            self._console.print()
        for line in lines:
            self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(visible(line), highlight=False, markup=False)


class CsvWriter:
    """Rows for a spreadsheet. What the list rests on goes to stderr, where it is no row."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, query: FlaggedQuery, counts: FlaggedCounts) -> None:
        """The header."""
        print_error(heading(query, counts))
        self._write(header_line())

    def add(self, answer: FlaggedAnswer, rank: int) -> None:
        """A row."""
        self._write(answer_line(answer))

    def end(self, counts: FlaggedCounts, told: Counter[str], problem: str, others: Sequence[str]) -> None:
        """Nothing in the file."""
        for line in (*notes(counts, told, problem), *others):
            print_error(line)

    def _write(self, row: str) -> None:
        print_to(self._stream, row.removesuffix("\n"))


class MarkdownWriter:
    """A numbered list for a ticket."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, query: FlaggedQuery, counts: FlaggedCounts) -> None:
        """A heading with the denominator."""
        self._write(f"### Flagged answers\n\n{heading(query, counts)}\n")

    def add(self, answer: FlaggedAnswer, rank: int) -> None:
        """An item."""
        self._write(answer_markdown(answer, rank))

    def end(self, counts: FlaggedCounts, told: Counter[str], problem: str, others: Sequence[str]) -> None:
        """A list of what else there is to know."""
        lines = [*notes(counts, told, problem), *others]
        if lines:
            self._write("".join(f"\n- {line}" for line in lines).removeprefix("\n"))

    def _write(self, text: str) -> None:
        print_to(self._stream, text)


class JsonWriter:
    """One object, whole: every verdict with its claims and offsets. It is never in memory at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._separator = ""

    def begin(self, query: FlaggedQuery, counts: FlaggedCounts) -> None:
        """What was asked for, and what the list rests on."""
        head = {"schema": 1, "query": query.model_dump(mode="json"), "counts": counts.model_dump()}
        self._write(json.dumps(head, ensure_ascii=False).removesuffix("}") + ', "answers": [')

    def add(self, answer: FlaggedAnswer, rank: int) -> None:
        """One answer on a line."""
        self._write(self._separator + json.dumps({"rank": rank, **answer.model_dump(mode="json")}, ensure_ascii=False))
        self._separator = ","

    def end(self, counts: FlaggedCounts, told: Counter[str], problem: str, others: Sequence[str]) -> None:
        """How the answers were told."""
        told_by = {name: told[name] for name in ("verdict", "comment", "nothing")}
        self._write(
            "], "
            + json.dumps(
                {"told_by": told_by, "problem": problem or None, "notes": list(others)}, ensure_ascii=False
            ).removeprefix("{")
        )

    def _write(self, text: str) -> None:
        print_to(self._stream, json_text(text, self._stream.encoding))
