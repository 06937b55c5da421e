"""An ordinary day: the mean of the days that sweeps saw, at the rates that the policy gives such a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.worker.config.use_cases import UseCase
from assay.worker.flow.backfill.range_plan import PlannedRubric, PlannedUseCase, RangePlan
from assay.worker.flow.candidates import Seen
from assay.worker.flow.rates import DAY, HISTORY, CountedAhead, History, midnight_of, volume_of
from assay.worker.flow.selection import resolve_rate
from assay.worker.records.windows import WindowRecord
from assay.worker.wiring.runtime import Runtime

SLICES = 6
"""Parts of the last day of which one page of roots each is looked at, to see how much of the traffic is in strata."""


@dataclass
class OrdinaryDay:
    """Makes the plan of one day from what sweeps recorded of the days before."""

    runtime: Runtime
    now: datetime
    only: str | None = None
    days: int = 0
    """Whole days that it rests on; 0 where sweeps saw none."""

    async def plan(self) -> RangePlan:
        """The plan. Without whole days it is empty.

        Raises:
            StoreUnavailable, StoreRejected, StateUnavailable
        """
        deployment, midnight = self.runtime.deployment, midnight_of(self.now)
        recorded = await self.runtime.state.windows.between(midnight - HISTORY, self.now)
        history = History([w for w in recorded if w.start < midnight], deployment.window_seconds)
        cases = [c for c in deployment.use_cases if self.only in (None, c.name) and history.days(c.name).complete]
        self.days = max((len(history.days(case.name).complete) for case in cases), default=0)
        seen = await self._some_seen(cases)
        planned = [self._case(case, history, recorded, midnight, seen) for case in cases]
        return RangePlan(
            start=midnight,
            end=midnight + DAY,
            use_cases=tuple(case for case, _ in planned),
            rubrics=tuple(row for _, rows in planned for row in rows),
        )

    def _case(
        self, case: UseCase, history: History, recorded: Sequence[WindowRecord], midnight: datetime, seen: Seen
    ) -> tuple[PlannedUseCase, list[PlannedRubric]]:
        deployment, days = self.runtime.deployment, history.days(case.name).complete
        traces = round(sum(days) / len(days))
        window = WindowRecord(start=midnight, end=midnight + timedelta(seconds=deployment.window_seconds))
        volume = volume_of(case.name, history, recorded, window, traces, CountedAhead())
        rate = resolve_rate(case, deployment.defaults, volume._replace(in_day=0, taken_in_day=0.0))
        raised = _raised(case.name, rate.rate, seen)
        planned = PlannedUseCase(
            use_case=case.name,
            traces=traces,
            lowest_rate=rate.rate,
            highest_rate=max([rate.rate, *raised]),
            rules={rate.why: traces},
        )
        share = rate.rate + sum((high - rate.rate) * part for high, part in raised.items())
        selected = round(traces * share)
        rubrics = [
            PlannedRubric(use_case=case.name, rubric=name, selected=selected, passed_over=traces - selected)
            for name in deployment.rubrics_of(case)
        ]
        return planned, rubrics

    async def _some_seen(self, cases: Sequence[UseCase]) -> Seen:
        """Some roots of the last day, counted, where a policy has strata. Windows do not record strata."""
        seen = Seen()
        if not any(case.strata for case in cases):
            return seen
        chooser = self.runtime.sweeps.scanner.chooser
        for part in range(SLICES):
            start = self.now - DAY + part * DAY / SLICES
            async for page in self.runtime.store.list_roots(start, start + DAY / SLICES):
                seen.add(chooser.count_by_use_case(page, self.now))
                break
        return seen


def _raised(use_case: str, rate: float, seen: Seen) -> Counter[float]:
    """The share of a use case's traces by the rate of their stratum, where that is above the base rate."""
    all_of_them = seen.by_use_case[use_case]
    shares: Counter[float] = Counter()
    for (name, high), n in seen.strata.items():
        if name == use_case and high > rate:
            shares[high] += n / all_of_them  # type: ignore[assignment]  # a Counter of shares
    return shares
