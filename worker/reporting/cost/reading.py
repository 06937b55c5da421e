"""From the record to what a period cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.windows import Windows
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.cost.records import (
    CostFact,
    CostPart,
    CostReport,
    Jump,
    Money,
    ProjectedMonth,
    UseCaseCost,
)
from assay.worker.signals.cost.projecting import MonthCost, first_day_needed, midnight, month_cost, month_of
from assay.worker.signals.cost.rows import CostColumns, CostRows, read_costs, read_costs_of_each
from assay.worker.signals.cost.ticking import CostScope, budget_of, seen_by_day
from assay.worker.signals.cost.tokens import token_jumps
from assay.worker.signals.cost.totals import is_counted, parts_by, request_mean, requests, whole_total
from assay.worker.signals.windows import AHEAD

NEAR = 0.80
"""A day that came to this share of its budget is told."""

NO_COUNTS = "Redis does not answer: how many traces there were is told by the sample alone"


MOST_SILENT = 8
"""Use cases without traces that are named."""

MOST_AT_ONCE = 100
"""Use cases whose rows are read in one go. Of more, each block would fall into hundreds of small pieces."""


class _Ends(Protocol):
    """A sum with its interval."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


@dataclass(frozen=True)
class CostReader:
    """Reads what traffic cost.

    Attributes:
        windows: where sweeps have counted traces. None: Redis does not answer.
    """

    reader: HistoryReader
    windows: Windows | None
    scope: CostScope

    async def read(
        self, query: HistoryQuery, now: datetime, *, by: CostFact | None = None, others: Sequence[str] = ()
    ) -> CostReport:
        """The cost of a period, and of this month.

        Args:
            query: the period; without use cases all of them.
            now: the moment.
            by: what to split it by.
            others: use cases that assay.yaml no longer has, and that the record has.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        names = query.use_cases or (*self.scope.budgets, *others)
        since = min(query.since, first_day_needed(now))
        until = max(query.until, now + AHEAD)
        seen, note = await self._seen(since, until)
        cases, every = [], []
        silent = []
        at_once = await self._read_at_once(query, since, until, names)
        for name in names:
            columns = at_once.pop(name, None) or await self._read(since, until, name)
            rows = await in_thread(columns.rows, seen.get(name, {}))
            if rows.size:
                every.append(rows)
                cases.append(await in_thread(self._use_case, name, rows, query, now, by))
            elif name not in others:
                silent.append(name)
        whole = None if query.use_cases else await in_thread(self._month, month_cost(every, now), None, now)
        return CostReport(
            since=query.since,
            until=query.until,
            by=by,
            use_cases=tuple(cases),
            month=whole if cases else None,
            notes=(*([note] if note else []), *([_silent_words(silent)] if silent else [])),
        )

    async def _read(self, since: datetime, until: datetime, name: str) -> CostColumns:
        return await read_costs(self.reader, HistoryQuery(since=since, until=until, use_cases=(name,)))

    async def _read_at_once(
        self, query: HistoryQuery, since: datetime, until: datetime, names: Sequence[str]
    ) -> dict[str, CostColumns]:
        """The rows of all use cases, where all are told of. Nothing where some are, or where there are very many."""
        if query.use_cases or len(names) > MOST_AT_ONCE:
            return {}
        return await read_costs_of_each(self.reader, HistoryQuery(since=since, until=until), names)

    async def _seen(self, since: datetime, until: datetime) -> tuple[Mapping[str, Mapping[int, int]], str]:
        """Traces that sweeps counted on days that lie within the period as a whole."""
        if self.windows is None:
            return {}, NO_COUNTS
        try:
            return await seen_by_day(self.windows, midnight(since), until), ""
        except StateUnavailable:
            return {}, NO_COUNTS

    def _use_case(
        self, name: str, rows: CostRows, query: HistoryQuery, now: datetime, by: CostFact | None
    ) -> UseCaseCost:
        own = rows.between(query.since, query.until)
        parts = parts_by(own, by) if by and own.size else []
        return UseCaseCost(
            use_case=name,
            counted=is_counted(own),
            whole=_part(None, own),
            parts=tuple(
                CostPart(
                    value=part.value,
                    requests=part.requests,
                    n=part.n,
                    n_known=part.total.n if part.total else 0,
                    known_share=part.total.known_share if part.total else 0.0,
                    total=_money(part.total),
                    per_request=part.per_request,
                )
                for part in parts
            ),
            month=self._month(month_cost([rows], now), name, now),
            jumps=tuple(Jump.model_validate(jump._asdict()) for jump in token_jumps(rows, now)),
        )

    def _month(self, month: MonthCost, use_case: str | None, now: datetime) -> ProjectedMonth:
        days = (month_of(now)[1] - month_of(now)[0]).days
        own = self.scope.whole if use_case is None else self.scope.budgets.get(use_case)
        budget = budget_of(own, days) if own else None
        per_day = None if own is None else own.budget_usd_per_day or (budget / days if budget else None)
        projected = month.projected
        return ProjectedMonth(
            so_far=_money(month.so_far),
            today=_money(month.today),
            projected=_money(projected),
            method=projected.method if projected else None,
            days=projected.days if projected else 0,
            budget_usd=budget,
            budget_usd_per_day=per_day,
            state=_state(projected, month.so_far, budget),
            day_state=_day_state(month.today, per_day),
        )


def _silent_words(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_SILENT} more" if len(names) > MOST_SILENT else ""
    return f"no traces in the record: {', '.join(names[:MOST_SILENT])}{more}"


def _part(value: str | None, rows: CostRows) -> CostPart:
    total, known = whole_total(rows), ~np.isnan(rows.cost_usd)
    weight = float(rows.weights.sum())
    return CostPart(
        value=value,
        requests=requests(rows),
        n=rows.size,
        n_known=int(known.sum()),
        known_share=float(rows.weights[known].sum()) / weight if weight else 0.0,
        total=_money(total),
        per_request=request_mean(rows.cost_usd, rows.pi),
    )


def _money(ends: _Ends | None) -> Money | None:
    return None if ends is None else Money(value=ends.value, low=ends.low, high=ends.high)


def _state(
    projected: _Ends | None, so_far: _Ends | None, budget: float | None
) -> Literal["within", "likely over", "over"] | None:
    """How the month stands to its budget. What it cost so far says so, too, where nothing can be projected yet."""
    if budget is None:
        return None
    told = [ends for ends in (projected, so_far) if ends is not None]
    if any(ends.low > budget for ends in told):
        return "over"
    if any(ends.value > budget for ends in told):
        return "likely over"
    return "within" if projected is not None else None


def _day_state(today: _Ends | None, budget: float | None) -> Literal["within", "near", "over"] | None:
    if today is None or budget is None:
        return None
    if today.value < NEAR * budget:
        return "within"
    return "over" if today.value > budget else "near"
