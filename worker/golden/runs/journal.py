"""What a run has done so far, line by line on disk, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import contextlib
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pydantic import TypeAdapter, ValidationError

from assay.judges.schema import Record
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import AnchorResult, ItemResult
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.records.private_files import open_private, private_directory

JOURNAL = "journal.jsonl"

_RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{6}")


class JournalHeader(Record):
    """What a journal's results rest on; they are taken only where all of it is the same."""

    run_id: str
    golden_set: str
    set_digest: str
    revision: str
    targets: dict[str, str]
    repeats: int


class _Line(Record):
    """`answer` is one that the target gave, or why it gave none, before a judge saw it."""

    part: str
    item: ItemResult | None = None
    anchor: AnchorResult | None = None
    answer: ItemResult | None = None


_LINE = TypeAdapter(_Line)


class Journal:
    """Results by (part, item, repeat); without a file it remembers nothing and keeps nothing."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._items: dict[tuple[str, str, int], ItemResult] = {}
        self._anchors: dict[str, AnchorResult] = {}
        self._answers: dict[tuple[str, str, int], ItemResult] = {}

    def __len__(self) -> int:
        return len(self._items) + len(self._anchors)

    def item(self, part: str, item_id: str, repeat: int) -> ItemResult | None:
        """The kept result of one answer."""
        return self._items.get((part, item_id, repeat))

    def anchor(self, anchor_id: str) -> AnchorResult | None:
        """The kept result of one anchor."""
        return self._anchors.get(anchor_id)

    def answer(self, part: str, item_id: str, repeat: int) -> ItemResult | None:
        """The kept answer of the target, before a judge saw it."""
        return self._answers.get((part, item_id, repeat))

    def keep_answer(self, part: str, result: ItemResult) -> None:
        """Write down what the target said, for a run that is put aside before a judge has seen it."""
        self._write(_Line(part=part, answer=result))

    def keep(self, part: str, result: ItemResult | AnchorResult) -> None:
        """Write a result down. What is missing is not kept: it is tried again when the run goes on."""
        if isinstance(result, AnchorResult):
            if result.flagged is not None:
                self._write(_Line(part=part, anchor=result))
        elif result.status is not ItemStatus.MISSING:
            self._write(_Line(part=part, item=result))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, line: _Line) -> None:
        if self._file is not None:
            self._take(line)
            self._file.write(line.model_dump_json() + "\n")
            self._file.flush()

    def _take(self, line: _Line) -> None:
        if line.item is not None:
            self._items[line.part, line.item.id, line.item.repeat] = line.item
        if line.answer is not None:
            self._answers[line.part, line.answer.id, line.answer.repeat] = line.answer
        if line.anchor is not None:
            self._anchors[line.anchor.id] = line.anchor

    @classmethod
    def start(cls, directory: Path, header: JournalHeader) -> Journal:
        """Start the journal of a new run in its own directory.

        Raises:
            GoldenSetError: the directory cannot be written to.
        """
        path = directory / JOURNAL
        try:
            private_directory(directory)
            file = open_private(path, "x")
            file.write(header.model_dump_json() + "\n")
            file.flush()
        except OSError as exc:
            raise GoldenSetError(path, "file", f"cannot be written ({exc.strerror or exc})") from exc
        return cls(file)

    @classmethod
    def resume(cls, directory: Path, header: JournalHeader) -> Journal:
        """Go on with a journal.

        Raises:
            GoldenSetError: there is none, or it was made with something else.
        """
        path = directory / JOURNAL
        try:
            raw = path.read_bytes()
        except OSError as exc:
            raise GoldenSetError(path, "file", "no such run to go on with; leave --resume away to start one") from exc
        lines = raw.split(b"\n")
        # A process that was killed may leave half a line; its result is simply not there.
        whole = raw[: len(raw) - len(lines[-1])]
        _check_header(path, lines[0], header)
        path.write_bytes(whole)
        journal = cls(path.open("a", encoding="utf-8"))
        for line in lines[1:-1]:
            with contextlib.suppress(ValidationError):
                journal._take(_LINE.validate_json(line))
        return journal


def resume_or_restart(directory: Path, header: JournalHeader) -> Journal:
    """Go on with the journal of a run if it rests on the same things; else start anew and leave the old one aside.

    Raises:
        GoldenSetError: the directory cannot be written to.
    """
    if not directory.exists():
        return Journal.start(directory, header)
    try:
        return Journal.resume(directory, header)
    except GoldenSetError:
        stale = directory / JOURNAL
        if stale.exists():
            stale.rename(directory / f"{JOURNAL}.{new_run_id()}")
        return Journal.start(directory, header)


def forget_journal(directory: Path) -> None:
    """Remove the journal of a run that is complete: its result holds everything."""
    (directory / JOURNAL).unlink(missing_ok=True)


def new_run_id() -> str:
    """A name for a run: when it started (UTC) and something random."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def is_run_id(text: str) -> bool:
    """Whether this looks like a run's name."""
    return _RUN_ID.fullmatch(text) is not None


def run_directory(runs: Path, run_id: str) -> Path:
    """Where a run keeps its files.

    Raises:
        GoldenSetError: not a run's name.
    """
    if not is_run_id(run_id):
        raise GoldenSetError(runs, "run", f"{run_id!r} is no run's name; it looks like 20261121T060000-0a1b2c")
    return runs / run_id


def _check_header(path: Path, line: bytes, wanted: JournalHeader) -> None:
    """Refuse a journal that rests on something else.

    Raises:
        GoldenSetError: names what is not the same.
    """
    try:
        written = JournalHeader.model_validate_json(line)
    except ValidationError as exc:
        raise GoldenSetError(path, "line 1", "is not the head of a run's journal; start a new run") from exc
    for name in JournalHeader.model_fields:
        if getattr(written, name) != getattr(wanted, name):
            remedy = f"{getattr(written, name)} then, {getattr(wanted, name)} now; start a new run instead of resuming"
            raise GoldenSetError(path, name, remedy)
