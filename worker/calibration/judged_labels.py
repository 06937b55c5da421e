"""Labelled answers with the risk a judge gives them: the rows that a calibration is fitted on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.judges.errors import ConfigurationError, ModelUnavailable
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import JudgeName, Rubric
from assay.worker.batch.reading import RawLine, SampleSource
from assay.worker.batch.run import judge_all
from assay.worker.batch.verdict_lines import Judged
from assay.worker.calibration.labels import LabelledRisk, LabelsFile, labelled_risk, why_no_risk
from assay.worker.records.jsonl import BadLine

MOST_FAILED = 0.02
"""Above this share of failed judgements the rest may not be what the labels stand for."""


def tier_to_calibrate(rubric: Rubric, judge: JudgeName | None) -> JudgeName:
    """The judge to calibrate: every tier of a cascade has a risk of its own.

    Raises:
        ConfigurationError: the rubric names several and none was chosen.
    """
    if judge is None and rubric.judge.is_cascade:
        tiers = ", ".join(rubric.judge.tiers)
        raise ConfigurationError(f"rubric {rubric.name}: judge.tiers: names {tiers}; choose one with --judge")
    return judge or rubric.tier


def judge_labels(  # noqa: PLR0913  # what is judged, by whom, and how much at once
    source: SampleSource,
    file: LabelsFile,
    evaluator: Evaluator,
    slices: Sequence[str],
    *,
    workers: int,
    concurrency: int,
    on_judged: Callable[[], None],
    redaction: Redaction,
) -> tuple[list[LabelledRisk], Mapping[str, int]]:
    """Judge the labelled samples of a file, or read the verdicts it holds.

    Args:
        source: the opened file.
        file: what the file was found to hold.
        evaluator: the judge to calibrate, without a calibration.
        slices: fields of a line by whose values the figures are also told.
        workers: processes of the local judge.
        concurrency: samples in flight at a judge model.
        on_judged: called after each judged sample.
        redaction: what no judge gets to see.

    Returns:
        The rows that have a risk, and how many have none by reason.

    Raises:
        ModelUnavailable: too many could not be judged.
    """
    rows: list[LabelledRisk] = []
    without: Counter[str] = Counter()

    def take(verdict: dict[str, Any]) -> None:
        row = labelled_risk(verdict, slices)
        if row is None:
            without[why_no_risk(verdict)] += 1
        else:
            rows.append(row)

    def take_judged(result: Judged | BadLine) -> None:
        if isinstance(result, Judged):
            take(json.loads(result.line))
            on_judged()

    if file.holds_verdicts:
        for line in source:
            if isinstance(line, RawLine):
                take(json.loads(line.content))
    else:
        judge_all(source, evaluator, take_judged, workers=workers, concurrency=concurrency, redaction=redaction)
    if without["failed"] > MOST_FAILED * file.lines:
        raise ModelUnavailable(f"{without['failed']} of {file.lines} samples could not be judged; nothing was fitted")
    return rows, without
