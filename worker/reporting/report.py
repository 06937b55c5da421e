"""The report: rates over traffic from the traces that were judged, weighted by how likely each was chosen.

Rates are never pooled across evaluator revisions: another judge, prompt or rubric is another instrument.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState
from assay.worker.reporting.cascade_rates import CascadeRates, cascade_rates
from assay.worker.reporting.unanswered import Silence, is_unanswered, silence
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import hajek_share

RISK = "hallucination_risk"
WORST = 3
"""Answers that a report points to. `assay flagged` lists the others."""

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
    `cost_usd` is None if any model's price is unknown.
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
    behind: Estimate | None = None
    unanswered: Silence | None = None
    worst: tuple[WorstAnswer, ...] = ()
    days: tuple[DayRate, ...] = ()
    cascade: CascadeRates | None = None


@dataclass
class _Group:
    """The entries of one row: scored, without a score though a first tier had screened them, and without an answer."""

    use_case: str
    rubric: str
    revision: str
    scored: list[LedgerEntry] = field(default_factory=list)
    screened: list[LedgerEntry] = field(default_factory=list)
    silent: list[LedgerEntry] = field(default_factory=list)

    def judged_last(self, version: tuple[str, str | None]) -> tuple[bool, datetime]:
        """Orders rows by whether they judged a version of rubric and calibration, then by when they last judged."""
        versions = {entry.promise.version for entry in self.scored}
        return version in versions, max(entry.changed_at for entry in self.scored)


async def read_report(ledger: LedgerReader, rubrics: Iterable[Rubric], first: date, last: date) -> list[ReportRow]:
    """One row per use case, rubric and revision over traces that started on these UTC days.

    Raises:
        StateUnavailable
    """
    cuts = {rubric.name: rubric.risk_labels.high for rubric in rubrics}
    groups: dict[_Key, _Group] = {}
    silent: list[LedgerEntry] = []
    async for entry in ledger.scan(first, last):
        if entry.state is LedgerState.SCORED and entry.judgement is not None:
            key = (entry.promise.use_case, entry.promise.rubric, entry.judgement.revision)
            groups.setdefault(key, _Group(*key)).scored.append(entry)
        elif is_unanswered(entry):
            silent.append(entry)
    _share_out(silent, list(groups.values()))
    return [_row(group, cuts.get(group.rubric, 0.5)) for _, group in sorted(groups.items())]


def _share_out(silent: Iterable[LedgerEntry], groups: Sequence[_Group]) -> None:
    """Give each unanswered trace to the row of its revision.

    One that no judge was asked for has no revision. It goes to the row that judged the same version of rubric and
    calibration, and among several, or without one, to the row that judged last.
    """
    for entry in silent:
        promise, unanswered = entry.promise, entry.unanswered
        rows = [group for group in groups if (group.use_case, group.rubric) == (promise.use_case, promise.rubric)]
        own = next((group for group in rows if unanswered and group.revision == unanswered.revision), None)
        if own is not None:
            own.screened.append(entry)
        row = own or max(rows, key=lambda group: group.judged_last(promise.version), default=None)
        if row is not None:
            row.silent.append(entry)


def _row(group: _Group, cut: float) -> ReportRow:
    entries = group.scored
    judgements = [entry.judgement for entry in entries if entry.judgement is not None]
    risky = [(entry, value) for entry in entries if (value := _number(entry, RISK)) is not None]
    cascade = cascade_rates(entries, group.screened, RISK, cut)
    flagged = cascade.flagged if cascade else _share(entries, cut)
    costs = [judgement.cost_usd for judgement in judgements]
    names = sorted({name for j in judgements for name, value in j.values.items() if not isinstance(value, str)})
    worst = heapq.nlargest(WORST, risky, key=lambda pair: (pair[1], pair[0].promise.start, pair[0].trace_id))
    return ReportRow(
        use_case=group.use_case,
        rubric=group.rubric,
        revision=group.revision,
        judge="cascade" if cascade else _judges(judgements),
        scored=len(entries),
        with_risk=len(risky),
        flagged=flagged,
        cascade=cascade,
        flag_at=cut,
        distributions={
            name: _distribution([v for e in entries if (v := _number(e, name)) is not None]) for name in names
        },
        states=dict(Counter(judgement.state for judgement in judgements)),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        behind=None if cascade else _share(entries, cut, by_session=True),
        unanswered=silence(flagged, [entry for entry, _ in risky], group.silent),
        worst=tuple(_worst(entry, value) for entry, value in worst),
        days=_days(group, cut),
    )


def _judges(judgements: Sequence[Judgement]) -> str:
    """Who judged, by how much: `local`. Where there was no evidence, nobody was asked."""
    asked = Counter(judgement.judge for judgement in judgements if judgement.judge != _NO_JUDGE)
    return ", ".join(judge for judge, _ in asked.most_common()) or _NO_JUDGE


def _worst(entry: LedgerEntry, risk: float) -> WorstAnswer:
    return WorstAnswer(trace_id=entry.trace_id, observation_id=entry.promise.observation_id, risk=risk)


def _share(entries: Iterable[LedgerEntry], cut: float, *, by_session: bool = False) -> Estimate | None:
    """The weighted share of flagged traces among those with a risk."""
    risky = [(entry, value >= cut) for entry in entries if (value := _number(entry, RISK)) is not None]
    flags, pis = [flag for _, flag in risky], [entry.promise.pi for entry, _ in risky]
    sessions = [_session(entry) for entry, _ in risky] if by_session else None
    return hajek_share(flags, pis, clusters=sessions) if risky else None


def _session(entry: LedgerEntry) -> tuple[str, str]:
    """What an answer belongs to. One without a session stands for itself."""
    session_id = entry.judgement.facts.session_id if entry.judgement else None
    return ("session", session_id) if session_id else ("trace", entry.trace_id)


def _days(group: _Group, cut: float) -> tuple[DayRate, ...]:
    """The rate day by day. Where a cascade judged, each day's is a two-phase estimate of its own."""
    scored: dict[date, list[LedgerEntry]] = defaultdict(list)
    screened: dict[date, list[LedgerEntry]] = defaultdict(list)
    for entries, by_day in ((group.scored, scored), (group.screened, screened)):
        for entry in entries:
            by_day[entry.promise.start.astimezone(UTC).date()].append(entry)
    rates = []
    for day, entries in sorted(scored.items()):
        cascade = cascade_rates(entries, screened[day], RISK, cut)
        with_risk = sum(_number(entry, RISK) is not None for entry in entries)
        flagged = cascade.flagged if cascade else _share(entries, cut)
        rates.append(DayRate(day=day, judged=len(entries), with_risk=with_risk, flagged=flagged))
    return tuple(rates)


def _number(entry: LedgerEntry, name: str) -> float | None:
    value = entry.judgement.values.get(name) if entry.judgement else None
    return value if isinstance(value, float) else None


def _distribution(values: list[float]) -> Distribution:
    ordered = sorted(values)

    def quantile(q: float) -> float:
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]

    return Distribution(n=len(ordered), p10=quantile(0.1), median=quantile(0.5), p90=quantile(0.9))
