"""The flagged answers of a period, worst first, and out of how many.

The ledger is read once from end to end. Only the worst are kept, so memory does not grow with the traffic.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import NamedTuple

from assay.judges.schema import Record
from assay.worker.ports.batch_sizes import READ_LIMIT
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.parts import projects_of
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import Project
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.windows import Windows
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.records.scores import Score
from assay.worker.reporting.flagged.query import Cut, FlaggedQuery
from assay.worker.reporting.funnel import IN_STORE
from assay.worker.reporting.funnel_counts import read_counts

_JUDGED = frozenset({LedgerState.JUDGED, LedgerState.POSTED, LedgerState.SCORED})

MOST_STORED = 2_000
"""Scores of an earlier ledger that are read from the store for one list: 20 requests."""


class FlaggedCounts(Record):
    """What a list rests on. An answer is counted once for each rubric that it was judged by.

    Attributes:
        judged: answers with a verdict, or with a score that an earlier ledger wrote.
        with_score: those that have the score in question. A refusal, for example, has no risk.
        flagged: those whose score is bad.
        boosted: judged answers that only a stratum's raised rate selected.
        unwritten: flagged answers whose scores the store does not show yet.
        stored: among the judged, answers of an earlier ledger: their scores were found in the store.
        unread: answers of an earlier ledger whose scores were not read.
        in_flight: selected and not judged yet.
        unanswered: skipped or dead.
        forgotten: scored in these days, and no longer in the ledger.
    """

    judged: int = 0
    with_score: int = 0
    flagged: int = 0
    boosted: int = 0
    unwritten: int = 0
    stored: int = 0
    unread: int = 0
    in_flight: int = 0
    unanswered: int = 0
    forgotten: int = 0


class FlaggedEntry(NamedTuple):
    """One flagged answer: by which cut, with which value; `stored` where only the store has its score."""

    entry: LedgerEntry
    cut: Cut
    value: float
    stored: Score | None = None


class Ranking(NamedTuple):
    """The worst answers in order, and what the list rests on. `problem` says why scores of the store are missing."""

    worst: Sequence[FlaggedEntry]
    counts: FlaggedCounts
    problem: str = ""


class WrittenVerdicts(NamedTuple):
    """Where verdicts are found: this ledger, and the store for what an earlier one wrote.

    `windows` and `record` tell how many more were scored under an earlier ledger, whose entries nobody has any more.
    """

    ledger: LedgerReader
    project: Project
    sink: ScoreReader
    windows: Windows | None = None
    record: HistoryReader | None = None


class Ranker:
    """Reads the ledger for one query."""

    def __init__(self, query: FlaggedQuery, verdicts: WrittenVerdicts) -> None:
        self.query = query
        self._from = verdicts
        self._worst: list[tuple[float, float, str, str, FlaggedEntry]] = []
        self._counted: Counter[str] = Counter()
        self._waiting: list[LedgerEntry] = []
        self._looked_up = 0
        self._problem = ""

    async def rank(self) -> Ranking:
        """The worst answers, and what the list rests on.

        Raises:
            StateUnavailable
        """
        first, last = days_of(self.query)
        scored = await self._ever_scored(first, last)
        there = 0
        async for entry in self._from.ledger.scan(first, last):
            if self.query.takes(entry.promise.use_case, entry.promise.rubric):
                there += entry.state is LedgerState.SCORED
                if self.query.start <= entry.promise.start < self.query.end:
                    await self._add(entry)
        await self._read_waiting()
        worst = [flagged for *_, flagged in sorted(self._worst, key=lambda row: row[:4], reverse=True)]
        counts = FlaggedCounts(**self._counted, forgotten=max(0, scored - there))
        return Ranking(worst, counts, self._problem)

    async def _ever_scored(self, first: date, last: date) -> int:
        """How many were scored, by the counts, which live longer than the entries, and by the record."""
        own, windows = self._from.ledger, self._from.windows
        if windows is None:
            counts = await own.counts(first, last)
        else:
            counts = (await read_counts(own, windows, first, last, record=self._from.record)).ends
        return sum(
            n
            for (use_case, rubric, state, _), n in counts.items()
            if state is LedgerState.SCORED and self.query.takes(use_case, rubric)
        )

    async def _add(self, entry: LedgerEntry) -> None:
        if entry.state not in _JUDGED:
            is_open = entry.state is LedgerState.OPEN
            self._counted["in_flight" if is_open else "unanswered"] += 1
        elif entry.judgement is not None:
            self._counted["stored"] += entry.reason == IN_STORE
            self._count(entry, entry.judgement.values)
        else:
            self._waiting.append(entry)
            if len(self._waiting) * len(self.query.cuts) > READ_LIMIT - len(self.query.cuts):
                await self._read_waiting()

    async def _read_waiting(self) -> None:
        """Look in the store for the scores of answers of an earlier ledger whose values are not in this one."""
        entries, self._waiting = self._waiting, []
        if not entries:
            return
        if self._problem or self._looked_up >= MOST_STORED:
            self._counted["unread"] += len(entries)
            return
        try:
            projects = await projects_of(self._from.project, [entry.trace_id for entry in entries])
            keys = {
                (entry.trace_id, cut): entry.promise.score_key(projects[entry.trace_id], cut.score)
                for entry in entries
                for cut in self._cuts(entry)
            }
            scores = await self._from.sink.read_scores(keys.values())
        except StoreError as exc:
            self._problem = str(exc)
            self._counted["unread"] += len(entries)
            return
        for entry in entries:
            stored = {
                cut.score: scores[i] for cut in self._cuts(entry) if (i := keys[entry.trace_id, cut].id) in scores
            }
            self._counted["stored"] += 1
            self._looked_up += 1
            self._count(entry, {name: score.value for name, score in stored.items()}, stored)

    def _cuts(self, entry: LedgerEntry) -> list[Cut]:
        return [cut for cut in self.query.cuts if cut.rubric == entry.promise.rubric]

    def _count(
        self, entry: LedgerEntry, values: Mapping[str, float | str], stored: Mapping[str, Score] | None = None
    ) -> None:
        """Count an answer, and keep it if it is among the worst."""
        numbers = [(cut, v) for cut in self._cuts(entry) if isinstance(v := values.get(cut.score), float)]
        bad = [(cut, value) for cut, value in numbers if cut.flags(value)]
        self._counted.update(
            judged=1,
            with_score=bool(numbers),
            flagged=bool(bad),
            boosted=entry.promise.sample == "boost",
            unwritten=bool(bad) and entry.state is not LedgerState.SCORED,
        )
        if bad:
            cut, value = max(bad, key=lambda pair: pair[0].badness(pair[1]))
            self._keep(FlaggedEntry(entry, cut, value, (stored or {}).get(cut.score)))

    def _keep(self, flagged: FlaggedEntry) -> None:
        """Put an answer into the heap, and throw the least bad one out where it is full."""
        promise = flagged.entry.promise
        # Of equally bad ones the newest. Trace and rubric are one entry's own, so that entries are never compared.
        key = (flagged.cut.badness(flagged.value), promise.start.timestamp(), promise.trace_id, promise.rubric)
        push = heapq.heappush if len(self._worst) < self.query.limit else heapq.heappushpop
        push(self._worst, (*key, flagged))


def days_of(query: FlaggedQuery) -> tuple[date, date]:
    """The first and the last UTC day of a period."""
    return query.start.astimezone(UTC).date(), (query.end - timedelta(microseconds=1)).astimezone(UTC).date()
