"""Samples from JSONL: one a line, from a file (gzip or not) or standard input, streamed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Sample, Turn
from assay.worker.batch.read_columns import KINDS, is_always_taken, read_twice
from assay.worker.extraction.dataset_columns import columns_by_field
from assay.worker.extraction.samples import ROLES
from assay.worker.records.jsonl import (
    DAMAGED,
    WHOLE_LINE,
    BadLine,
    damaged,
    no_json,
    numbered,
    problem_in_line,
    too_long,
    unzipped,
    without_lone_surrogates,
)

STDIN = Path("-")


class RawLine(NamedTuple):
    """A line as it was read."""

    number: int
    content: bytes


class LabelledSample(NamedTuple):
    """A sample, its id as it was written, and every field of its line that is kept beside the verdict."""

    sample: Sample
    given_id: str | int
    kept: dict[str, JsonValue]


class SampleSource:
    """The lines of one input. `position` of `size` bytes are read, which a progress bar shows."""

    def __init__(self, raw: io.BufferedReader, name: str, size: int | None) -> None:
        self._raw = raw
        self.name = name
        self.size = size

    @property
    def position(self) -> int:
        """Bytes read so far, of a packed file packed bytes. 0 where that cannot be told."""
        return self._raw.tell() if self.size is not None and not self._raw.closed else 0

    def __iter__(self) -> Iterator[RawLine | BadLine]:
        """Lines that hold something, and what is wrong with those that cannot be read.

        Raises:
            ConfigurationError: reading failed.
        """
        number = 0
        try:
            for number, line in numbered(unzipped(self._raw)):
                if line is None:
                    yield too_long(number)
                elif line.strip():
                    yield RawLine(number, line)
        except DAMAGED as exc:
            yield damaged(number, exc)
        except OSError as exc:
            raise ConfigurationError(f"{self.name}: {exc.strerror or exc}; name a readable JSONL file") from exc


@contextmanager
def open_samples(path: Path) -> Iterator[SampleSource]:
    """Open a file of samples: JSONL, or a table by its ending. `-` is standard input, which holds JSONL.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if path == STDIN:
        # Not closed: a thread may be waiting in it, and closing would wait for that thread.
        yield SampleSource(open(0, "rb", closefd=False), "standard input", None)  # noqa: SIM115
        return
    try:
        raw = path.open("rb")
    except OSError as exc:
        raise ConfigurationError(f"{path}: {exc.strerror or exc}; name a readable file of samples") from exc
    from assay.worker.batch.tables import source_of

    with raw:
        yield source_of(raw, path, path.stat().st_size if path.is_file() else None)


class SampleLine(BaseModel):
    """One line: what is judged, and whatever else the file says of it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = Field(min_length=1)
    question: str = ""
    history: tuple[Turn, ...] = ()
    contexts: tuple[str, ...] = ()
    response: str
    reference: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_name_for_contexts(cls, data: Any) -> Any:
        if isinstance(data, dict) and "context" in data and "contexts" not in data:
            return {**{key: value for key, value in data.items() if key != "context"}, "contexts": data["context"]}
        return data

    @field_validator("id", mode="before")
    @classmethod
    def _number_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("question", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return "" if value is None else value

    @field_validator("contexts", mode="before")
    @classmethod
    def _passages(cls, value: Any) -> Any:
        if value is None:
            return ()
        passages = [value] if isinstance(value, str) else value
        return [_passage(passage) for passage in passages] if isinstance(passages, list) else passages

    @field_validator("history", mode="before")
    @classmethod
    def _turns(cls, value: Any) -> Any:
        if value is None:
            return ()
        return [_turn(turn) for turn in value] if isinstance(value, list) else value


def read_sample(line: RawLine) -> LabelledSample | BadLine:
    """The sample a line holds, or what is wrong with it."""
    try:
        data = _in_our_words(_value(line.content), line.number)
        parsed = SampleLine.model_validate(data)
        kept = {key: value for key, value in data.items() if key not in _NOT_KEPT}
        json.dumps(kept, allow_nan=False)
    except RecursionError:
        return _refused(line, "nested too deeply; write one flat JSON object a line")
    except ValueError as exc:
        return _why_none(exc, line)
    sample = Sample(**parsed.model_dump(include=set(Sample.model_fields) - {"metadata"}))
    return LabelledSample(sample, data["id"], kept)


def _why_none(exc: ValueError, line: RawLine) -> BadLine:
    """Why a line is no sample."""
    if isinstance(exc, ValidationError):
        key, remedy = problem_in_line(exc, line.content, SampleLine)
        return BadLine(number=line.number, key=key, remedy=remedy)
    if isinstance(exc, _KeyTwice):
        return BadLine(number=line.number, key=str(exc), remedy="stands twice with two values; write it once")
    if isinstance(exc, UnicodeDecodeError):
        return _refused(line, f"no UTF-8 ({exc.reason}); write the file as UTF-8")
    if isinstance(exc, json.JSONDecodeError):
        return _refused(line, no_json(exc.msg, exc.colno))
    return _refused(line, f"{exc}; write one JSON object a line")


class _KeyTwice(ValueError):
    """A key stands twice, so that nobody knows which value is meant."""


def _value(content: bytes) -> Any:
    """What a line holds.

    Raises:
        ValueError: it is no JSON.
        _KeyTwice: a key that is read stands twice, with two values.
    """
    pairs: list[tuple[str, Any]] = []

    def keep(of_object: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal pairs
        pairs = of_object  # the outermost object is complete last
        return dict(of_object)

    data = json.loads(content.decode(), object_pairs_hook=keep, parse_constant=_no_constant)
    if isinstance(data, dict) and len(data) < len(pairs):
        twice = read_twice([*data, *(key for key, value in pairs if value != data[key])])
        if twice is not None:
            raise _KeyTwice(twice)
    whole = without_lone_surrogates(content)
    return data if whole is content else json.loads(whole)


_NOT_KEPT = frozenset({"id", "question", "context", "contexts", "response"})
"""What a verdict does not repeat: its id leads back to the line."""


def _in_our_words(data: Any, number: int) -> Any:
    """A line with the names of another tool in ours, as `user_input` of RAGAS. Ours stay as they are.

    Such data sets have no ids, so a line without one is called by its number.
    """
    if not isinstance(data, dict):
        return data
    named = {
        field: column
        for field, columns in columns_by_field(data).items()
        for column in columns[:1]
        if field in KINDS and field not in data and isinstance(data[column], KINDS[field])
    }
    if "context" in data:
        named.pop("contexts", None)
    if "response" in data:
        # Then the line may be in our words, and its `input` a field of somebody's own.
        named = {field: column for field, column in named.items() if is_always_taken(column)}
    if not named:
        return data
    taken = set(named.values())
    rest = {key: value for key, value in data.items() if key not in taken}
    return {"id": number, **rest, **{field: data[column] for field, column in named.items()}}


def _refused(line: RawLine, remedy: str) -> BadLine:
    return BadLine(number=line.number, key=WHOLE_LINE, remedy=remedy)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _passage(value: Any) -> Any:
    """A passage: text, or an object that carries it as `text`, as retrievers return it."""
    return value["text"] if isinstance(value, dict) and isinstance(value.get("text"), str) else value


def _turn(value: Any) -> Any:
    """A turn from `{role, content}` or `[role, text]`, its role in our words."""
    if isinstance(value, list) and len(value) == 2:
        value = {"role": value[0], "content": value[1]}
    if not isinstance(value, dict):
        return value
    role = value.get("role")
    return {"role": ROLES.get(str(role).lower(), role), "content": value.get("content")}
