"""The funnel: what became of every trace, per use case and rubric. The counts add up, or it says that they do not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from pydantic import Field, computed_field

from assay.judges.schema import Record
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.windows import Windows
from assay.worker.records.ledger import FINAL_STATES, LedgerState, count_key
from assay.worker.reporting.funnel_counts import read_counts

IN_STORE = "in_store"
"""The reason of traces whose scores the store had already when they were selected."""

_HELD = "held_"
"""Begins the reasons of open traces that wait for leave, e.g. `held_budget`. It costs them neither attempt nor age."""

FAIR_SHARE, FAIR_NUMBER = 0.05, 12
"""From this share and number of windows on, what was counted in them says something about all. One window an hour is
counted, so half a day is enough."""


class FunnelRow(Record):
    """One use case under one rubric.

    seen = not_selected + selected, and selected = scored + skipped + dead + in flight. `selected` is all that the
    ledger was ever promised. `not_selected` is what the last scan of each window passed over.
    """

    use_case: str
    rubric: str
    not_selected: int
    selected: int
    scored: dict[str, int] = Field(
        default_factory=dict,
        description="By grounding state; in_store: found in the store, judged under an earlier ledger.",
    )
    skipped: dict[str, int] = Field(default_factory=dict, description="By reason.")
    dead: dict[str, int] = Field(default_factory=dict, description="By reason.")
    in_flight: dict[str, int] = Field(default_factory=dict, description="By ledger state.")
    held: dict[str, int] = Field(
        default_factory=dict, description="Of the open ones those that wait for leave, by what they wait for."
    )

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def seen(self) -> int:
        """Distinct traces that sweeps found for this use case."""
        return self.not_selected + self.selected

    @property
    def total_scored(self) -> int:
        """Traces whose scores the store shows."""
        return sum(self.scored.values())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def found_in_store(self) -> int:
        """Of the scored ones those that were judged under an earlier ledger, which was lost."""
        return self.scored.get(IN_STORE, 0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def adds_up(self) -> bool:
        """Whether everything selected ended in exactly one place or is still on its way."""
        return self.selected == sum(sum(p.values()) for p in (self.scored, self.skipped, self.dead, self.in_flight))


class Funnel(Record):
    """All rows of a range of UTC days, and what no use case took.

    Attributes:
        late: traces that were seen only after `late_seconds`. They ran for long, or arrived late.
        unseen_rootless: about how many traces without a root there are in the windows that were looked through for
            them. None where no window was, or so few that having met none says nothing.
        rootless_windows: how many windows were looked through for them.
        record_until: days before this one are told by the record, because the ledger began with it. What was not
            selected then is not known. None: the ledger has all days.
    """

    first: date
    last: date
    rows: tuple[FunnelRow, ...]
    windows: int
    unmatched: int
    excluded: int
    unfinished: int
    late: int = 0
    unseen_rootless: int | None = None
    rootless_windows: int = 0
    record_until: date | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def adds_up(self) -> bool:
        """Whether every row adds up."""
        return all(row.adds_up for row in self.rows)

    @property
    def in_flight(self) -> int:
        """Selected traces that have not ended yet."""
        return sum(sum(row.in_flight.values()) for row in self.rows)


async def read_funnel(
    ledger: LedgerReader, windows: Windows, first: date, last: date, *, record: HistoryReader | None = None
) -> Funnel:
    """The funnel of traces that started on these UTC days, both included.

    Args:
        ledger: what was promised, and what became of it.
        windows: what sweeps found.
        first: the first day.
        last: the last one.
        record: has the days before this ledger began, where an earlier one was lost.

    Raises:
        StateUnavailable
    """
    start = datetime.combine(first, time(), UTC)
    recorded = await windows.between(start, datetime.combine(last, time(), UTC) + timedelta(days=1))
    passed_over: Counter[str] = Counter()
    for window in recorded:
        passed_over.update(window.not_selected)
    counts = await read_counts(ledger, windows, first, last, record=record)
    parts: dict[str, dict[LedgerState, Counter[str]]] = {}
    promised = {count_key(*key): n for key, n in counts.promised.items()}
    for (use_case, rubric, ledger_state, reason), n in counts.ends.items():
        key = count_key(use_case, rubric)
        parts.setdefault(key, {s: Counter() for s in LedgerState})[ledger_state][reason] += n
    rows = [
        _row(key, passed_over[key], promised.get(key, 0), parts.get(key, {})) for key in sorted({*parts, *passed_over})
    ]
    rootless = [window.rootless for window in recorded if window.rootless is not None]
    return Funnel(
        first=first,
        last=last,
        rows=tuple(rows),
        windows=len(recorded),
        unmatched=sum(w.unmatched for w in recorded),
        excluded=sum(w.excluded for w in recorded),
        unfinished=sum(w.unfinished for w in recorded),
        late=sum(w.late for w in recorded),
        unseen_rootless=sum(rootless) if any(rootless) or is_fair_share(len(rootless), len(recorded)) else None,
        rootless_windows=len(rootless),
        record_until=counts.record_until,
    )


def _held(open_by_reason: Counter[str]) -> dict[str, int]:
    """Of open traces those that wait for leave, by what they wait for."""
    return {
        reason.removeprefix(_HELD): n
        for reason, n in open_by_reason.items()
        if n and (reason.startswith(_HELD) or reason == "store_busy")
    }


def is_fair_share(looked: int, windows: int) -> bool:
    """Whether so many of so many windows say something about all of them."""
    return looked > 0 and (looked == windows or (looked >= FAIR_NUMBER and looked >= FAIR_SHARE * windows))


def _row(key: str, passed_over: int, promised: int, by_state: dict[LedgerState, Counter[str]]) -> FunnelRow:
    use_case, rubric = key.split("\x1f")
    return FunnelRow(
        use_case=use_case,
        rubric=rubric,
        not_selected=passed_over,
        selected=promised,
        scored=dict(by_state.get(LedgerState.SCORED, {})),
        skipped=dict(by_state.get(LedgerState.SKIPPED, {})),
        dead=dict(by_state.get(LedgerState.DEAD, {})),
        in_flight={s.value: n for s, c in by_state.items() if s not in FINAL_STATES and (n := sum(c.values()))},
        held=_held(by_state.get(LedgerState.OPEN, Counter())),
    )
