"""The funnel: what became of every trace, per use case and rubric; the counts add up, or say that they do not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from pydantic import Field

from judges.schema import Record
from worker.ports import FleetState
from worker.schema import FINAL_STATES, LedgerState


class FunnelRow(Record):
    """One use case under one rubric.

    seen = not_selected + selected, and selected = scored + skipped + dead + in flight; `adds_up` says whether so.
    """

    use_case: str
    rubric: str
    seen: int
    not_selected: int
    selected: int
    scored: dict[str, int] = Field(default_factory=dict, description="By grounding state.")
    skipped: dict[str, int] = Field(default_factory=dict, description="By reason.")
    dead: dict[str, int] = Field(default_factory=dict, description="By reason.")
    in_flight: dict[str, int] = Field(default_factory=dict, description="By ledger state.")

    @property
    def total_scored(self) -> int:
        """Traces whose scores the store shows."""
        return sum(self.scored.values())

    @property
    def adds_up(self) -> bool:
        """Whether both sums hold exactly."""
        ended = sum(sum(part.values()) for part in (self.scored, self.skipped, self.dead, self.in_flight))
        return self.seen == self.not_selected + self.selected and self.selected == ended


class Funnel(Record):
    """All rows of a range of UTC days, and what no use case took."""

    first: date
    last: date
    rows: tuple[FunnelRow, ...]
    windows: int
    unmatched: int
    excluded: int
    unfinished: int

    @property
    def adds_up(self) -> bool:
        """Whether every row adds up."""
        return all(row.adds_up for row in self.rows)

    @property
    def in_flight(self) -> int:
        """Selected traces that have not ended yet."""
        return sum(sum(row.in_flight.values()) for row in self.rows)


async def read_funnel(state: FleetState, first: date, last: date) -> Funnel:
    """The funnel of traces that started on these UTC days, both included."""
    start = datetime.combine(first, time(), UTC)
    windows = await state.windows(start, datetime.combine(last, time(), UTC) + timedelta(days=1))
    seen: Counter[str] = Counter()
    passed_over: Counter[str] = Counter()
    for window in windows:
        seen.update(window.seen)
        passed_over.update(window.not_selected)
    parts: dict[tuple[str, str], dict[LedgerState, Counter[str]]] = {}
    for (use_case, rubric, ledger_state, reason), n in (await state.counts(first, last)).items():
        by_state = parts.setdefault((use_case, rubric), {s: Counter() for s in LedgerState})
        by_state[ledger_state][reason] += n
    unselected = {(name, "") for name in seen if not any(case == name for case, _ in parts)}
    rows = [
        _row(use_case, rubric, seen[use_case], passed_over[use_case], parts.get((use_case, rubric), {}))
        for use_case, rubric in sorted({*parts, *unselected})
    ]
    return Funnel(
        first=first,
        last=last,
        rows=tuple(rows),
        windows=len(windows),
        unmatched=sum(w.unmatched for w in windows),
        excluded=sum(w.excluded for w in windows),
        unfinished=sum(w.unfinished for w in windows if not w.is_final),
    )


def _row(
    use_case: str, rubric: str, seen: int, passed_over: int, by_state: dict[LedgerState, Counter[str]]
) -> FunnelRow:
    return FunnelRow(
        use_case=use_case,
        rubric=rubric,
        seen=seen,
        not_selected=passed_over,
        selected=sum(sum(counter.values()) for counter in by_state.values()),
        scored=dict(by_state.get(LedgerState.SCORED, {})),
        skipped=dict(by_state.get(LedgerState.SKIPPED, {})),
        dead=dict(by_state.get(LedgerState.DEAD, {})),
        in_flight={s.value: n for s, c in by_state.items() if s not in FINAL_STATES and (n := sum(c.values()))},
    )
