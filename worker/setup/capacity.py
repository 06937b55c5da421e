"""The arithmetic of a capacity table: so many traces a day take so many workers, bytes, calls and dollars."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from assay.worker.setup.capacity_basis import CapacityBasis, CaseShare, JudgementCost
from assay.worker.setup.capacity_bounds import DAY_S, bound_uses, in_flight, sweeps_use, total
from assay.worker.setup.capacity_constants import (
    ASSESS_CPU,
    BUSY,
    COLLECTOR_CPU,
    CONTROL_CPU,
    LEDGER_BYTES,
    LEDGER_DAYS,
    LOCAL_CPU,
    SIGNALS_CPU,
    SWEEP_CPU,
    VERDICT_BYTES,
    WINDOW_BYTES,
    WINDOW_DAYS,
)
from assay.worker.setup.capacity_rows import AssessBy, BudgetUse, CapacityRow

SIGNALS_ROWS, SIGNALS_DAYS = 1_000_000, 30
"""What SIGNALS_CPU was measured over."""

RateOf = Callable[[str, float], float]
"""The base rate that a use case's policy gives a day of so many traces."""


@dataclass(frozen=True)
class CapacityTable:
    """Works out rows.

    Attributes:
        basis: what is known of the deployment.
        rate_of: its policy.
        peak: the busiest minutes of a day beside its mean.
    """

    basis: CapacityBasis
    rate_of: RateOf
    peak: float

    def row(self, traces: int, planned: Mapping[tuple[str, str], float] | None = None) -> CapacityRow:
        """One volume.

        Args:
            traces: a day, that use cases match.
            planned: judgements by use case and rubric, where a plan has counted them.
        """
        work = whole(self._work(traces) if planned is None else planned)
        of_rubric = _by_rubric(work)
        judged = sum(of_rubric.values())
        assess, why = self._assess(of_rubric)
        spans = self._spans(traces)
        record, store = judged * self.basis.row_bytes, self.basis.trace_bytes
        return CapacityRow(
            traces_a_day=traces,
            judgements_a_day=round(judged),
            judgements_per_s_peak=judged / DAY_S * self.peak,
            assess_workers=assess,
            assess_by=why,
            control_workers=self._control(traces, judged),
            redis_bytes=round(self._redis(judged)),
            record_bytes_a_day=round(record),
            record_bytes_kept=round(record * self.basis.history_days),
            store_bytes_a_day=None if store is None else round(traces * store),
            store_bytes_kept=self._store_kept(traces),
            **self._calls(of_rubric),
            spans_per_s=spans,
            spans_per_s_peak=None if spans is None else spans * self.peak,
            collectors=None if spans is None else at_least_one(spans * self.peak / (COLLECTOR_CPU.value * BUSY)),
            sweeps=sweeps_use(self.basis.scans, traces, self.peak),
            bounds=tuple(bound_uses(self.basis, of_rubric, traces, self.peak)),
            budgets=tuple(self._budgets(work)),
        )

    def selected(self, case: CaseShare, traces: int) -> float:
        """Traces of a use case that are selected of a day, its strata's more included."""
        own = traces * case.share
        rate = self.rate_of(case.use_case, own)
        return own * min(1.0, rate * case.raised)

    def _work(self, traces: int) -> dict[tuple[str, str], float]:
        """Judgements a day, by use case and rubric."""
        return {
            (case.use_case, rubric): self.selected(case, traces) for case in self.basis.cases for rubric in case.rubrics
        }

    def _assess(self, of_rubric: Mapping[str, float]) -> tuple[int, AssessBy]:
        """Assess workers, by processor time and by calls in flight, whichever asks for more."""
        by_processor = sum(of_rubric[cost.rubric] * _cpu_s(cost) for cost in self._asked(of_rubric))
        by_processor *= self.peak / DAY_S / BUSY
        waiting = max(in_flight(self.basis, of_rubric, self.peak).values(), default=0.0)
        by_calls = waiting / self.basis.judge_concurrency
        if max(by_processor, by_calls) <= 1.0:
            return 1, "one is the least"
        if by_processor >= by_calls:
            return at_least_one(by_processor), "processor"
        return at_least_one(by_calls), "calls in flight"

    def _control(self, traces: int, judged: float) -> int:
        """Sweeps run in one worker at a time, and so do signals: more than that they never keep busy."""
        writing = judged * CONTROL_CPU.value / 1000 / DAY_S * self.peak
        sweeping = traces * self.basis.scans * SWEEP_CPU.value / 1000 / DAY_S * self.peak
        signals = SIGNALS_CPU.value * judged * SIGNALS_DAYS / SIGNALS_ROWS
        return at_least_one(writing / BUSY + min(1.0, sweeping / BUSY) + min(1.0, signals / BUSY))

    def _redis(self, judged: float) -> float:
        windows = WINDOW_BYTES.value * WINDOW_DAYS * len(self.basis.cases)
        return judged * (LEDGER_BYTES.value * LEDGER_DAYS + VERDICT_BYTES.value * self.basis.verdict_days) + windows

    def _store_kept(self, traces: int) -> int | None:
        store, days = self.basis.trace_bytes, self.basis.collector_days
        return None if store is None or days is None else round(traces * store * days)

    def _spans(self, traces: int) -> float | None:
        each = self.basis.spans_per_trace
        return None if each is None or not self.basis.has_collector else traces * each / DAY_S

    def _calls(self, of_rubric: Mapping[str, float]) -> dict[str, float | int | None]:
        asked = self._asked(of_rubric)
        calls = total((cost.calls, of_rubric[cost.rubric]) for cost in asked)
        sent = total((cost.tokens_in, of_rubric[cost.rubric]) for cost in asked)
        got = total((cost.tokens_out, of_rubric[cost.rubric]) for cost in asked)
        counts = {"calls": calls, "tokens_in": sent, "tokens_out": got}
        usd = total((cost.usd, of_rubric[cost.rubric]) for cost in asked)
        return {**{name: None if n is None else round(n) for name, n in counts.items()}, "usd": usd}

    def _budgets(self, work: Mapping[tuple[str, str], float]) -> Iterable[BudgetUse]:
        usd_of = {cost.rubric: cost.usd for cost in self.basis.costs}
        cases = {case.use_case: case.usd_per_day for case in self.basis.cases}
        spent = {
            name: total((usd_of.get(rubric), n) for (case, rubric), n in work.items() if case == name) for name in cases
        }
        for name, most in cases.items():
            if most is not None:
                yield _budget(name, most, spent[name])
        if self.basis.usd_per_day is not None:
            yield _budget(None, self.basis.usd_per_day, total((usd, 1.0) for usd in spent.values()))

    def _asked(self, of_rubric: Mapping[str, float]) -> list[JudgementCost]:
        return [cost for cost in self.basis.costs if cost.rubric in of_rubric]


def at_least_one(count: float) -> int:
    """Processes for so much work."""
    return max(1, math.ceil(round(count, 9)))


def whole(work: Mapping[tuple[str, str], float]) -> Mapping[tuple[str, str], float]:
    """The same work with a whole number of judgements in all, so that all figures of a volume are about as many."""
    judged = sum(work.values())
    if not judged:
        return work
    count = max(1, round(judged))
    if math.isclose(count, judged, rel_tol=1e-12):
        return work
    return {each: n * count / judged for each, n in work.items()}


def _by_rubric(work: Mapping[tuple[str, str], float]) -> dict[str, float]:
    of_rubric: dict[str, float] = {}
    for (_, rubric), n in work.items():
        of_rubric[rubric] = of_rubric.get(rubric, 0.0) + n
    return of_rubric


def _cpu_s(cost: JudgementCost) -> float:
    return (ASSESS_CPU.value + (LOCAL_CPU.value if cost.asks_local else 0.0)) / 1000


def _budget(use_case: str | None, most: float, usd: float | None) -> BudgetUse:
    pays = None if usd is None else min(1.0, most / usd) if usd else 1.0
    return BudgetUse(use_case=use_case, usd_per_day=most, usd=usd, pays=pays)
