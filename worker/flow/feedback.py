"""Traces that users complained about, and that the hash passed over: judged too, to be looked at, and in no rate.

What users said of any trace, complaint or not, goes into the record besides.

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
from assay.worker.flow.feedback_seen import SeenComplaints
from assay.worker.flow.opinion_record import OpinionRecord, OpinionWriting
from assay.worker.flow.opinions import Firsts, Opinion, at_most, note
from assay.worker.flow.promising import Promiser
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.reviews import ReviewQueues
from assay.worker.ports.source import TraceReader, trace_in
from assay.worker.ports.windows import Windows
from assay.worker.records.ledger import Promise, count_key
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import WindowRecord

EVERY = timedelta(minutes=5)
"""Feedback is read no more often."""

AT_ONCE = timedelta(hours=6)
"""So much of the time of feedback is read in one sweep: after an outage several catch up."""

OVERLAP = timedelta(minutes=10)
"""So much is read once more at once: what is shown late is mostly shown some seconds late."""

SHOWN_WITHIN = timedelta(hours=24)
"""How much later than its own time a score may be shown and still count. Then it is read for the second time."""

AGAIN_EVERY = timedelta(hours=1)
"""The second look reads so much at once, so that its pages are full."""

_FETCHED = 50
_KEY = "feedback:swept"
_AGAIN_KEY = "feedback:again"
_TTL_S = 30 * 86400

log = structlog.get_logger(__name__)


class Swept(Record):
    """Until when feedback was read, and how many traces it added on a day, by use case.

    Attributes:
        adding: ids of traces that are counted in `taken` and were about to be added when this was kept. A sweep that
            failed there adds them later, and does not count them again.
    """

    until: AwareDatetime | None = None
    day: str = ""
    taken: dict[str, int] = Field(default_factory=dict)
    adding: tuple[str, ...] = ()

    def on(self, day: str) -> Swept:
        """The same on this day: on a new one nothing was added yet."""
        return self if day == self.day else Swept(until=self.until, day=day)


class Complaint(NamedTuple):
    """A trace that a user complained about: its root, its use case, and how many that may add in a day."""

    root: TraceRoot
    use_case: UseCase
    most_per_day: int


@dataclass(frozen=True)
class FeedbackSweep:
    """Reads what users say. One sweep at a time holds the sweep's lock, so nothing here is done twice at once.

    Attributes:
        record: takes all opinions, complaints or not. None: there is no record.
    """

    scores: ReviewQueues
    traces: TraceReader
    windows: Windows
    key_values: KeyValues
    deployment: Deployment
    record: OpinionRecord | None = None

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
        opinions, until = at_most(await self._read(since, until), since, until)
        swept, added = await self._take(opinions, swept, chooser, promiser, now)
        await SeenComplaints(self.key_values).note(opinions)
        swept = swept.model_copy(update={"until": until, "adding": ()})
        await self._keep(swept)
        return added + await self._look_again(since, swept, chooser, promiser, now)

    async def _look_again(
        self, since: datetime, swept: Swept, chooser: Chooser, promiser: Promiser, now: datetime
    ) -> int:
        """Read what was given a day ago once more, and add what the store did not show the first time."""
        raw = (await self.key_values.kept([_AGAIN_KEY])).get(_AGAIN_KEY)
        again = datetime.fromisoformat(raw.decode()) if raw else max(since, now - SHOWN_WITHIN)
        until = min(now - SHOWN_WITHIN, again + AT_ONCE, swept.until or again)
        added = 0
        if until - again >= AGAIN_EVERY:
            writing = self.record.writing() if self.record else None
            opinions = await self._opinions(again, until, writing)
            if writing is not None and not await writing.end():
                return 0  # the record is away, and the next sweep looks again
            late, until = at_most(await SeenComplaints(self.key_values).unseen(opinions), again, until)
            swept, added = await self._take(late, swept, chooser, promiser, now)
            await self._keep(swept.model_copy(update={"adding": ()}))
            again = until
        await self.key_values.keep(_AGAIN_KEY, again.isoformat().encode(), ttl_s=_TTL_S, replace=True)
        return added

    async def _take(
        self, opinions: Sequence[Opinion], swept: Swept, chooser: Chooser, promiser: Promiser, now: datetime
    ) -> tuple[Swept, int]:
        """Add the traces that are new among these. Returns the day's account, and how many were added."""
        swept, added = swept.on(now.date().isoformat()), 0
        for chunk in chunks(opinions, _FETCHED):
            new = [each for each in await self._complaints(chunk, chooser, now) if await self._is_new(each, promiser)]
            swept, complaints = _within(new, swept)
            if complaints:
                await self._keep(swept)
                added += await self._add(complaints, chooser, promiser, now)
        return swept, added

    @property
    def _delay(self) -> timedelta:
        """By then the window of a trace that was complained about at once has been looked through."""
        top = self.deployment
        return timedelta(seconds=top.window_seconds + top.late_seconds + top.defaults.quiet_seconds) + EVERY

    async def _read(self, since: datetime, until: datetime) -> list[Opinion]:
        """What is a complaint. The record is given all that was said, unless it lags: then what it lacks, first."""
        record = self.record
        if record is None:
            return await self._opinions(since - OVERLAP, until, None)
        lacking = await record.until(since - timedelta(hours=self.deployment.lookback_hours))
        if lacking >= since:
            writing = record.writing()
            opinions = await self._opinions(since - OVERLAP, until, writing)
        else:
            opinions, writing = await self._opinions(since - OVERLAP, until, None), record.writing()
            until = min(until, lacking + AT_ONCE)
            for name in self._names():
                await writing.read(self.scores.feedback(name, lacking - OVERLAP, until))
        if await writing.end():
            await record.wrote(until)
        return opinions

    def _names(self) -> list[str]:
        """The scores that users give, by the rules of all use cases."""
        return sorted({name for case in self.deployment.use_cases if case.feedback for name in case.feedback.scores})

    async def _opinions(self, since: datetime, until: datetime, writing: OpinionWriting | None) -> list[Opinion]:
        """What is a complaint about a trace by the rule of any use case, in the order of time."""
        rules = {case.feedback for case in self.deployment.use_cases if case.feedback}
        first: Firsts = defaultdict(dict)
        for name in self._names():
            async for page in self.scores.feedback(name, since, until):
                for score in page:
                    note(score, rules, first)
                if writing is not None:
                    await writing.add(page)
        opinions = [Opinion(trace_id, by_rule) for trace_id, by_rule in first.items()]
        return sorted(opinions, key=lambda opinion: opinion.first_at)

    async def _complaints(self, opinions: Sequence[Opinion], chooser: Chooser, now: datetime) -> list[Complaint]:
        """Of these opinions those that the trace's own use case takes for a complaint."""
        fetched = await self.traces.fetch_traces([opinion.key for opinion in opinions])
        complaints = []
        for opinion in opinions:
            trace = trace_in(fetched, opinion.trace_id)
            case = chooser.use_case_of(trace.root, now) if trace else None
            if trace and case and case.feedback and case.feedback in opinion.by_rule:
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


def _within(complaints: Sequence[Complaint], swept: Swept) -> tuple[Swept, list[Complaint]]:
    """As many as the day has room for, the earliest first, and what is counted with them."""
    taken, known = Counter(swept.taken), set(swept.adding)
    room: list[Complaint] = []
    for complaint in complaints:
        name, trace_id = complaint.use_case.name, complaint.root.trace_id
        if trace_id not in known and taken[name] >= complaint.most_per_day:
            continue
        taken[name] += trace_id not in known
        room.append(complaint)
    adding = tuple(complaint.root.trace_id for complaint in room)
    return swept.model_copy(update={"taken": dict(taken), "adding": adding}), room
