"""What users said, on its way into the record: all of it, complaints and others, by the rules of the use cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.config.use_cases import UseCase
from assay.worker.ports.history import HistoryUnavailable, HistoryWriter
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.reviews import HumanScore
from assay.worker.ports.source import Project
from assay.worker.records.history import UserOpinion

AT_ONCE = 500
"""Opinions in one transaction."""

ANSWER_S = 10.0
"""A database that has not answered by then is away. The sweep goes on without it."""

_KEY = "feedback:recorded"
_TTL_S = 30 * 86400

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OpinionRecord:
    """Writes opinions into the record, and remembers until when it did.

    A database that is away holds up no sweep: what was not written is read from the store once more.

    Attributes:
        project: knows what the store calls the project.
        store: the store's kind, as in the rows.
        use_cases: whose rules say what a complaint is.
    """

    writer: HistoryWriter
    project: Project
    store: str
    use_cases: Sequence[UseCase]
    key_values: KeyValues

    def writing(self) -> OpinionWriting:
        """Takes the pages of one reading."""
        return OpinionWriting(self)

    async def until(self, first: datetime) -> datetime:
        """Until when feedback was written. Where it never was, from `first` on it is to be, however late that comes.

        Raises:
            StateUnavailable
        """
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        if raw:
            return datetime.fromisoformat(raw.decode())
        await self.wrote(first)
        return first

    async def wrote(self, until: datetime) -> None:
        """Remember it.

        Raises:
            StateUnavailable
        """
        await self.key_values.keep(_KEY, until.isoformat().encode(), ttl_s=_TTL_S, replace=True)

    def opinions_of(self, score: HumanScore, project: str) -> Iterator[UserOpinion]:
        """What a score comes to: once where all use cases that read it agree, else once for each of them."""
        if not score.trace_id or score.is_prefilled:
            return
        rules = {
            case.name: case.feedback for case in self.use_cases if case.feedback and score.name in case.feedback.scores
        }
        verdicts = {name: rule.is_complaint(score.name, score.value) for name, rule in rules.items()}
        if len(set(verdicts.values())) == 1:
            verdicts = {"": next(iter(verdicts.values()))}
        for name, is_complaint in verdicts.items():
            yield UserOpinion(
                store=self.store,
                project=project,
                trace_id=score.trace_id,
                name=score.name,
                use_case=name,
                is_complaint=is_complaint,
                at=score.at,
            )


@dataclass
class OpinionWriting:
    """One reading of feedback, written as it comes.

    Attributes:
        is_whole: whether the database has taken all so far.
    """

    record: OpinionRecord
    is_whole: bool = True
    _waiting: list[UserOpinion] = field(default_factory=list)

    async def add(self, page: Sequence[HumanScore]) -> None:
        """Take a page.

        Raises:
            StoreError: the project is not known.
        """
        if not self.is_whole:
            return
        project = await self.record.project.project_id()
        for score in page:
            self._waiting += self.record.opinions_of(score, project)
        if len(self._waiting) >= AT_ONCE:
            await self._write()

    async def read(self, pages: AsyncIterator[Sequence[HumanScore]]) -> None:
        """Take all pages.

        Raises:
            StoreError
        """
        async for page in pages:
            await self.add(page)

    async def end(self) -> bool:
        """Write what is left. Returns whether all was written."""
        if self.is_whole and self._waiting:
            await self._write()
        return self.is_whole

    async def _write(self) -> None:
        opinions, self._waiting = self._waiting, []
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.record.writer.write_opinions(opinions)
        except (HistoryUnavailable, ConfigurationError, TimeoutError) as exc:
            self.is_whole = False
            log.info("feedback.not_recorded", error=type(exc).__name__, remedy="assay doctor tells of the record")
        except EvaluationError as exc:
            # They would be refused by every later sweep, too, and hold up all that comes behind them.
            log.warning("feedback.refused_by_record", opinions=len(opinions), error=str(exc)[:200])
