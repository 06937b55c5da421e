"""From what waits for a place to the scores that it is to show: the ledger's entry and the kept verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assay.judges.cpu_executor import in_thread
from assay.worker.flow.scores import build_scores, expected_scores
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.copies import Copy, CopyKey
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.parts import project_of, projects_of
from assay.worker.ports.source import Project
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.scores import Score, ScoreKey

Expected = Mapping[ScoreKey, tuple[str, float | str]]
"""Names and values of scores by their keys."""


class Unmakeable(NamedTuple):
    """Why there are no scores to copy any more."""

    reason: str


@dataclass(frozen=True)
class CopyMaker:
    """Makes the scores of copies, with the ids that the trace's own store has them under.

    Attributes:
        project: tells the project of each trace's own store.
        native: that store's own id of a trace, under which a further place shows its scores.
    """

    project: Project
    ledger: LedgerReader
    verdicts: VerdictCache
    native: Callable[[str], str]

    async def ready(self, copies: Sequence[Copy]) -> set[CopyKey]:
        """Those whose own store has told its project: without it no id of a score is known."""
        ready: set[CopyKey] = set()
        for copy in copies:
            try:
                await project_of(self.project, copy.trace_id)
            except StoreError:
                continue
            ready.add(copy.key)
        return ready

    async def scores(self, copies: Sequence[Copy]) -> dict[CopyKey, Sequence[Score] | Unmakeable]:
        """What is to be written for each copy, or why there is nothing.

        Raises:
            StoreUnavailable: a trace's own store has never told its project.
            StateUnavailable
        """
        entries = await self._entries(copies)
        kept = await self.verdicts.kept([e.judgement.verdict_key for e in entries.values() if e.judgement])
        projects = await projects_of(self.project, [entry.trace_id for entry in entries.values()])
        scores = await in_thread(self._made, entries, kept, projects)
        return {copy.key: scores.get(copy.key, Unmakeable("forgotten")) for copy in copies}

    async def expected(self, copies: Sequence[Copy]) -> dict[CopyKey, Expected]:
        """What a place that was written to is to show. What the ledger has forgotten is absent.

        Raises:
            StoreUnavailable, StateUnavailable
        """
        entries = await self._entries(copies)
        projects = await projects_of(self.project, [entry.trace_id for entry in entries.values()])
        return {
            key: {
                score._replace(trace_id=self.native(score.trace_id)): value
                for score, value in expected_scores(entry, projects[entry.trace_id]).items()
            }
            for key, entry in entries.items()
        }

    async def _entries(self, copies: Sequence[Copy]) -> dict[CopyKey, LedgerEntry]:
        """The judged entries that the ledger still has."""
        by_rubric: dict[str, list[str]] = defaultdict(list)
        for copy in copies:
            by_rubric[copy.rubric].append(copy.trace_id)
        return {
            CopyKey(rubric, trace_id): entry
            for rubric, ids in by_rubric.items()
            for trace_id, entry in (await self.ledger.entries(rubric, ids)).items()
            if entry.judgement is not None
        }

    def _made(
        self, entries: Mapping[CopyKey, LedgerEntry], kept: Mapping[str, bytes], projects: Mapping[str, str]
    ) -> dict[CopyKey, Sequence[Score] | Unmakeable]:
        makeable: dict[CopyKey, Sequence[Score] | Unmakeable] = {}
        for key, entry in entries.items():
            raw = kept.get(entry.judgement.verdict_key) if entry.judgement else None
            verdict = unpack(raw) if raw is not None else None
            if verdict is None:
                makeable[key] = Unmakeable("verdict_expired")
                continue
            scores = build_scores(entry, verdict.outcome, projects[entry.trace_id])
            makeable[key] = [score.model_copy(update={"trace_id": self.native(score.trace_id)}) for score in scores]
        return makeable
