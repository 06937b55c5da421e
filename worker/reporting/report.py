"""The report: rates over traffic from the traces that were judged, weighted by how likely each was chosen.

The ledger is read once, and what is kept of a trace are a few numbers in columns.

Rates are never pooled across evaluator revisions: another judge, prompt or rubric is another instrument.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np
from numpy.typing import NDArray

from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.ports.outcomes import OutcomeReader
from assay.worker.records.ledger import LedgerState
from assay.worker.records.outcomes import Outcome
from assay.worker.reporting.cascade_rates import CascadeRates, cascade_rates, flagged_share
from assay.worker.reporting.columns import Columns, Phases, Worst, day_number
from assay.worker.reporting.unanswered import Silence, SilentKind, SilentTraces, is_unanswered, silence
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import hajek_share

_Key = tuple[str, str, str]
"""Use case, rubric and evaluator revision."""

_NO_JUDGE = "none"
"""The judge of an outcome that none was asked for, as where there is no evidence."""


class Distribution(Record):
    """How a score is spread over the judged traces (unweighted): count and quantiles."""

    n: int
    p10: float
    median: float
    p90: float


class WorstAnswer(Record):
    """One of the riskiest answers. `url` is its page in the trace store, where that has pages."""

    trace_id: str
    observation_id: str | None = None
    risk: float
    url: str | None = None


class DayRate(Record):
    """The rate of one UTC day."""

    day: date
    judged: int
    with_risk: int
    flagged: Estimate | None


class ReportRow(Record):
    """One use case, rubric and evaluator revision.

    `flagged` is the share of traces with a risk whose risk is at least the rubric's `high` cut, weighted by 1/pi; None
    where nothing with a risk was judged. It speaks of all such traffic of the use case, judged or not. Where a cascade
    judged it is the two-phase estimate of `cascade`. `unanswered` is what it leaves out, with its bounds. `behind` is
    the same share as an estimate of the rate behind this traffic, answers of one session taken as one draw: what
    periods are compared by. None for a cascade, and where all answers are of one session.
    `cost_usd` is None if any model's price is unknown. `from_store` counts those of the scored that were judged under
    an earlier ledger, and whose values were read back from the store.
    """

    use_case: str
    rubric: str
    revision: str
    judge: str
    scored: int
    with_risk: int
    flagged: Estimate | None
    flag_at: float
    distributions: dict[str, Distribution]
    states: dict[str, int]
    cost_usd: float | None
    from_store: int = 0
    behind: Estimate | None = None
    unanswered: Silence | None = None
    worst: tuple[WorstAnswer, ...] = ()
    days: tuple[DayRate, ...] = ()
    cascade: CascadeRates | None = None


class _Reading:
    """The ledger as it is read for one report."""

    def __init__(self) -> None:
        self.rows: dict[_Key, Columns] = {}
        self.silent = SilentTraces()
        self._lost: dict[_Key, Phases] = {}

    def add(self, outcome: Outcome) -> None:
        """Keep what is needed of a trace."""
        if outcome.state == LedgerState.SCORED and outcome.judged is not None:
            key = (outcome.use_case, outcome.rubric, outcome.judged.revision)
            self.rows.setdefault(key, Columns()).add(outcome, outcome.judged)
        elif is_unanswered(outcome.state, outcome.reason):
            self.silent.add(outcome)
            if outcome.silent is not None:
                key = (outcome.use_case, outcome.rubric, outcome.silent.revision)
                self._lost.setdefault(key, Phases()).add(outcome, outcome.silent.first, day_number(outcome.start))

    def share_out(self) -> Mapping[_Key, set[int]]:
        """Give each kind of unanswered traces to the row of its revision.

        One that no judge was asked for has no revision. It goes to the row that judged the same version of rubric and
        calibration, and among several, or without one, to the row that judged last.
        """
        for row, lost in self._lost.items():
            if row in self.rows:
                self.rows[row].phases.add_lost(lost)
        kinds: dict[_Key, set[int]] = {}
        for kind, number in self.silent.kinds.items():
            key = self._row_of(kind)
            if key is not None:
                kinds.setdefault(key, set()).add(number)
        return kinds

    def _row_of(self, kind: SilentKind) -> _Key | None:
        own = (kind.use_case, kind.rubric, kind.revision or "")
        if own in self.rows:
            return own
        rows = {key: row for key, row in self.rows.items() if key[:2] == own[:2]}
        return max(rows, key=lambda key: (kind.version in rows[key].versions, rows[key].last), default=None)


async def read_report(outcomes: OutcomeReader, rubrics: Iterable[Rubric], first: date, last: date) -> list[ReportRow]:
    """One row per use case, rubric and revision over traces that started on these UTC days.

    Raises:
        StateUnavailable
    """
    cuts = {rubric.name: rubric.risk_labels.high for rubric in rubrics}
    reading = _Reading()
    async for outcome in outcomes.outcomes(first, last):
        reading.add(outcome)
    kinds = reading.share_out()
    return [
        _row(key, columns, cuts.get(key[1], 0.5), *reading.silent.of(kinds.get(key, set())))
        for key, columns in sorted(reading.rows.items())
    ]


def _row(key: _Key, columns: Columns, cut: float, silent: Counter[str], silent_pis: list[float]) -> ReportRow:
    cascade = cascade_rates(columns.phases, cut)
    flagged = cascade.flagged if cascade else _share(columns, cut)
    with_risk = ~np.isnan(columns.risk)
    return ReportRow(
        **dict(zip(("use_case", "rubric", "revision"), key, strict=True)),
        judge="cascade" if cascade else _judges(columns.judges),
        scored=columns.n,
        from_store=columns.from_store,
        with_risk=int(with_risk.sum()),
        flagged=flagged,
        cascade=cascade,
        flag_at=cut,
        distributions={name: _distribution(values) for name, values in sorted(columns.numbers.items())},
        states=dict(columns.states),
        cost_usd=columns.cost_usd,
        behind=None if cascade else _share(columns, cut, by_session=True),
        unanswered=silence(flagged, columns.pi[with_risk].tolist(), silent_pis, silent),
        worst=tuple(map(_worst, columns.worst)),
        days=_days(columns, cut),
    )


def _judges(judges: Counter[str]) -> str:
    """Who judged, by how much: `local`. Where there was no evidence, nobody was asked."""
    return ", ".join(judge for judge, _ in judges.most_common() if judge != _NO_JUDGE) or _NO_JUDGE


def _worst(answer: Worst) -> WorstAnswer:
    return WorstAnswer(trace_id=answer.trace_id, observation_id=answer.observation_id or None, risk=answer.risk)


def _share(
    columns: Columns, cut: float, *, of: NDArray[np.bool_] | None = None, by_session: bool = False
) -> Estimate | None:
    """The weighted share of flagged traces among those with a risk.

    Args:
        columns: the traces.
        cut: the risk from which on a trace is flagged.
        of: which of the traces are asked for. None: all.
        by_session: whether answers of one session are taken as one draw.
    """
    there = ~np.isnan(columns.risk) if of is None else ~np.isnan(columns.risk) & of
    if not there.any():
        return None
    sessions = columns.sessions[there] if by_session else None
    return hajek_share(columns.risk[there] >= cut, columns.pi[there], clusters=sessions)


def _days(columns: Columns, cut: float) -> tuple[DayRate, ...]:
    """The rate day by day. Where a cascade judged, each day's is a two-phase estimate of its own."""
    rates = []
    for day in np.unique(columns.days).tolist():
        of = columns.days == day
        is_cascade = day in columns.phases.days
        flagged = flagged_share(columns.phases.rows(day), cut) if is_cascade else _share(columns, cut, of=of)
        with_risk = int((~np.isnan(columns.risk) & of).sum())
        rates.append(DayRate(day=date.fromordinal(day), judged=int(of.sum()), with_risk=with_risk, flagged=flagged))
    return tuple(rates)


def _distribution(values: array[float]) -> Distribution:
    ordered = np.sort(np.frombuffer(values, dtype=np.float64))

    def quantile(q: float) -> float:
        return float(ordered[min(len(ordered) - 1, int(q * len(ordered)))])

    return Distribution(n=len(ordered), p10=quantile(0.1), median=quantile(0.5), p90=quantile(0.9))
