"""Reading the files a golden set is made of, and saying which line of which file is wrong."""

from __future__ import annotations

import codecs
import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.judges.team_files.reading import FileProblem, read_document
from assay.worker.records.jsonl import problem_in_line


class GoldenSetError(ConfigurationError):
    """A golden set, release or run that cannot be used; the message names file, key and remedy."""

    def __init__(self, file: Path | str, key: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {remedy}")
        self.file = str(file)
        self.key = key


RELEASE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
Name = Annotated[str, Field(pattern=RELEASE_NAME)]
"""A name that is also a file name: no separators, no leading dot."""


class Identified(Record):
    """A record with an id that is unique in its file."""

    id: str = Field(min_length=1)


N = TypeVar("N", bound=Identified)
M = TypeVar("M", bound=BaseModel)


def read_records(path: Path, kind: type[N]) -> tuple[N, ...]:
    """Records of one JSONL file, each with an `id`; empty files and repeated ids are refused.

    Raises:
        GoldenSetError: names the line and the key.
    """
    records: list[N] = []
    seen: dict[str, int] = {}
    # By bytes: splitlines() would also break at U+2028 inside a string.
    for number, line in enumerate(read_plain(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = kind.model_validate_json(line)
        except ValidationError as exc:
            key, remedy = problem_in_line(exc, line, kind)
            raise GoldenSetError(path, f"line {number}: {key}", remedy) from exc
        if record.id in seen:
            remedy = f"already used on line {seen[record.id]}; ids are unique, rename or remove one"
            raise GoldenSetError(path, f"line {number}: id {record.id!r}", remedy)
        seen[record.id] = number
        records.append(record)
    if not records:
        raise GoldenSetError(path, "file", "is empty; write one JSON object a line")
    return tuple(records)


def read_mapping(path: Path, kind: type[M]) -> M:
    """One YAML file of keys.

    Raises:
        GoldenSetError: names the line or the key.
    """
    try:
        document = read_document(path)
    except FileProblem as exc:
        raise GoldenSetError(path, exc.where, exc.remedy) from exc
    if not isinstance(document.value, dict):
        raise GoldenSetError(path, "file", "must be a mapping of keys; start with `name: ...`")
    try:
        return kind.model_validate(document.value)
    except ValidationError as exc:
        problem = document.problem(exc, kind)
        raise GoldenSetError(path, problem.where, problem.remedy) from exc


def read_bytes(path: Path) -> bytes:
    """A file's content.

    Raises:
        GoldenSetError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as exc:
        raise GoldenSetError(path, "file", f"cannot be read ({exc.strerror or exc})") from exc


def read_plain(path: Path) -> bytes:
    r"""A text file's content as it was written, whatever an editor or a checkout made of its beginning and line ends.

    A byte order mark is dropped and `\r\n` becomes `\n`, so that digests hold on every machine.

    Raises:
        GoldenSetError: it cannot be read, or is UTF-16, as some editors and spreadsheets save text.
    """
    raw = read_bytes(path)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise GoldenSetError(path, "file", "is UTF-16; save it as UTF-8")
    return raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")


def digest_of_file(path: Path) -> str:
    """sha256 of a file's content, by `read_plain`.

    Raises:
        GoldenSetError: it cannot be read.
    """
    return hashlib.sha256(read_plain(path)).hexdigest()


def read_prompt(directory: Path, prompt: str) -> tuple[str, str]:
    """A prompt file's text and its sha256.

    Raises:
        GoldenSetError: it cannot be read.
    """
    path = directory / prompt
    raw = read_plain(path)
    try:
        return raw.decode(), hashlib.sha256(raw).hexdigest()
    except UnicodeDecodeError as exc:
        raise GoldenSetError(path, "file", "is not UTF-8; save it as such") from exc


def encoded(path: Path, text: str) -> bytes:
    """The bytes of a file that is to hold this text.

    Raises:
        GoldenSetError: the text holds half a character, which UTF-8 cannot say.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        line = text.count("\n", 0, exc.start) + 1
        remedy = (
            f"would hold half a character ({text[exc.start]!a}, a lone surrogate); remove it where the text comes from"
        )
        raise GoldenSetError(path, f"line {line}", remedy) from exc


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole: a reader sees the old content or the new one.

    Raises:
        GoldenSetError: it cannot be written.
    """
    content = encoded(path, text)
    scratch = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(content)
        scratch.replace(path)
    except OSError as exc:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise GoldenSetError(path, "file", f"cannot be written ({exc.strerror or exc})") from exc


def digest_of(value: object) -> str:
    """sha256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
