"""From rows to traces: what all rubrics together say of each, for one use case, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from assay.worker.config.objectives import ObjectiveName
from assay.worker.records.columns import by_first
from assay.worker.records.history import microseconds
from assay.worker.signals.slos.aims import AT
from assay.worker.signals.slos.rows import TWO_PHASE, Columns, Judge, SloRows, latest_judges
from assay.worker.signals.slos.verdicts import JUDGED_BY_RUBRIC, Verdict, Verdicts
from assay.worker.signals.traffic import Bools, Floats, Integers

_LATER = 9
"""Above all verdicts: an unknown fact while the rows of a trace are put together, since another row may know it."""


@dataclass(frozen=True)
class SloTraces:
    """Traces of one use case. All arrays have one length.

    Attributes:
        started: in microseconds, in this order.
        pi: selection probability.
        clusters: number of the session, or of the trace itself, from 0 on within the use case: small numbers need no
            sorting, and each objective of each window asks for them.
        verdicts: a column for each of `OBJECTIVE_NAMES`. What another revision judged is `NOT_ASKED` there.
        first: of quality and faithfulness what a cascade's first tier said; without a cascade as `verdicts`.
        is_final: whether the last tier's word stands, as it does without a cascade.
        is_chosen: whether it was to be asked.
        is_lost: whether it was asked in vain.
        pi2: probability of its being asked.
        in_goodput: traces that answered, and were judged by the latest revision or by none.
        is_other: traces that only other revisions judged.
        is_uncalibrated: traces with a risk that no calibration stands behind.
    """

    started: Integers
    pi: Floats
    clusters: Integers
    verdicts: Verdicts
    first: Verdicts
    is_final: Bools
    is_chosen: Bools
    is_lost: Bools
    pi2: Floats
    in_goodput: Bools
    is_other: Bools
    is_uncalibrated: Bools

    @classmethod
    def none(cls) -> SloTraces:
        """No trace at all."""
        no, nothing = np.empty(0, np.bool_), np.empty(0, np.int64)
        verdicts = np.empty((0, len(AT)), np.int8)
        return cls(
            started=nothing,
            pi=np.empty(0),
            clusters=nothing,
            verdicts=verdicts,
            first=verdicts[:, : len(TWO_PHASE)],
            is_final=no,
            is_chosen=no,
            is_lost=no,
            pi2=np.empty(0),
            in_goodput=no,
            is_other=no,
            is_uncalibrated=no,
        )

    @property
    def n(self) -> int:
        """How many there are."""
        return int(self.started.size)

    def of(self, name: ObjectiveName) -> Verdicts:
        """What they say of one objective."""
        column: Verdicts = self.verdicts[:, AT[name]]
        return column

    def since(self, moment: datetime) -> SloTraces:
        """Those that started from a moment on."""
        at = int(np.searchsorted(self.started, microseconds(moment)))
        return self.only(slice(at, None))

    def before(self, moment: datetime) -> SloTraces:
        """Those that started before a moment."""
        return self.only(slice(None, int(np.searchsorted(self.started, microseconds(moment)))))

    def only(self, which: slice | NDArray[np.bool_]) -> SloTraces:
        """Some of them."""
        return replace(self, **{name: getattr(self, name)[which] for name in self.__dataclass_fields__})


def traces_by_use_case(rows: SloRows) -> dict[str, SloTraces]:
    """The traces of each use case that has any."""
    columns = rows.columns()
    if columns is None:
        return {}
    _leave_out_other_judges(columns, rows)
    order = np.lexsort((columns["trace"], columns["started"], columns["use_case"]))
    for name in list(columns):  # one after the other, so that no two copies of all lie in memory
        columns[name] = columns[name][order]
    keys = np.stack([columns["use_case"], columns["started"], columns["trace"]])
    begins = np.flatnonzero(np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)]))
    cases = columns["use_case"][begins]
    traces = _put_together(columns, begins)
    each = {
        rows.aims.use_cases[case]: traces.only(slice(*np.searchsorted(cases, [case, case + 1])))
        for case in np.unique(cases).tolist()
    }
    return {name: replace(own, clusters=by_first(own.clusters)[1]) for name, own in each.items()}


def _leave_out_other_judges(columns: Columns, rows: SloRows) -> None:
    """Take away what other revisions than the latest said, and what is missing from their time."""
    latest = latest_judges(rows)
    judges = [Judge(*judge) for judge in rows.judges]
    home = np.array([latest.get((judge.use_case, judge.rubric), -1) for judge in judges], dtype=np.int64)
    began = np.array([rows.first.get(number, 0) if number >= 0 else 0 for number in home.tolist()], dtype=np.int64)
    own = columns["judge"]
    other = columns["is_scored"] & (home[own] != own)
    other |= ~columns["is_scored"] & (columns["started"] < began[own])
    for name in JUDGED_BY_RUBRIC:
        columns["verdicts"][other, AT[name]] = Verdict.NOT_ASKED
    columns["first"][other] = Verdict.NOT_ASKED
    columns["is_other"] = other
    columns["is_uncalibrated"] &= ~other


def _put_together(columns: Columns, begins: Integers) -> SloTraces:
    """One trace for each run of rows. The worst word of any rubric counts; a fact is known where any row knows it."""

    def any_of(name: str) -> Bools:
        rows: Bools = np.maximum.reduceat(columns[name], begins)
        return rows

    def all_of(name: str) -> Bools:
        rows: Bools = np.minimum.reduceat(columns[name], begins)
        return rows

    table = columns["verdicts"].copy()
    facts = [at for name, at in AT.items() if name not in JUDGED_BY_RUBRIC]
    table[:, facts] = np.where(table[:, facts] == Verdict.UNKNOWN, _LATER, table[:, facts])
    verdicts = np.minimum.reduceat(table, begins, axis=0)
    verdicts[verdicts == _LATER] = Verdict.UNKNOWN
    is_other = all_of("is_other")
    return SloTraces(
        started=columns["started"][begins],
        pi=np.maximum.reduceat(columns["pi"], begins),  # of samples that are nested the larger one
        clusters=columns["cluster"][begins],
        verdicts=verdicts,
        first=np.minimum.reduceat(columns["first"], begins, axis=0)[:, : len(TWO_PHASE)],
        is_final=all_of("is_final"),
        is_chosen=all_of("is_chosen"),
        is_lost=any_of("is_lost"),
        pi2=np.multiply.reduceat(columns["pi2"], begins),
        in_goodput=~is_other & ~all_of("is_empty"),
        is_other=is_other,
        is_uncalibrated=any_of("is_uncalibrated"),
    )
