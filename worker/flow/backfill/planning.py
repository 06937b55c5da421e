"""Looking through a time range before anything is selected: traces, rates, and what the hash would take.

Nothing is written. A backfill that follows resolves the same rates from the same counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.worker.flow.backfill.range_plan import PlannedRubric, PlannedUseCase, RangePlan
from assay.worker.flow.candidates import Choice, Seen
from assay.worker.flow.rates import DAY, HISTORY, CountedAhead, History, midnight_of, rates_for
from assay.worker.flow.root_buffer import RootBuffer
from assay.worker.flow.window_scan import WindowScanner
from assay.worker.flow.windows import aligned, closed_until, tiles
from assay.worker.records.ledger import FINAL_STATES, LedgerEntry, Promise, count_key
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import Why, WindowRecord

MOST_DAYS = 3660
"""Longest range of one backfill: ten years. A day without traces costs a request."""

FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing older is looked for: a trace that says so has no right time."""

MOST_TRACES = 2_000_000
"""Most traces that one plan looks at: their numbers by window are held in memory."""

_Buffers = dict[datetime, tuple[WindowRecord, RootBuffer]]
"""The roots of windows by their start, in the order of time."""


@dataclass
class Planned:
    """A plan and what it rests on.

    Attributes:
        plan: what would be selected.
        counted: how many traces of each use case each window has: what a backfill goes by.
    """

    plan: RangePlan
    counted: dict[datetime, Counter[str]]

    def of_use_cases(self, names: Collection[str]) -> Planned:
        """The same for some use cases, without the windows that hold traces of others alone."""
        own = {at: Counter({n: k for n, k in counts.items() if n in names}) for at, counts in self.counted.items()}
        return Planned(self.plan, {at: counts for at, counts in own.items() if counts or not self.counted[at]})


async def plan_range(
    scanner: WindowScanner,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    only: str | None = None,
    rejudge: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Planned:
    """Look through a time range, rounded outwards to whole windows.

    Args:
        scanner: knows the store, the windows and the policy.
        start: its first moment.
        end: the moment after its last.
        now: the current moment. What is not over for long enough is left to the sweep.
        only: the one use case to look for.
        rejudge: whether traces that were judged under another version are judged again.
        progress: told which share of the range was looked at.

    Raises:
        ConfigurationError: the range is empty or too long, or has too many traces.
        StoreUnavailable, StoreRejected, StateUnavailable
    """
    start, end = _whole_windows(scanner, start, end, now)
    planning = _Planning(scanner, now, only, rejudge)
    day = midnight_of(start)
    waiting: _Buffers = {}
    while day < end:
        # A day is chosen from when the next one is counted: its traffic may say that this one's is not low.
        following = await planning.count_day(max(day, start), min(day + DAY, end))
        await planning.choose_day(waiting)
        waiting = following
        day += DAY
        progress(min(1.0, (day - start) / (end - start)))
    await planning.choose_day(waiting)
    return Planned(planning.plan(start, end), planning.counted)


def _whole_windows(scanner: WindowScanner, start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    size = timedelta(seconds=scanner.deployment.window_seconds)
    if start < FIRST_MOMENT:
        raise ConfigurationError("--from: lies before 1970; name a later moment")
    first, last = aligned(start, size), aligned(end, size)
    closed = aligned(closed_until(scanner.deployment, now), size)
    until = min(last if last == end else last + size, closed)
    if first >= until:
        raise ConfigurationError(
            f"--from, --to: no closed window between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC; "
            "what is newer is left to the sweep"
        )
    if until - first > MOST_DAYS * DAY:
        raise ConfigurationError(f"--from, --to: more than {MOST_DAYS:,} days; take several shorter ranges")
    return first, until


@dataclass
class _Planning:
    """One plan while it is made, day by day."""

    scanner: WindowScanner
    now: datetime
    only: str | None
    rejudge: bool
    counted: dict[datetime, Counter[str]] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    _ahead: CountedAhead = field(default_factory=CountedAhead)
    _rated: dict[datetime, WindowRecord] = field(default_factory=dict)
    _rates: dict[str, list[float]] = field(default_factory=dict)
    _rules: dict[str, Counter[Why]] = field(default_factory=dict)
    _rubrics: dict[str, Counter[str]] = field(default_factory=dict)

    async def count_day(self, start: datetime, end: datetime) -> _Buffers:
        """Read a day's roots and count them by window."""
        recorded = await self.scanner.windows.between(start, end)
        buffers = await self._buffers(start, end, recorded)
        for at, (_, buffer) in buffers.items():
            self.counted[at] = await self._count(buffer)
            self._ahead.add(at, self.counted[at])
        if self.seen.total > MOST_TRACES:
            raise ConfigurationError(f"--from, --to: more than {MOST_TRACES:,} traces; take a shorter range")
        return buffers

    async def choose_day(self, buffers: _Buffers) -> None:
        """Resolve the rates of a day's windows in the order of time, and choose."""
        if not buffers:
            return
        midnight = midnight_of(next(iter(buffers)))
        recorded = await self.scanner.windows.between(midnight - HISTORY, midnight + 2 * DAY)
        known = {w.start: w for w in recorded} | {at: w for at, w in self._rated.items() if at >= midnight - HISTORY}
        before = [known[at] for at in sorted(known) if at < midnight]
        history = History(before, self.scanner.deployment.window_seconds)
        around = {at: w for at, w in known.items() if at >= midnight - DAY}
        for at, (window, buffer) in buffers.items():
            counts = self.counted[at]
            in_order = [around[start] for start in sorted(around)]
            rates = rates_for(history, in_order, self.scanner.deployment, window, counts, self._ahead)
            rated = window.model_copy(update={"rates": rates, "seen": {**window.seen, **counts}})
            around[at] = self._rated[at] = rated
            await self._choose(rated, buffer, counts)
        self._rated = {at: w for at, w in self._rated.items() if at >= midnight - HISTORY}

    async def _buffers(self, start: datetime, end: datetime, recorded: Sequence[WindowRecord]) -> _Buffers:
        """The roots of a part of a day by window, in the order of time. Windows without any are left out."""
        windows = tiles(start, end, timedelta(seconds=self.scanner.deployment.window_seconds), recorded)
        buffers: _Buffers = {}
        async for page in self.scanner.source.list_roots(start, end):
            for window, roots in await in_thread(by_window, page, windows):
                buffers.setdefault(window.start, (window, RootBuffer()))[1].add(roots)
        return dict(sorted(buffers.items()))

    async def _count(self, buffer: RootBuffer) -> Counter[str]:
        seen = await self.scanner.count(buffer, self.now)
        self.seen.add(seen)
        return Counter({name: n for name, n in seen.by_use_case.items() if self.only in (None, name)})

    async def _choose(self, window: WindowRecord, buffer: RootBuffer, counts: Mapping[str, int]) -> None:
        for name, n in counts.items():
            self._rates.setdefault(name, []).append(window.rates[name].rate)
            self._rules.setdefault(name, Counter())[window.rates[name].why] += n
        for page in buffer.pages():
            choice = await in_thread(self.scanner.chooser.choose, page, window, self.now, only=self.only)
            await self._sort(choice)

    async def _sort(self, choice: Choice) -> None:
        """Tell what was promised before from what would be new."""
        for key, n in choice.passed_over.items():
            self._rubrics.setdefault(key, Counter())["passed_over"] += n
        keys = [(p.rubric, p.trace_id) for p in choice.promises]
        entries = await self.scanner.promiser.entries(keys)
        for promise in choice.promises:
            entry = entries.get((promise.rubric, promise.trace_id))
            kind = "selected" if entry is None else "known"
            kinds = self._rubrics.setdefault(count_key(promise.use_case, promise.rubric), Counter())
            is_outdated = entry is not None and _is_outdated(entry, promise)
            if is_outdated and self.rejudge:
                kind = "again"
            elif is_outdated:
                kinds["outdated"] += 1
            kinds[kind] += 1

    def plan(self, start: datetime, end: datetime) -> RangePlan:
        """Everything that was found."""
        traces: Counter[str] = Counter()
        for counts in self.counted.values():
            traces.update(counts)
        return RangePlan(
            start=start,
            end=end,
            use_cases=tuple(self._use_case(name, n) for name, n in sorted(traces.items()) if n),
            rubrics=tuple(_rubric(key, kinds) for key, kinds in sorted(self._rubrics.items())),
            windows=sum(any(counts.values()) for counts in self.counted.values()),
            unmatched=self.seen.unmatched,
            excluded=self.seen.excluded,
            unfinished=self.seen.unfinished,
        )

    def _use_case(self, name: str, traces: int) -> PlannedUseCase:
        rates, rules = self._rates[name], dict(self._rules[name])
        return PlannedUseCase(
            use_case=name, traces=traces, lowest_rate=min(rates), highest_rate=max(rates), rules=rules
        )


def by_window(page: Sequence[TraceRoot], windows: Sequence[WindowRecord]) -> list[tuple[WindowRecord, list[TraceRoot]]]:
    """The roots of a page by the window that they started in. Those in none are left out."""
    starts = [window.start for window in windows]
    groups: dict[int, list[TraceRoot]] = {}
    for root in page:
        at = bisect_right(starts, root.start) - 1
        if at >= 0 and root.start < windows[at].end:
            groups.setdefault(at, []).append(root)
    return [(windows[at], roots) for at, roots in groups.items()]


def _is_outdated(entry: LedgerEntry, promise: Promise) -> bool:
    """Whether an entry came to an end under another version of the rubric than it would have now."""
    return entry.state in FINAL_STATES and entry.promise.version != promise.version


def _rubric(key: str, kinds: Mapping[str, int]) -> PlannedRubric:
    use_case, rubric = key.split("\x1f")
    return PlannedRubric(use_case=use_case, rubric=rubric, **kinds)
