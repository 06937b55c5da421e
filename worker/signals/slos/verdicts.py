"""Good, bad, or neither: what each row of the record says of each objective of its use case."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.worker.config.objectives import OBJECTIVE_NAMES, ObjectiveName
from assay.worker.ports.history import Block
from assay.worker.records.columns import UNKNOWN_INTEGER
from assay.worker.signals.slos.aims import AT, Aims, Ends
from assay.worker.signals.traffic import Bools, Floats, Integers

Verdicts = NDArray[np.int8]
"""A `Verdict` of each row."""

JUDGED_BY_RUBRIC: tuple[ObjectiveName, ...] = ("quality", "faithfulness", "refusals")
"""What a judge says. It is never pooled over revisions, and of several rubrics the worst counts."""


class Verdict(IntEnum):
    """What a trace says of an objective. Of several the lowest counts: what is known to be bad is bad.

    `NOT_ASKED`: the objective is not about this trace, as faithfulness is not about a refusal. `UNKNOWN`: it is, and
    the fact is missing.
    """

    BAD = 0
    UNKNOWN = 1
    GOOD = 2
    NOT_ASKED = 3


def row_verdicts(block: Block, codes: Integers, ends: Ends, aims: Aims) -> Verdicts:
    """A column for each of `OBJECTIVE_NAMES`. That of `coverage` is told when all rows are there.

    Args:
        block: rows of the record.
        codes: the use case of each, by `Aims.codes`.
        ends: how each ended.
        aims: what is asked.
    """
    columns: dict[ObjectiveName, Verdicts] = {
        "quality": _quality(block, codes, ends, aims),
        "faithfulness": score_verdicts(block["faithfulness"].floats(), aims.limit("faithfulness", codes), ends),
        "refusals": _refusals(ends),
        "latency": _at_most(block["duration_s"].floats(), aims.limit("latency", codes)),
        "first_token": _at_most(block["first_token_s"].floats(), aims.limit("first_token", codes)),
        "token_time": _at_most(_token_times(block), aims.limit("token_time", codes)),
        "cost": _at_most(block["cost_usd"].floats(), aims.limit("cost", codes)),
        "feedback": _feedback(block) if aims.has("feedback") else np.full(codes.size, Verdict.NOT_ASKED, np.int8),
        "coverage": np.full(codes.size, Verdict.NOT_ASKED, np.int8),
    }
    table = np.stack([columns[name] for name in OBJECTIVE_NAMES], axis=1)
    for name, at in AT.items():
        table[~aims.is_in_force(name, codes), at] = Verdict.NOT_ASKED
    return table


def risk_verdicts(risk: Floats, limit: Floats, counts: Bools, ends: Ends) -> Verdicts:
    """Of risks: bad from the limit on, as answers are flagged. A risk that does not count is not known."""
    known = ~np.isnan(risk)
    verdicts = np.where(risk >= limit, Verdict.BAD, Verdict.GOOD)
    return _where_missing(np.where(known & ~counts, Verdict.UNKNOWN, verdicts), known, ends)


def score_verdicts(scores: Floats, limit: Floats, ends: Ends) -> Verdicts:
    """Of scores: good from the limit on."""
    return _where_missing(np.where(scores >= limit, Verdict.GOOD, Verdict.BAD), ~np.isnan(scores), ends)


def _where_missing(verdicts: NDArray[Any], known: Bools, ends: Ends) -> Verdicts:
    missing = np.where(ends.is_unanswered | ends.lacks_evidence, Verdict.UNKNOWN, Verdict.NOT_ASKED)
    return np.where(known, verdicts, missing).astype(np.int8)


def _quality(block: Block, codes: Integers, ends: Ends, aims: Aims) -> Verdicts:
    counts = (block["calibrated"].floats() == 1) | aims.counts_uncalibrated(codes)
    return risk_verdicts(block["risk"].floats(), aims.limit("quality", codes), counts, ends)


def _refusals(ends: Ends) -> Verdicts:
    verdicts = np.where(ends.has_refused, Verdict.BAD, Verdict.GOOD)
    missing = np.where(ends.is_unanswered, Verdict.UNKNOWN, Verdict.NOT_ASKED)
    return np.where(ends.is_scored, verdicts, missing).astype(np.int8)


def _at_most(values: Floats, limit: Floats) -> Verdicts:
    verdicts = np.where(values <= limit, Verdict.GOOD, Verdict.BAD)
    return np.where(np.isnan(values), Verdict.UNKNOWN, verdicts).astype(np.int8)


def _token_times(block: Block) -> Floats:
    """Seconds for each output token after the first. Unknown for a single one, and where no first token is known."""
    tokens = block["output_tokens"].floats()
    after = block["duration_s"].floats() - block["first_token_s"].floats()
    with np.errstate(divide="ignore", invalid="ignore"):
        times: Floats = np.where((tokens > 1) & (after >= 0), after / (tokens - 1), np.nan)
    return times


def _feedback(block: Block) -> Verdicts:
    opinions = block["opinion"].floats()
    verdicts = np.where(opinions >= 0.5, Verdict.GOOD, Verdict.BAD)
    return np.where(np.isnan(opinions), Verdict.UNKNOWN, verdicts).astype(np.int8)


def ends_of(block: Block) -> Integers:
    """When each row's trace was over, in microseconds; its start where nothing else is known."""
    started, ended = block["started_at"].integers(), block["ended_at"].integers()
    durations = np.nan_to_num(block["duration_s"].floats(), nan=0.0)
    by_duration = started + (durations * 1_000_000).astype(np.int64)
    known: Integers = np.where(ended == UNKNOWN_INTEGER, by_duration, ended)
    return known
