"""Traffic as columns: what a rate needs of each row of the record, for one use case, rubric and revision."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.two_phase import Phased

Floats = NDArray[np.float64]


class SliceKey(NamedTuple):
    """What rows of one slice have in common. Rates are never pooled over revisions.

    `value` is that of the fact a report is split by, e.g. `v42` for `--by prompt_version`. None: it is not split, or
    the fact is unknown.
    """

    use_case: str
    rubric: str
    revision: str
    value: str | None = None


@dataclass(frozen=True)
class Unanswered:
    """Traces of the base sample that were selected and ended without a verdict.

    Attributes:
        pi: their selection probabilities.
        reasons: how many by `state: reason`.
    """

    pi: Floats
    reasons: Counter[str]


@dataclass(frozen=True)
class Traffic:
    """One slice of the base sample. All arrays have one length: the scored rows, with a risk or without.

    Attributes:
        risk: `hallucination_risk`, NaN where there is none.
        faithfulness, groundedness: NaN where there is none.
        pi: selection probability.
        clusters: number of the session; a trace without a session is one of its own.
        days: proleptic ordinal of the UTC day of the trace's start.
        states: how many by outcome state, e.g. `judged`, `refusal`, unweighted; `state_codes` has them by row.
        calibrated: whether every risk comes from a calibration.
        phased: rows of a cascade with their first phase; empty where no cascade judged.
        unanswered: what the slice leaves out.
        boost: rows that were added to look at, and count in no rate.
    """

    key: SliceKey
    risk: Floats
    faithfulness: Floats
    groundedness: Floats
    pi: Floats
    clusters: NDArray[np.int64]
    days: NDArray[np.int64]
    state_codes: NDArray[np.int64]
    state_names: tuple[str, ...]
    states: Counter[str]
    calibrated: bool
    phased: tuple[Phased, ...]
    unanswered: Unanswered
    boost: int = 0

    @property
    def n(self) -> int:
        """How many were scored."""
        return int(self.risk.size)
