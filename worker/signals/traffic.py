"""Traffic as columns: what a rate needs of each row of the record, for one use case, rubric and revision."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.records.columns import by_first

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shorts = NDArray[np.int32]
Bools = NDArray[np.bool_]


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
    """Traces that were selected and ended without a verdict.

    Attributes:
        pi: their selection probabilities.
        days: proleptic ordinals of the UTC days on which they started.
        reason_codes: why, of each, as an index of `reason_names`.
        reason_names: `state: reason`, e.g. `dead: poison`.
    """

    pi: Floats
    days: Integers
    reason_codes: Integers
    reason_names: tuple[str, ...]

    @property
    def reasons(self) -> Counter[str]:
        """How many by `state: reason`."""
        return counted(self.reason_codes, self.reason_names)

    def only(self, rows: Bools) -> Unanswered:
        """Some of them."""
        return replace(self, pi=self.pi[rows], days=self.days[rows], reason_codes=self.reason_codes[rows])


@dataclass(frozen=True)
class ScreenedRows:
    """Traces that a cascade's first tier judged, as columns. Those that got no score at all are among them.

    Attributes:
        first: risk by the first tier, NaN where there is none.
        final: risk by a later tier, NaN where there is none, or none was asked.
        seen: whether a later tier's verdict stands.
        chosen: whether the trace was to go on to a later tier.
        pi: selection probability.
        pi2: probability of going on, given what the first tier said: 1 where it had to.
        clusters, days: as in `Traffic`.
    """

    first: Floats
    final: Floats
    seen: Bools
    chosen: Bools
    pi: Floats
    pi2: Floats
    clusters: Integers
    days: Integers

    def only(self, rows: Bools) -> ScreenedRows:
        """Some of them."""
        return ScreenedRows(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Traffic:
    """One slice of the sample. All arrays have one length: the scored rows, with a risk or without.

    Attributes:
        risk: `hallucination_risk`, NaN where there is none.
        faithfulness, groundedness: NaN where there is none.
        pi: selection probability.
        clusters: number of the session; a trace without a session is one of its own. The same session has the same
            number in every slice that one process reads.
        days: proleptic ordinal of the UTC day of the trace's start.
        state_codes: outcome state of each row, as an index of `state_names`.
        state_names: e.g. `judged`, `refusal`.
        calibrated: whether every risk comes from a calibration.
        screened: rows of a cascade with their first phase; None where no cascade judged.
        unanswered: what the slice leaves out.
        boost: scored rows that were added because of users' feedback, and count in no rate. See `survey_design`.
        calibration: hash of the calibration that the team fitted, of the rows that were judged last. None: none.
    """

    key: SliceKey
    risk: Floats
    faithfulness: Floats
    groundedness: Floats
    pi: Floats
    clusters: Integers
    days: Integers
    state_codes: Integers
    state_names: tuple[str, ...]
    calibrated: bool
    screened: ScreenedRows | None
    unanswered: Unanswered
    boost: int = 0
    calibration: str | None = None

    @property
    def n(self) -> int:
        """How many were scored."""
        return int(self.risk.size)

    @property
    def states(self) -> Counter[str]:
        """How many by outcome state, unweighted."""
        return counted(self.state_codes, self.state_names)

    @cached_property
    def cluster_codes(self) -> Integers:
        """Numbers of the sessions of this slice alone, from 0 on in the order of the rows."""
        return by_first(self.clusters)[1]

    def is_state(self, name: str) -> Bools:
        """Which rows ended in this state."""
        code = self.state_names.index(name) if name in self.state_names else -1
        rows: Bools = self.state_codes == code
        return rows


_ROW_COLUMNS = ("risk", "faithfulness", "groundedness", "pi", "clusters", "days", "state_codes")


def by_day(traffic: Traffic) -> dict[int, Traffic]:
    """The slice of each UTC day, by its proleptic ordinal. Boosted rows are not told apart by day: they are 0."""
    days = np.unique(np.concatenate([traffic.days, traffic.unanswered.days])).tolist()
    return {day: _of_day(traffic, day) for day in days}


def counted(codes: Integers, names: tuple[str, ...]) -> Counter[str]:
    """How often each name occurs, the most frequent first."""
    counts = Counter(dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True)))
    return Counter({name: count for name, count in counts.most_common() if count})


def _of_day(traffic: Traffic, day: int) -> Traffic:
    rows = traffic.days == day
    screened = traffic.screened.only(traffic.screened.days == day) if traffic.screened else None
    return replace(
        traffic,
        **{name: getattr(traffic, name)[rows] for name in _ROW_COLUMNS},
        screened=screened if screened is not None and screened.pi.size else None,
        unanswered=traffic.unanswered.only(traffic.unanswered.days == day),
        boost=0,
    )
