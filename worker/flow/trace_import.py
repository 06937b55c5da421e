"""Import of traces from JSONL: one trace a line, gzip or not, in the format of `docs/trace.schema.json`.

A line that cannot be taken is reported with its number, the key and the remedy, and the rest goes on. Reading is
streamed: memory holds one chunk of traces, however long the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, ValidationError, model_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.records.jsonl import (
    DAMAGED,
    BadLine,
    damaged,
    numbered,
    problem_in_line,
    too_long,
    unzipped,
    without_lone_surrogates,
)
from assay.worker.records.traces import Observation, Tokens, Trace, TraceRoot

SHOWN = 20
"""How many bad lines an import keeps to show; all are counted."""


def _in_utc(moment: AwareDatetime) -> AwareDatetime:
    try:
        moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from exc
    return moment


Moment = Annotated[
    AwareDatetime,
    Field(strict=True, description="ISO 8601 with an offset, as in 2026-11-21T10:00:00Z; without one it is refused."),
    AfterValidator(_in_utc),
]
Level = Literal["DEBUG", "DEFAULT", "WARNING", "ERROR"]


class ObservationLine(Record):
    """One step inside the trace: a retrieval, a generation, a tool call."""

    id: str | None = Field(None, min_length=1, description="Unique in its trace; default: trace id, colon, position.")
    type: str = Field("span", description="retriever, generation, tool, span or whatever the application uses.")
    name: str = ""
    parent_id: str | None = None
    start: Moment | None = Field(None, description="Default: the start of the trace.")
    end: Moment | None = None
    level: Level = "DEFAULT"
    input: JsonValue = None
    output: JsonValue = Field(None, description="Of a retriever or a tool: the evidence.")
    model: str | None = None
    usage: Tokens | None = Field(None, description="Of a model call. What is left out is unknown.")
    cost_usd: float | None = Field(None, strict=True, ge=0.0, allow_inf_nan=False, description="0 is taken as unknown.")
    first_token: Moment | None = Field(None, description="When the first token of a streamed answer came.")
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class TraceLine(Record):
    """One recorded run of an application: a line of a JSONL file."""

    id: str = Field(min_length=1, description="The trace's own id; importing it again replaces it.")
    name: str = ""
    environment: str = "default"
    start: Moment
    end: Moment | None = Field(None, description="Left out: the run has not finished.")
    input: JsonValue = Field(None, description="What the user asked: text, or whatever the application records.")
    output: JsonValue = Field(None, description="What the application answered.")
    level: Level = "DEFAULT"
    release: str | None = None
    version: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    observations: tuple[ObservationLine, ...] = ()

    @model_validator(mode="after")
    def _observations_are_distinct(self) -> TraceLine:
        ids = [step.id for step in self.observations if step.id is not None]
        if len(ids) != len(set(ids)):
            twice = next(step_id for step_id in ids if ids.count(step_id) > 1)
            raise ValueError(f"observation id {twice!a} comes twice; give each its own, or leave them out")
        return self

    def trace(self) -> Trace:
        """The trace this line describes; its root observation has the trace's id."""
        columns = self.model_dump(exclude={"id", "input", "output", "observations"})
        return Trace(
            root=TraceRoot(trace_id=self.id, observation_id=self.id, **columns),
            input=self.input,
            output=self.output,
            observations=tuple(self._observation(*numbered) for numbered in enumerate(self.observations)),
        )

    def _observation(self, position: int, line: ObservationLine) -> Observation:
        columns = line.model_dump(exclude={"id", "start"})
        return Observation(id=line.id or f"{self.id}:{position}", start=line.start or self.start, **columns)


class ImportResult(Record):
    """What an import did: traces taken, lines refused, the first of those, and the first and last start of a trace."""

    imported: int
    bad: int
    first_bad: tuple[BadLine, ...] = ()
    first_start: AwareDatetime | None = None
    last_start: AwareDatetime | None = None


def schema_text() -> str:
    """The JSON schema of a line, as it lies in `docs/trace.schema.json`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of Assay's trace import",
        **{key: value for key, value in TraceLine.model_json_schema().items() if key != "title"},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def read_traces(path: Path) -> Iterator[Trace | BadLine]:
    """The traces of a file, one line at a time, and the lines that are none; empty lines are passed over.

    Raises:
        ConfigurationError: the file cannot be read at all.
    """
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in numbered(unzipped(file)):
                if line is None:
                    yield too_long(number)
                elif line.strip():
                    yield _parsed(number, line)
    except DAMAGED as exc:
        yield damaged(number, exc)
    except OSError as exc:
        raise ConfigurationError(f"{path}: {exc.strerror or exc}; name a readable JSONL file") from exc


async def import_file(store: WithTraceImport, path: Path) -> ImportResult:
    """Import a JSONL file; traces that are in the store already are replaced.

    Raises:
        ConfigurationError: the file or the store cannot be used.
        StoreUnavailable: the store stays locked; what was imported so far is in it.
    """
    bad, shown = 0, list[BadLine]()
    first: datetime | None = None
    last: datetime | None = None

    def good() -> Iterator[Trace]:
        nonlocal bad, first, last
        for line in read_traces(path):
            if isinstance(line, Trace):
                start = line.root.start
                first, last = min(first or start, start), max(last or start, start)
                yield line
            else:
                bad += 1
                shown.extend([line] if bad <= SHOWN else [])

    imported = await store.add_traces(good())
    return ImportResult(imported=imported, bad=bad, first_bad=tuple(shown), first_start=first, last_start=last)


def _parsed(number: int, line: bytes) -> Trace | BadLine:
    if line.lstrip().startswith(b"["):
        remedy = "an array; write one JSON object a line (`jq -c '.[]'` turns an array into lines)"
        return BadLine(number=number, key="line", remedy=remedy)
    try:
        return TraceLine.model_validate_json(without_lone_surrogates(line)).trace()
    except ValidationError as exc:
        key, remedy = problem_in_line(exc, line, TraceLine)
        return BadLine(number=number, key=key, remedy=remedy)
