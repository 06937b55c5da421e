"""Traces that users complained about, and that the hash passed over: judged too, to be looked at, and in no rate.

Feedback comes later than its trace. So it is read with a delay, when the trace's window was looked through, and what
the window's own rates selected stays theirs. A complaint about a trace that no sweep has seen adds nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import FEEDBACK_STRATUM, UseCase
from assay.worker.flow import selection
from assay.worker.flow.batching import chunks
from assay.worker.flow.candidates import Chooser
from assay.worker.flow.promising import Promiser
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.reviews import HumanScore, ReviewQueues
from assay.worker.ports.source import TraceReader, trace_in
from assay.worker.ports.windows import Windows
from assay.worker.records.ledger import Promise, count_key
from assay.worker.records.traces import TraceKey, TraceRoot
from assay.worker.records.windows import WindowRecord

EVERY = timedelta(minutes=5)
"""Feedback is read no more often."""

AT_ONCE = timedelta(hours=6)
"""So much of the time of feedback is read in one sweep: after an outage several catch up."""

OVERLAP = timedelta(minutes=10)
"""So much is read once more: a store shows a score later than its own time."""

BEFORE = timedelta(days=7)
"""How long before a complaint its trace may have begun."""

MOST_AT_ONCE = 2_000
"""Complaints of one sweep. More are no opinions of people."""

_FETCHED = 50
_KEY = "feedback:swept"
_TTL_S = 30 * 86400

log = structlog.get_logger(__name__)


class Swept(Record):
    """Until when feedback was read, and how many traces it added on a day, by use case."""

    until: AwareDatetime | None = None
    day: str = ""
    taken: dict[str, int] = Field(default_factory=dict)

    def on(self, day: str) -> Counter[str]:
        """How many were added on this day."""
        return Counter(self.taken if day == self.day else {})


class Complaint(NamedTuple):
    """A trace that a user complained about: its root, its use case, and how many that may add in a day."""

    root: TraceRoot
    use_case: UseCase
    most_per_day: int


@dataclass(frozen=True)
class FeedbackSweep:
    """Reads what users say. One sweep at a time holds the sweep's lock, so nothing here is done twice at once."""

    scores: ReviewQueues
    traces: TraceReader
    windows: Windows
    key_values: KeyValues
    deployment: Deployment

    async def sweep(self, chooser: Chooser, promiser: Promiser, now: datetime) -> int:
        """Add what users complained about since the last time. Returns how many traces were added.

        Raises:
            StoreError, StateUnavailable: nothing is lost, the next sweep reads the same again.
        """
        if not any(case.feedback for case in self.deployment.use_cases):
            return 0
        swept = await self._swept()
        since = swept.until or now - timedelta(hours=self.deployment.lookback_hours)
        until = min(now - self._delay, since + AT_ONCE)
        if until - since < EVERY:
            return 0
        day = now.date().isoformat()
        taken = swept.on(day)
        added = 0
        for chunk in chunks(await self._scores(since - OVERLAP, until), _FETCHED):
            new = [each for each in await self._complaints(chunk, chooser, now) if await self._is_new(each, promiser)]
            added += await self._add(_within(new, taken), chooser, promiser, now)
        await self._keep(Swept(until=until, day=day, taken=dict(taken)))
        return added

    @property
    def _delay(self) -> timedelta:
        """By then the window of a trace that was complained about at once has been looked through."""
        top = self.deployment
        return timedelta(seconds=top.window_seconds + top.late_seconds + top.defaults.quiet_seconds) + EVERY

    async def _scores(self, since: datetime, until: datetime) -> list[HumanScore]:
        """The first complaint about each trace, in the order of time."""
        rules = [case.feedback for case in self.deployment.use_cases if case.feedback]
        first: dict[str, HumanScore] = {}
        for name in sorted({name for rule in rules for name in rule.scores}):
            async for page in self.scores.feedback(name, since, until):
                for score in page:
                    is_complaint = any(rule.is_complaint(score.name, score.value) for rule in rules)
                    if score.trace_id and not score.is_prefilled and is_complaint:
                        known = first.get(score.trace_id)
                        first[score.trace_id] = min(known or score, score, key=lambda each: each.at)
        if len(first) > MOST_AT_ONCE:
            log.warning("feedback.too_much", complaints=len(first), taken=MOST_AT_ONCE)
        return sorted(first.values(), key=lambda score: score.at)[:MOST_AT_ONCE]

    async def _complaints(self, scores: Sequence[HumanScore], chooser: Chooser, now: datetime) -> list[Complaint]:
        """Of these complaints those about a trace whose use case wants them."""
        keys = [TraceKey(trace_id=score.trace_id or "", start=score.at - BEFORE, end=score.at) for score in scores]
        fetched = await self.traces.fetch_traces(keys)
        complaints = []
        for score in scores:
            trace = trace_in(fetched, score.trace_id or "")
            case = chooser.use_case_of(trace.root, now) if trace else None
            if trace and case and case.feedback and case.feedback.is_complaint(score.name, score.value):
                complaints.append(Complaint(trace.root, case, case.feedback.most_per_day))
        return complaints

    async def _is_new(self, complaint: Complaint, promiser: Promiser) -> bool:
        """Whether its window passed it over, and it was not added before."""
        window = await self._window_of(complaint.root)
        if window is None or not self._is_passed_over(complaint, window):
            return False
        rubrics = self.deployment.rubrics_of(complaint.use_case)
        return not await promiser.entries([(rubric, complaint.root.trace_id) for rubric in rubrics])

    async def _add(self, complaints: Sequence[Complaint], chooser: Chooser, promiser: Promiser, now: datetime) -> int:
        """Promise them. The windows are told first: a crash in between repeats, and changes nothing."""
        promises: list[Promise] = []
        for complaint in complaints:
            window = await self._window_of(complaint.root)
            if window is not None:
                promises += self._promises(complaint, window, chooser, now)
        await self._tell_windows(promises)
        if promises:
            await promiser.release(promises, now, may_be_old=True)
        return len(complaints)

    async def _window_of(self, root: TraceRoot) -> WindowRecord | None:
        recorded = await self.windows.between(root.start - timedelta(hours=1), root.start + timedelta(microseconds=1))
        return next((window for window in reversed(recorded) if window.start <= root.start < window.end), None)

    def _is_passed_over(self, complaint: Complaint, window: WindowRecord) -> bool:
        """Whether the window's own rates did not select it. Where it has none, no sweep has seen such a trace."""
        rate = window.rates.get(complaint.use_case.name)
        if rate is None or not window.scans:
            return False
        salt, case = self.deployment.salt, complaint.use_case
        return selection.decide(complaint.root, case, rate.rate, salt, paced=rate.paced, strata=rate.strata) is None

    def _promises(
        self, complaint: Complaint, window: WindowRecord, chooser: Chooser, now: datetime
    ) -> Iterator[Promise]:
        chosen = selection.Selected(pi=1.0, stratum=FEEDBACK_STRATUM, sample="boost")
        case = complaint.use_case
        for name in self.deployment.rubrics_of(case):
            rubric = chooser.rubrics[name]
            yield chooser.promise(complaint.root, chosen, case, rubric, window=window.id, now=now)

    async def _tell_windows(self, promises: Sequence[Promise]) -> None:
        """Keep with each window which of its traces are no longer passed over."""
        added: dict[datetime, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for promise in promises:
            added[datetime.fromisoformat(promise.window)][count_key(promise.use_case, promise.rubric)].append(
                promise.trace_id
            )
        for start, by_key in added.items():
            window = await self.windows.at(start)
            if window is not None:
                await self.windows.put(window.with_feedback(by_key))

    async def _swept(self) -> Swept:
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        return Swept.model_validate_json(raw) if raw else Swept()

    async def _keep(self, swept: Swept) -> None:
        await self.key_values.keep(_KEY, swept.model_dump_json().encode(), ttl_s=_TTL_S, replace=True)


def _within(complaints: Sequence[Complaint], taken: Counter[str]) -> list[Complaint]:
    """As many as the day has room for, the earliest first."""
    room: list[Complaint] = []
    for complaint in complaints:
        name = complaint.use_case.name
        if taken[name] < complaint.most_per_day:
            taken[name] += 1
            room.append(complaint)
    return room
