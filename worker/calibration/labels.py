"""Labelled samples or verdicts from JSONL, and the risk and label that a calibration is fitted on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from assay.judges.errors import ConfigurationError
from assay.worker.batch.reading import RawLine, open_samples, read_sample
from assay.worker.records.jsonl import BadLine

LABEL = "label"
SOURCE = "source_id"


class LabelsFile(NamedTuple):
    """What a file of labels holds: verdicts of `assay judge`, or samples still to be judged."""

    path: Path
    lines: int
    digest: str
    holds_verdicts: bool


class LabelledRisk(NamedTuple):
    """One judged answer: its risk before calibration, what a person said, and the groups it belongs to."""

    risk: float
    label: int
    source: str
    slices: Mapping[str, str]


def check_labels(path: Path, revisions: Collection[str], on_bad: Callable[[BadLine], None]) -> LabelsFile:
    """Look through the whole file before anything is judged, so that no money is spent on what cannot be used.

    Args:
        path: the file.
        revisions: evaluator revisions whose verdicts may be used.
        on_bad: told each line that cannot be used.

    Raises:
        ConfigurationError: a line cannot be used, or there is none.
    """
    digest = hashlib.sha256()
    lines = bad = 0
    holds_verdicts = False
    with open_samples(path) as source:
        for line in source:
            if isinstance(line, RawLine):
                holds_verdicts = _is_verdict(line) if not lines else holds_verdicts
                lines += 1
                digest.update(line.content)
            problem = line if isinstance(line, BadLine) else _problem(line, holds_verdicts, revisions)
            if problem is not None:
                bad += 1
                on_bad(problem)
    if bad or not lines:
        what = f"{bad} of {lines} lines cannot be used; nothing was fitted" if bad else "holds no line"
        raise ConfigurationError(f"{path}: labels: {what}; give each sample or verdict a `label` of 0 or 1")
    return LabelsFile(path, lines, digest.hexdigest(), holds_verdicts)


def labelled_risk(record: Mapping[str, Any], slices: Sequence[str]) -> LabelledRisk | None:
    """The risk and label of one verdict line. None where there is no risk."""
    risk = record.get("raw_risk")
    if record["outcome"] != "scored" or risk is None:
        return None
    source = record.get(SOURCE)
    return LabelledRisk(
        risk=float(risk),
        label=int(record[LABEL]),
        source=f"{record.get('source', '')}:{source}" if source is not None else f"id:{record['id']}",
        slices={key: str(record.get("input", {}).get(key, record.get(key))) for key in slices},
    )


def why_no_risk(record: Mapping[str, Any]) -> str:
    """In a word: why a verdict line has no risk."""
    if record["outcome"] == "scored":
        return str(record["states"]["grounding_state"])
    return "failed" if record["outcome"] == "failed" else str(record["reason"])


def _is_verdict(line: RawLine) -> bool:
    record = _object(line)
    return isinstance(record, dict) and "revision" in record and "outcome" in record


def _problem(line: RawLine, holds_verdicts: bool, revisions: Collection[str]) -> BadLine | None:  # noqa: FBT001  # private
    if not holds_verdicts:
        read = read_sample(line)
        return read if isinstance(read, BadLine) else _label_problem(line.number, read.kept)
    record = _object(line)
    if not isinstance(record, dict) or not _is_verdict(line):
        return BadLine(
            number=line.number, key="line", remedy="holds no verdict of `assay judge`, as the first line does"
        )
    if record["revision"] not in revisions:
        remedy = "judged by another rubric, judge or version; judge it again with `assay judge`"
        return BadLine(number=line.number, key="revision", remedy=remedy)
    return _label_problem(line.number, record)


def _label_problem(number: int, fields: Mapping[str, Any]) -> BadLine | None:
    label = fields.get(LABEL)
    if isinstance(label, int) and label in (0, 1):
        return None
    return BadLine(number=number, key=LABEL, remedy="must be 1 (a person marked a hallucination) or 0")


def _object(line: RawLine) -> Any:
    try:
        return json.loads(line.content)
    except (ValueError, RecursionError):
        return None
