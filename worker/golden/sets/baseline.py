"""The reviewed baseline of a golden set: outputs of several runs that a person approved, and how the judge was then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import AwareDatetime, ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.golden.sets.files import (
    GoldenSetError,
    Identified,
    digest_of_file,
    read_mapping,
    read_records,
    write_text,
)
from assay.worker.golden.sets.manifest import Release
from assay.worker.statistics.flips import Flips

DIRECTORY = "baseline"
RECORD = "baseline.yaml"
ANCHORS = "anchors.jsonl"
HISTORY = "history.jsonl"

FEWEST_OUTPUTS = 5
"""A single lucky run as baseline makes unchanged releases look worse for as long as it is in force."""

_HEADER = "# Written by `assay golden baseline`; review it, then accept it with `assay golden freeze`.\n"


class BaselineOutputs(Record):
    """One file of outputs: every item answered once."""

    file: str
    run_id: str
    repeat: int
    started: AwareDatetime
    passed: int
    failed: int


class Approval(Record):
    """Who took this baseline, when and why."""

    by: str = Field(min_length=1)
    at: AwareDatetime
    why: str = Field(min_length=1)


class BaselineRecord(Record):
    """`baseline/baseline.yaml`: what the outputs beside it are.

    `digests` are the set's when the runs were made. `revision` and `models_served` are the judge's. `flips` is how
    often an item passes in one output and fails in another; None where there are too few outputs to tell.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    digests: dict[str, str]
    target: str
    revision: str
    models_served: tuple[str, ...] = ()
    outputs: tuple[BaselineOutputs, ...] = Field(min_length=1)
    flips: Flips | None = None
    approved: Approval


class BaselineAnchor(Identified):
    """What the judge said of an anchor when the baseline was taken."""

    flagged: bool | None


class Baseline(Record):
    """A reviewed baseline in memory."""

    directory: Path
    record: BaselineRecord
    anchors: tuple[BaselineAnchor, ...] = ()

    def answers(self, digests: dict[str, str]) -> bool:
        """Whether the outputs answer the items of a set with these digests."""
        return self.record.digests.get("items") == digests["items"]

    def examined(self, digests: dict[str, str]) -> bool:
        """Whether the judge's decisions on the anchors can be compared with those on a set with these digests."""
        return all(self.record.digests.get(part) == digests.get(part) for part in ("anchors", "pass_when"))

    def chosen(self, repeats: int, run_id: str) -> tuple[BaselineOutputs, ...]:
        """As many outputs as there are repeats, beginning at one that the run's id picks.

        Taking turns keeps one lucky output from deciding every week.

        Raises:
            GoldenSetError: fewer outputs than repeats.
        """
        outputs = self.record.outputs
        if repeats > len(outputs):
            remedy = f"holds {len(outputs)} outputs, {repeats} repeats were asked for; take more runs or repeat less"
            raise GoldenSetError(self.directory / RECORD, "outputs", remedy)
        first = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:8]) % len(outputs)
        return tuple(outputs[(first + turn) % len(outputs)] for turn in range(repeats))

    def path(self, outputs: BaselineOutputs) -> Path:
        """Where outputs lie."""
        return self.directory / outputs.file


def read_baseline(golden_set: Path) -> Baseline | None:
    """The reviewed baseline of the set in this directory; None where there is none.

    Raises:
        GoldenSetError: it cannot be used.
    """
    directory = golden_set / DIRECTORY
    if not (directory / RECORD).exists():
        return None
    record = read_mapping(directory / RECORD, BaselineRecord)
    for outputs in record.outputs:
        if Path(outputs.file).name != outputs.file:
            raise GoldenSetError(directory / RECORD, "outputs.file", f"{outputs.file!r} is no file name")
        read_records(directory / outputs.file, Release)
    anchors = directory / ANCHORS
    return Baseline(
        directory=directory,
        record=record,
        anchors=read_records(anchors, BaselineAnchor) if anchors.exists() else (),
    )


def baseline_digests(baseline: Baseline) -> dict[str, str]:
    """sha256 of every file that decides; the history does not."""
    names = [RECORD, *(outputs.file for outputs in baseline.record.outputs)]
    if (baseline.directory / ANCHORS).exists():
        names.append(ANCHORS)
    return {name: digest_of_file(baseline.directory / name) for name in names}


class TakenOutputs(Record):
    """Outputs of one repeat of a run, to become part of a baseline."""

    run_id: str
    repeat: int
    started: AwareDatetime
    passed: int
    failed: int
    answers: tuple[Release, ...]


def write_baseline(  # noqa: PLR0913  # what a baseline is made of
    golden_set: Path,
    taken: Sequence[TakenOutputs],
    anchors: Sequence[BaselineAnchor],
    *,
    digests: dict[str, str],
    target: str,
    revision: str,
    models_served: tuple[str, ...],
    flips: Flips | None,
    by: str,
    why: str,
) -> BaselineRecord:
    """Write the files of a baseline; the one it replaces goes into the history.

    Raises:
        GoldenSetError: a file cannot be written.
    """
    directory = golden_set / DIRECTORY
    before = read_baseline(golden_set)
    record = BaselineRecord(
        digests=digests,
        target=target,
        revision=revision,
        models_served=models_served,
        outputs=tuple(
            BaselineOutputs(file=f"outputs-{n}.jsonl", **outputs_taken.model_dump(exclude={"answers"}))
            for n, outputs_taken in enumerate(taken, start=1)
        ),
        flips=flips,
        approved=Approval(by=by, at=datetime.now(UTC).replace(microsecond=0), why=why),
    )
    if before is not None:
        _remember(directory, before)
    for outputs, outputs_taken in zip(record.outputs, taken, strict=True):
        write_text(directory / outputs.file, _lines(outputs_taken.answers))
    if anchors:
        write_text(directory / ANCHORS, _lines(anchors))
    text = yaml.safe_dump(record.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
    write_text(directory / RECORD, _HEADER + text)
    return record


def _remember(directory: Path, before: Baseline) -> None:
    """Add the old baseline's record to the history and take its files away."""
    history = directory / HISTORY
    past = history.read_text(encoding="utf-8") if history.exists() else ""
    entry = {"files": baseline_digests(before), **before.record.model_dump(mode="json")}
    write_text(history, past + json.dumps(entry, ensure_ascii=False) + "\n")
    for outputs in before.record.outputs:
        before.path(outputs).unlink(missing_ok=True)
    (directory / ANCHORS).unlink(missing_ok=True)


def _lines(records: Sequence[Identified]) -> str:
    return "".join(record.model_dump_json(exclude_none=True) + "\n" for record in records)
