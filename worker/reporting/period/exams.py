"""What people's labels say of the judge behind a rate: the last exam on the anchors of a golden set."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from assay.worker.golden.results.run_result import JudgeExam
from assay.worker.golden.runs.run_store import GATE, RUN, RunStore
from assay.worker.golden.sets.files import GoldenSetError, read_mapping
from assay.worker.golden.sets.manifest import Manifest
from assay.worker.statistics.judge_error import JudgeLabels

RISK = "hallucination_risk"


class ExaminedSet(NamedTuple):
    """A golden set, and the kept runs of it."""

    manifest: Manifest
    runs: RunStore


class Exams:
    """Finds the labels that examined a judge."""

    def __init__(self, sets: Iterable[ExaminedSet]) -> None:
        self._sets = tuple(sets)

    @classmethod
    def kept(cls, data_dir: Path, directories: Iterable[Path]) -> Exams:
        """Exams of the golden sets in these directories. A set that cannot be read, or never ran here, has none."""
        return cls(_examined(data_dir, directories))

    def labels(self, rubric: str, revision: str, cut: float) -> JudgeLabels | None:
        """The newest exam of an evaluator revision, as labels. None where no exam examined its flags at this cut.

        A set that passes answers by other scores, too, or by another risk, flags its anchors differently.
        """
        for golden in self._sets:
            if golden.manifest.rubric != rubric or not _flags_at(golden.manifest, cut):
                continue
            for exam in _exams(golden.runs, revision):
                return _labels(exam)
        return None


def _examined(data_dir: Path, directories: Iterable[Path]) -> Iterator[ExaminedSet]:
    for directory in directories:
        runs = RunStore(data_dir, directory.name)
        if not runs.path.is_dir():
            continue
        with contextlib.suppress(GoldenSetError, ValidationError):
            yield ExaminedSet(read_mapping(directory / "manifest.yaml", Manifest), runs)


def _flags_at(manifest: Manifest, cut: float) -> bool:
    """Whether an anchor is flagged as an answer in traffic is: by its risk alone, from the same value on."""
    threshold = manifest.pass_when.get(RISK)
    return len(manifest.pass_when) == 1 and threshold is not None and threshold.at_most == cut


def _exams(runs: RunStore, revision: str) -> Iterator[JudgeExam]:
    """Kept exams of a revision, the newest first."""
    for summary in reversed(runs.history()):
        if summary.revision == revision and summary.exam is not None:
            exam = _read_exam(runs, summary.run_id)
            if exam is not None and exam.revision == revision and exam.anchors:
                yield exam


def _read_exam(runs: RunStore, run_id: str) -> JudgeExam | None:
    """The exam of a kept run alone: its answers may be megabytes."""
    for name in (GATE, RUN):
        try:
            kept = json.loads((runs.directory(run_id) / name).read_bytes())
            return JudgeExam.model_validate(kept["exam"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError, GoldenSetError):
            continue
    return None


def _labels(exam: JudgeExam) -> JudgeLabels:
    judged = [anchor for anchor in exam.anchors if anchor.flagged is not None]
    bad, good = ([anchor for anchor in judged if bool(anchor.label) is is_bad] for is_bad in (True, False))
    return JudgeLabels(
        positives=len(bad),
        caught=sum(bool(anchor.flagged) for anchor in bad),
        negatives=len(good),
        passed=sum(not anchor.flagged for anchor in good),
    )
