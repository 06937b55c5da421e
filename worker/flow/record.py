"""Record: post kept verdicts as scores.

Writing is its own step, so that a store outage never pays a judge twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from assay.judges.cpu_executor import in_thread
from assay.worker.flow.retry_policy import backoff_s
from assay.worker.flow.scores import build_scores
from assay.worker.flow.sessions import SessionScorer
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.assessment_watch import AssessmentWatch, NoWatch
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.sink import ScoreSink
from assay.worker.ports.source import Project
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition
from assay.worker.records.messages import RecordMessage
from assay.worker.records.reports import Report
from assay.worker.records.scores import Score

log = structlog.get_logger(__name__)


class RecordReport(Report):
    """How many traces' scores were posted, put off or refused."""

    posted: int = 0
    put_off: int = 0
    refused: int = 0


class _Judged(NamedTuple):
    """A ledger entry and the scores that come of it."""

    entry: LedgerEntry
    scores: Sequence[Score]


@dataclass(frozen=True)
class Recorder:
    """Posts scores.

    Attributes:
        read_lag: how long the store takes to show what was written.
        sessions: keeps the scores of sessions in step. None where the store shows none.
        told: is told of what was posted.
    """

    project: Project
    sink: ScoreSink
    ledger: Ledger
    verdicts: VerdictCache
    clock: Clock
    read_lag: timedelta = timedelta(seconds=1)
    sessions: SessionScorer | None = None
    told: AssessmentWatch = field(default_factory=NoWatch)

    async def record(self, message: RecordMessage) -> RecordReport:
        """Post the scores of the message's traces whose verdicts are kept and not yet posted."""
        by_id = await self.ledger.entries(message.rubric, message.trace_ids)
        entries = [e for e in by_id.values() if e.state is LedgerState.JUDGED and e.judgement is not None]
        if not entries:
            return RecordReport()
        kept = await self.verdicts.kept([e.judgement.verdict_key for e in entries if e.judgement])
        judged = await in_thread(_with_scores, entries, kept, await self.project.project_id())
        expired = [entry.trace_id for entry in entries if entry.trace_id not in judged]
        again = _from_judged(LedgerState.OPEN, "verdict_expired", due=self.clock.now())
        await self._apply(message, expired, again.model_copy(update={"fresh_start": True}))
        return await self._post(message, judged, max(entry.attempts for entry in entries))

    async def _post(self, message: RecordMessage, scores: Mapping[str, _Judged], attempts: int) -> RecordReport:
        if not scores:
            return RecordReport()
        try:
            await self.sink.write_scores([score for judged in scores.values() for score in judged.scores])
            if self.sessions is not None:
                await self.sessions.update(
                    [judged.entry for judged in scores.values()], await self.project.project_id()
                )
        except StoreBusy as exc:
            due = self.clock.now() + timedelta(seconds=max(1.0, exc.retry_after_s or 0.0))
            await self._apply(message, scores, _from_judged(LedgerState.JUDGED, "store_busy", due=due))
            return RecordReport(put_off=len(scores))
        except StoreUnavailable as exc:
            log.warning("record.store_unavailable", traces=len(scores), error=str(exc)[:200])
            due = self.clock.now() + timedelta(seconds=backoff_s(attempts, exc.retry_after_s))
            later = _from_judged(LedgerState.JUDGED, "store_down", due=due)
            await self._apply(message, scores, later.model_copy(update={"failed_attempt": True}))
            return RecordReport(put_off=len(scores))
        except StoreRejected as exc:
            return await self._isolate(message, scores, attempts, exc)
        posted = _from_judged(LedgerState.POSTED, due=self.clock.now() + self.read_lag)
        await self._apply(message, scores, posted.model_copy(update={"wrote": True}))
        self.told.posted(list(scores.values()))
        return RecordReport(posted=len(scores))

    async def _isolate(
        self, message: RecordMessage, scores: Mapping[str, _Judged], attempts: int, refused: StoreRejected
    ) -> RecordReport:
        """The store refused the lot: post trace by trace, so that only the refused one is parked."""
        if len(scores) == 1:
            dead = _from_judged(LedgerState.DEAD, "StoreRejected")
            await self._apply(message, scores, dead.model_copy(update={"detail": str(refused)[:300]}))
            return RecordReport(refused=1)
        reports = [await self._post(message, {trace_id: judged}, attempts) for trace_id, judged in scores.items()]
        return sum(reports, RecordReport())

    async def _apply(self, message: RecordMessage, trace_ids: Iterable[str], change: Transition) -> None:
        """Apply one change to many traces that are judged and not yet posted."""
        transitions = [change.model_copy(update={"trace_id": trace_id}) for trace_id in trace_ids]
        await self.ledger.apply(message.rubric, transitions, now=self.clock.now())


def _with_scores(entries: Sequence[LedgerEntry], kept: Mapping[str, bytes], project: str) -> dict[str, _Judged]:
    """The entries whose verdict is still kept, with their scores, by trace id."""
    judged: dict[str, _Judged] = {}
    for entry in entries:
        raw = kept.get(entry.judgement.verdict_key) if entry.judgement else None
        verdict = unpack(raw) if raw is not None else None
        if verdict is not None:
            judged[entry.trace_id] = _Judged(entry, build_scores(entry, verdict.outcome, project))
    return judged


def _from_judged(state: LedgerState, reason: str = "", *, due: datetime | None = None) -> Transition:
    """A transition for many traces. `_apply` fills in the trace id."""
    return Transition(trace_id="", expected=(LedgerState.JUDGED,), state=state, reason=reason, due=due)
