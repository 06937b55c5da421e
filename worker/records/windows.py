"""Windows of root start times, and what sweeps saw in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.records.traces import utc_iso

Why = Literal["configured", "low_traffic", "volume_unknown", "min_per_day"]
"""The rule that gave a rate."""


class ResolvedRate(Record):
    """The base rate of one use case in one window, and why it is that.

    A rate that was raised because traffic is low may be lowered at a later scan, for the traces that turn up then.
    Those that were there before keep their promise and its pi.

    Attributes:
        rate: what a trace that this rate is for is selected with. 0 where a budget is spent.
        why: the rule that gave it, before a budget lowered it.
        full: the rate without the budget; None where no budget lowered it.
        asked: how many of the window's traces the rates without a budget take on average, strata included. None where
            there is no budget.
        seen: traces of the use case in the window when the rate was set.
        seen_in_day: the most that were known of in 24 hours by then, this window included.
        expected: mean volume a day over the last complete days. None where there was none yet.
        lowered: how often the window's rate was lowered since its first scan.
        earlier: how many of the window's traces an earlier and higher rate was for.
        earlier_taken: how many of those that rate takes on average.
        strata: the rates of the strata as they were at the first scan, by their keys. None in windows of an older
            Assay: there those of assay.yaml hold.
    """

    rate: float = Field(ge=0.0, le=1.0)
    why: Why
    full: float | None = Field(default=None, gt=0.0, le=1.0)
    asked: float | None = Field(default=None, ge=0.0)
    seen: int = Field(default=0, ge=0)
    seen_in_day: int = Field(default=0, ge=0)
    expected: float | None = None
    lowered: int = Field(default=0, ge=0)
    earlier: int = Field(default=0, ge=0)
    earlier_taken: float = Field(default=0.0, ge=0.0)
    strata: dict[str, float] | None = None

    @property
    def is_for_low_traffic(self) -> bool:
        """Whether it was raised because traffic is low, or not known to be high."""
        return self.why in ("low_traffic", "volume_unknown")

    @property
    def paced(self) -> float:
        """What a budget leaves of all rates of the window: the factor by which this one and those of strata fell."""
        return 1.0 if self.full is None else self.rate / self.full

    def taken(self, seen: int) -> float:
        """How many of so many traces of the window are selected on average."""
        return self.earlier_taken + self.rate * max(0, seen - self.earlier)


class WindowRecord(Record):
    """What sweeps saw in one window of root start times.

    Attributes:
        rates: resolved at the first scan and written before anything is promised. So a trace has one answer and one pi
            however often its window is scanned. See `ResolvedRate` for when one is lowered.
        seen: traces in the last scan, by use case.
        not_selected: those that the hash passed over, by `count_key`. The ledger counts what was selected.
        not_selected_budget: those of them that the rates without a budget would have taken.
        feedback: ids of traces that were passed over, and that users' feedback added since, by `count_key`. They are no
            longer among `not_selected`.
        store: the store that was looked into, where it is not the deployment's first or only one.
        policy: which use cases there were at the first scan, and what they matched, as a hash. Empty in windows of an
            older Assay.
        late: how many traces turned up only after `late_seconds`: they ran for long, or arrived late.
        rootless: about how many traces no sweep can see, because none of their steps is a root. None where nobody
            looked, which is most windows.
    """

    start: AwareDatetime
    end: AwareDatetime
    scans: int = 0
    is_final: bool = False
    next_scan: AwareDatetime | None = None
    seen: dict[str, int] = Field(default_factory=dict)
    not_selected: dict[str, int] = Field(default_factory=dict)
    not_selected_budget: dict[str, int] = Field(default_factory=dict)
    feedback: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rates: dict[str, ResolvedRate] = Field(default_factory=dict)
    store: str = ""
    policy: str = ""
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0
    late: int = 0
    rootless: int | None = None

    @property
    def id(self) -> str:
        """The window's start, as text that sorts in time."""
        return utc_iso(self.start)

    def with_feedback(self, added: Mapping[str, Collection[str]]) -> WindowRecord:
        """The record after feedback added traces, by `count_key`. Adding one again changes nothing."""
        feedback, not_selected = dict(self.feedback), dict(self.not_selected)
        for key, trace_ids in added.items():
            known = feedback.get(key, ())
            new = sorted(set(trace_ids) - set(known))
            if new:
                feedback[key] = (*known, *new)
                not_selected[key] = max(0, not_selected.get(key, 0) - len(new))
        return self.model_copy(update={"feedback": feedback, "not_selected": not_selected})

    @property
    def total(self) -> int:
        """All traces in the last scan, whether or not a use case matched."""
        return sum(self.seen.values()) + self.unmatched + self.excluded + self.unfinished


def merged_windows(windows: Iterable[WindowRecord]) -> list[WindowRecord]:
    """Windows of several stores in the order of time, those of the same time as one record."""
    by_time: dict[tuple[datetime, datetime], list[WindowRecord]] = {}
    for window in sorted(windows, key=lambda each: (each.start, each.end)):
        by_time.setdefault((window.start, window.end), []).append(window)
    return [group[0] if len(group) == 1 else _merged(group) for group in by_time.values()]


def _merged(windows: Sequence[WindowRecord]) -> WindowRecord:
    """What sweeps saw of one time in several stores. Each use case is of one store."""
    scans = [window.next_scan for window in windows if window.next_scan is not None]
    rootless = [window.rootless for window in windows if window.rootless is not None]
    return WindowRecord(
        start=windows[0].start,
        end=windows[0].end,
        scans=min(window.scans for window in windows),
        is_final=all(window.is_final for window in windows),
        next_scan=min(scans) if len(scans) == len(windows) else None,
        seen=_summed(window.seen for window in windows),
        not_selected=_summed(window.not_selected for window in windows),
        not_selected_budget=_summed(window.not_selected_budget for window in windows),
        feedback={key: ids for window in windows for key, ids in window.feedback.items()},
        rates={name: rate for window in windows for name, rate in window.rates.items()},
        policy=windows[0].policy,
        unmatched=sum(window.unmatched for window in windows),
        excluded=sum(window.excluded for window in windows),
        unfinished=sum(window.unfinished for window in windows),
        late=sum(window.late for window in windows),
        rootless=sum(rootless) if rootless else None,
    )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)
