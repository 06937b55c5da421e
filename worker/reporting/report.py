"""The report: rates over all traffic from the traces that were judged, weighted by how likely each was chosen.

Rates are never pooled across evaluator revisions: another judge, prompt or rubric is another instrument.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.reporting.cascade_rates import CascadeRates, cascade_rates
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import hajek_share

RISK = "hallucination_risk"

_Key = tuple[str, str, str]
"""Use case, rubric and evaluator revision."""


class Distribution(Record):
    """How a score is spread over the judged traces (unweighted): count and quantiles."""

    n: int
    p10: float
    median: float
    p90: float


class ReportRow(Record):
    """One use case, rubric and evaluator revision.

    `flagged` is the share of all traffic with a risk of at least the rubric's `high` cut, weighted by 1/pi;
    None where nothing with a risk was judged. Where a cascade judged it is the two-phase estimate of `cascade`.
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
    cascade: CascadeRates | None = None


async def read_report(ledger: LedgerReader, rubrics: Iterable[Rubric], first: date, last: date) -> list[ReportRow]:
    """One row per use case, rubric and revision over traces that started on these UTC days."""
    cuts = {rubric.name: rubric.risk_labels.high for rubric in rubrics}
    groups: dict[_Key, list[LedgerEntry]] = defaultdict(list)
    unanswered: dict[_Key, list[LedgerEntry]] = defaultdict(list)
    async for entry in ledger.scan(first, last):
        if entry.state is LedgerState.SCORED and entry.judgement is not None:
            key = (entry.promise.use_case, entry.promise.rubric, entry.judgement.revision)
            groups[key].append(entry)
        elif entry.state in (LedgerState.SKIPPED, LedgerState.DEAD) and entry.unanswered is not None:
            key = (entry.promise.use_case, entry.promise.rubric, entry.unanswered.revision)
            unanswered[key].append(entry)
    return [_row(key, entries, unanswered[key], cuts.get(key[1], 0.5)) for key, entries in sorted(groups.items())]


def _row(key: _Key, entries: list[LedgerEntry], unanswered: list[LedgerEntry], cut: float) -> ReportRow:
    judgements = [entry.judgement for entry in entries if entry.judgement is not None]
    risky = [(e, v) for e in entries if (v := _number(e, RISK)) is not None]
    cascade = cascade_rates(entries, unanswered, RISK, cut)
    flagged = hajek_share([value >= cut for _, value in risky], [e.promise.pi for e, _ in risky]) if risky else None
    costs = [judgement.cost_usd for judgement in judgements]
    names = sorted({name for j in judgements for name, value in j.values.items() if not isinstance(value, str)})
    states: dict[str, int] = defaultdict(int)
    for judgement in judgements:
        states[judgement.state] += 1
    return ReportRow(
        use_case=key[0],
        rubric=key[1],
        revision=key[2],
        judge="cascade" if cascade else judgements[0].judge,
        scored=len(entries),
        with_risk=len(risky),
        flagged=cascade.flagged if cascade else flagged,
        cascade=cascade,
        flag_at=cut,
        distributions={
            name: _distribution([v for e in entries if (v := _number(e, name)) is not None]) for name in names
        },
        states=dict(states),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def _number(entry: LedgerEntry, name: str) -> float | None:
    value = entry.judgement.values.get(name) if entry.judgement else None
    return value if isinstance(value, float) else None


def _distribution(values: list[float]) -> Distribution:
    ordered = sorted(values)

    def quantile(q: float) -> float:
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]

    return Distribution(n=len(ordered), p10=quantile(0.1), median=quantile(0.5), p90=quantile(0.9))
