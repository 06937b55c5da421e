"""The report of a period, read from the record alone. The ledger adds what is still on its way, where it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np

from assay.worker.ports.history import HistoryReader
from assay.worker.ports.review_record import ReviewRecord
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.application import application_of
from assay.worker.reporting.period.change import compared
from assay.worker.reporting.period.coverage import Ledger, read_coverage
from assay.worker.reporting.period.facts import Prompt, ReadAlong, Revision, RevisionFacts, TrafficFacts, Worst
from assay.worker.reporting.period.lean import lean
from assay.worker.reporting.period.own_scores import OwnScores
from assay.worker.reporting.period.records import (
    Before,
    Cascade,
    DayRate,
    Fact,
    Judging,
    PeriodReport,
    RevisionReport,
    Split,
    UseCaseReport,
    ValueRates,
    WorstAnswer,
)
from assay.worker.reporting.period.upstream import UpstreamShares
from assay.worker.signals.estimators import flagged_rate, problem_rate
from assay.worker.signals.rates import Rates, rates
from assay.worker.signals.reading import Slices, read_traffic
from assay.worker.signals.reviewed import Reviews, read_reviews
from assay.worker.signals.shared_calibration import calibration_notes, read_users, users_of
from assay.worker.signals.traffic import Floats, ScreenedRows, SliceKey, Traffic, by_day
from assay.worker.statistics.judge_error import JudgeLabels

USUAL_CUT = 0.5
"""From which risk on an answer of a rubric that is no longer there counts as flagged."""

MOST_VALUES = 20
"""Values of a fact that get rates of their own. Of the others it is told how many traces there are."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PeriodReader:
    """Reads reports of one record.

    Args:
        reader: the record.
        cuts: from which risk on an answer counts as flagged, by rubric.
        labels_of: what people's labels say of a judge, for the corrected figure; by rubric, evaluator revision and cut.
            Reviews of the use case's own answers come first, where there are enough.
        reviews: what people were asked to review and what they said. None: it is not kept.
    """

    def __init__(
        self,
        reader: HistoryReader,
        *,
        cuts: Mapping[str, float],
        labels_of: Callable[[str, str, float], JudgeLabels | None] = lambda *_: None,
        reviews: ReviewRecord | None = None,
    ) -> None:
        self._reader = reader
        self._cuts = cuts
        self._labels_of = labels_of
        self._reviews = reviews

    async def read(
        self, query: HistoryQuery, *, by: Fact | None = None, ledger: Ledger | None = None, compare: bool = True
    ) -> PeriodReport:
        """The report of a period, without links.

        Args:
            query: which traces.
            by: the fact that rates are split by.
            ledger: where to ask for what is in flight. None: it is not known.
            compare: whether the period before is read, too.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        use_cases, note = await self._use_cases(query, ledger, compare=compare)
        if by is not None:  # only now that all else that was read is let go of
            splits = self._splits(by, await read_traffic(self._reader, query, by=by))
            use_cases = [_with_splits(case, by, splits) for case in use_cases]
        notes = (note,) if note else ()
        return PeriodReport(since=query.since, until=query.until, by=by, use_cases=tuple(use_cases), notes=notes)

    async def _use_cases(
        self, query: HistoryQuery, ledger: Ledger | None, *, compare: bool
    ) -> tuple[list[UseCaseReport], str]:
        """What is told of use cases, without splits, and what to know of it."""
        facts, scores, upstream = TrafficFacts(), OwnScores(), UpstreamShares()
        slices = await read_traffic(ReadAlong(self._reader, facts, scores, upstream), query)
        coverage, note = await read_coverage(facts.counts, query, ledger)
        earlier = await read_traffic(self._reader, query.before()) if compare else None
        reviews = await read_reviews(self._reviews, query)
        users = await read_users(self._reader, query, slices.values())
        shared = calibration_notes(slices.values(), users_of((earlier or {}).values()), users)
        prompts = facts.prompts.named()
        rows: dict[tuple[str, str], list[RevisionReport]] = {pair: [] for pair in coverage}
        for key, traffic in sorted(slices.items()):
            row = self._row(key, traffic, facts, prompts, reviews, warning=shared.get(key, ""))
            row = row.model_copy(
                update={
                    "scores": scores.of(Revision(*key[:3])),
                    "before": None if earlier is None else _before(key, traffic, row.rates, earlier, query.before()),
                }
            )
            rows.setdefault((key.use_case, key.rubric), []).append(row)
        use_cases = [
            UseCaseReport(
                use_case=pair[0],
                rubric=pair[1],
                coverage=coverage[pair].model_copy(update={"upstream": upstream.of(pair)}),
                revisions=_ordered(own),
            )
            for pair, own in sorted(rows.items())
            if pair in coverage
        ]
        return use_cases, note

    def _row(
        self,
        key: SliceKey,
        traffic: Traffic,
        facts: TrafficFacts,
        prompts: Mapping[int, Prompt],
        reviews: Reviews,
        *,
        warning: str,
    ) -> RevisionReport:
        own = facts.revisions.get(Revision(*key[:3]), RevisionFacts())
        cut = self._cuts.get(key.rubric, USUAL_CUT)
        reviewed = reviews.labels(key, cut)
        enough = reviewed is not None and reviewed.are_enough
        labels = reviewed if enough else self._labels_of(key.rubric, key.revision, cut) or reviewed
        told = rates(traffic, cut, labels=labels)
        return RevisionReport(
            revision=key.revision,
            rates=told,
            states=dict(traffic.states.most_common()),
            boost=traffic.boost,
            unanswered=dict(traffic.unanswered.reasons.most_common()),
            cascade=_cascade(traffic.screened),
            people=reviews.people(key, traffic, cut),
            days=tuple(_days(traffic, told)),
            judging=_judging(own),
            application=application_of(own, prompts),
            worst=tuple(_worst(answer) for answer in sorted(own.worst, reverse=True)),
            warnings=tuple(_warnings(told, warning)),
        )

    def _splits(self, by: Fact, values: Slices) -> dict[Revision, Split]:
        """The rates by a fact, of each revision."""
        own: dict[Revision, list[SliceKey]] = {}
        for key in values:
            own.setdefault(Revision(*key[:3]), []).append(key)
        return {revision: self._split(by, keys, values, revision) for revision, keys in own.items()}

    def _split(self, by: Fact, own: list[SliceKey], values: Slices, revision: Revision) -> Split:
        own.sort(key=lambda key: (-values.scored[key], key.value or ""))
        shown, rest = own[:MOST_VALUES], own[MOST_VALUES:]
        traces, count = values.others.get(revision) or (0, 0)
        return Split(
            by=by,
            values=tuple(
                lean(ValueRates(value=key.value, rates=rates(values[key], self._cuts.get(key.rubric, USUAL_CUT))))
                for key in shown
            ),
            others=sum(values.scored[key] for key in rest) + traces,
            other_values=len(rest) + count,
        )


def _with_splits(case: UseCaseReport, by: Fact, splits: Mapping[Revision, Split]) -> UseCaseReport:
    """A use case with the rates by a fact, of each of its revisions."""
    none = Split(by=by, values=())
    rows = [(row, Revision(case.use_case, case.rubric, row.revision)) for row in case.revisions]
    revisions = tuple(row.model_copy(update={"split": splits.get(key, none)}) for row, key in rows)
    return case.model_copy(update={"revisions": revisions})


def _ordered(rows: list[RevisionReport]) -> tuple[RevisionReport, ...]:
    """Revisions with the most traces first."""
    return tuple(sorted(rows, key=lambda row: (-row.rates.n, row.revision)))


def _before(
    key: SliceKey, traffic: Traffic, now: Rates, earlier: Mapping[SliceKey, Traffic], period: HistoryQuery
) -> Before:
    alike = [other for other, then in earlier.items() if other[:2] == key[:2] and then.n]
    others = tuple(other.revision for other in alike if other != key)
    return compared(traffic, now, earlier.get(key), period, others=others)


def _days(traffic: Traffic, whole: Rates) -> Iterator[DayRate]:
    """The trend, as rates behind the traffic: days are compared with each other."""
    rate_of = flagged_rate if whole.problem_share is None else problem_rate
    for day, part in sorted(by_day(traffic).items()):
        rate = rate_of(part, whole.cut, "behind")
        yield DayRate(
            day=date.fromordinal(day),
            n=part.n,
            with_risk=int((~np.isnan(part.risk)).sum()),
            rate=None if rate is None else rate.estimate(),
        )


def _cascade(rows: ScreenedRows | None) -> Cascade | None:
    if rows is None:
        return None
    is_escalated = rows.pi2 >= 1
    counts = {
        "escalated": rows.chosen & is_escalated,
        "audited": rows.chosen & ~is_escalated,
        "passed": ~rows.chosen,
        "unanswered": rows.chosen & ~rows.seen,
    }
    return Cascade(**{name: int(which.sum()) for name, which in counts.items()})


def _judging(facts: RevisionFacts) -> Judging:
    costs = facts.of_all("judge_cost_usd")
    return Judging(
        judges=dict(facts.judges.most_common()),
        cost_usd=_sum(costs),
        unpriced=int(np.isnan(costs).sum()),
    )


def _sum(values: Floats) -> float | None:
    """The sum of what is known. None where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.sum()) if known.size else None


def _worst(answer: Worst) -> WorstAnswer:
    return WorstAnswer(
        trace_id=answer.trace_id,
        observation_id=answer.observation_id or "",
        started_at=_EPOCH + timedelta(microseconds=int(answer.started)),
        risk=answer.risk,
        kind=answer.kind,
    )


def _warnings(told: Rates, shared: str) -> Iterator[str]:
    if told.with_risk and not told.calibrated:
        yield "not every risk here comes from a calibration: no expected share is told; see assay calibrate"
    if shared:
        yield shared
