"""Flagged answers as a person reads them, page by page: the kept verdict, else what the store still holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import AwareDatetime

from assay.judges.cpu_executor import in_thread
from assay.judges.redaction.policy import Redaction
from assay.judges.schema import Record, Scored, Verdict
from assay.worker.flow.scores import names_in
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.batch_sizes import READ_LIMIT
from assay.worker.ports.parts import projects_of
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import Fetched, TraceReader
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.trace_links import trace_url
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import TraceKey
from assay.worker.reporting.flagged.evidence import EvidenceText, evidence_of, judged_sample
from assay.worker.reporting.flagged.original_places import (
    evidence_in_original,
    outcome_in_original,
    problem_in_original,
)
from assay.worker.reporting.flagged.problem import Problem, problem_of
from assay.worker.reporting.flagged.ranking import FlaggedEntry
from assay.worker.reporting.rubric_versions import RubricVersions

PAGE = 20
"""Answers in one page: so many verdicts and traces are in memory at once."""


LONGEST_URL = 2_000
"""Characters of an address that is given. Browsers refuse much longer ones."""

_Key = tuple[str, str]
"""Rubric and trace: one answer may be listed for several rubrics."""


class StoredTraces(TraceReader, ScoreReader, Protocol):
    """A store that gives traces and scores."""


class FlaggedAnswer(Record):
    """One flagged answer.

    Attributes:
        told_by: the verdict, which is kept for a day, the comment in the store, or nothing, where both are gone.
        evidence_note: why there is no evidence to show: nothing in the evidence, or why it cannot be read.
        sample: base or boost: whether the base rate alone would have selected it.
        outcome: the whole verdict, with every claim and its offsets. None where it has expired. Offsets, here and in
            the problem and its evidence, count in the trace's own text, where the trace can still be read.
        url: its page in the trace store. None where the store has no pages.
    """

    use_case: str
    trace_id: str
    observation_id: str | None
    started: AwareDatetime
    rubric: str
    score: str
    value: float
    stratum: str
    sample: Literal["base", "boost"]
    pi: float
    is_written: bool
    told_by: Literal["verdict", "comment", "nothing"]
    problem: Problem
    evidence: tuple[EvidenceText, ...]
    evidence_note: str
    comment: str
    judge: str
    tier: str
    model: str
    revision: str
    url: str | None
    outcome: Scored | None


class Page(NamedTuple):
    """Some answers, and what the store refused while they were read."""

    answers: Sequence[FlaggedAnswer]
    problem: str = ""


class FlaggedReader:
    """Reads what is told of flagged answers. Where the store fails, verdicts are told without it."""

    def __init__(
        self,
        store: StoredTraces,
        verdicts: VerdictCache,
        rubrics: RubricVersions,
        redaction: Callable[[str], Redaction],
    ) -> None:
        self._store = store
        self._redaction = redaction
        self._verdicts = verdicts
        self._rubrics = rubrics
        self._problem = ""

    async def pages(self, worst: Sequence[FlaggedEntry]) -> AsyncIterator[Page]:
        """All answers in their order, at most twenty at once.

        Raises:
            StateUnavailable
        """
        for at in range(0, len(worst), PAGE):
            yield await self._page(worst[at : at + PAGE])

    async def _page(self, flagged: Sequence[FlaggedEntry]) -> Page:
        kept = await self._verdicts.kept([f.entry.judgement.verdict_key for f in flagged if f.entry.judgement])
        outcomes = [await _outcome(f.entry, kept) for f in flagged]
        pairs = list(zip(flagged, outcomes, strict=True))
        traces = await self._traces([f.entry for f, outcome in pairs if outcome is not None])
        scores = await self._scores([f for f, outcome in pairs if outcome is None])
        answers = [
            await self._told(f, outcome, traces.get(f.entry.trace_id))
            if outcome is not None
            else await self._commented(f, scores.get(_key(f)))
            for f, outcome in pairs
        ]
        return Page(answers, self._problem)

    async def _traces(self, entries: Sequence[LedgerEntry]) -> Mapping[str, Fetched]:
        if self._problem or not entries:
            return {}
        keys = {e.trace_id: TraceKey(trace_id=e.trace_id, start=e.promise.start, end=e.promise.end) for e in entries}
        try:
            return await self._store.fetch_traces(list(keys.values()))
        except StoreError as exc:
            self._problem = str(exc)
            return {}

    async def _scores(self, flagged: Sequence[FlaggedEntry]) -> Mapping[_Key, Score]:
        """Of each answer the score in question, as the store has it, or another of its scores with a comment."""
        there = {_key(f): f.stored for f in flagged if f.stored is not None}
        missing = [f for f in flagged if f.stored is None]
        if self._problem or not missing:
            return there
        try:
            projects = await projects_of(self._store, [f.entry.trace_id for f in missing])
            wanted = {_key(f): _score_keys(f, projects[f.entry.trace_id]) for f in missing}
            scores = await self._store.read_scores([score for group in wanted.values() for score in group])
        except StoreError as exc:
            self._problem = str(exc)
            return there
        for key, group in wanted.items():
            known = [scores[score.id] for score in group if score.id in scores]
            if known:
                there[key] = known[0]
        return there

    async def _told(self, flagged: FlaggedEntry, outcome: Scored, fetched: Fetched | None) -> FlaggedAnswer:
        """An answer whose verdict is kept."""
        verdict = outcome.verdict
        rubric = await self._rubrics.get(flagged.entry.promise.rubric_hash)
        shown, why_not = await in_thread(judged_sample, flagged.entry, fetched, rubric, self._redaction)
        sample = shown.sample if shown else None
        problem = Problem(reason=outcome.comment)
        if verdict is not None:
            problem = problem_of(verdict, flagged.cut.score, rubric=rubric, sample=sample)
        evidence, note = evidence_of(problem, sample, "the trace could not be read" if self._problem else why_not)
        if shown is not None:
            problem, outcome = problem_in_original(problem, shown), outcome_in_original(outcome, shown)
            evidence = tuple(evidence_in_original(text, shown) for text in evidence)
        return await self._answer(
            flagged,
            told_by="verdict",
            problem=problem,
            evidence=evidence,
            evidence_note=note,
            comment=outcome.comments.get(flagged.cut.score, outcome.comment),
            revision=outcome.revision,
            outcome=outcome,
            **_judge_of(verdict),
        )

    async def _commented(self, flagged: FlaggedEntry, score: Score | None) -> FlaggedAnswer:
        """An answer whose verdict has expired, or was made under an earlier ledger."""
        judgement = flagged.entry.judgement
        metadata = score.metadata if score else {}
        return await self._answer(
            flagged,
            told_by="comment" if score and score.comment else "nothing",
            problem=Problem(),
            evidence=(),
            evidence_note="",
            comment=score.comment if score else "",
            revision=judgement.revision if judgement else str(metadata.get("revision") or ""),
            outcome=None,
            judge=judgement.judge if judgement else str(metadata.get("judge") or ""),
            tier=str(metadata.get("tier") or ""),
            model=str(metadata.get("model_served") or ""),
        )

    async def _answer(self, flagged: FlaggedEntry, **told: Any) -> FlaggedAnswer:
        entry, promise = flagged.entry, flagged.entry.promise
        return FlaggedAnswer(
            use_case=promise.use_case,
            trace_id=promise.trace_id,
            observation_id=promise.observation_id,
            started=promise.start,
            rubric=promise.rubric,
            score=flagged.cut.score,
            value=flagged.value,
            stratum=promise.stratum,
            sample=promise.sample,
            pi=promise.pi,
            is_written=entry.state is LedgerState.SCORED,
            url=await self._url(promise.trace_id, promise.observation_id),
            **told,
        )

    async def _url(self, trace_id: str, observation_id: str | None) -> str | None:
        if self._problem:
            return None
        try:
            url = await trace_url(self._store, trace_id, observation_id)
        except StoreError as exc:
            self._problem = str(exc)
            return None
        return url if url is None or len(url) <= LONGEST_URL else None


def _key(flagged: FlaggedEntry) -> _Key:
    return flagged.entry.promise.rubric, flagged.entry.trace_id


def _score_keys(flagged: FlaggedEntry, project: str) -> list[ScoreKey]:
    """Scores to look for: the score in question first. A rubric may have chosen to write others only."""
    judgement = flagged.entry.judgement
    names = dict.fromkeys((flagged.cut.score, *(names_in(judgement) if judgement else ())))
    return [flagged.entry.promise.score_key(project, name) for name in list(names)[: READ_LIMIT // PAGE]]


async def _outcome(entry: LedgerEntry, kept: Mapping[str, bytes]) -> Scored | None:
    """What the judges concluded. None where it has expired."""
    raw = kept.get(entry.judgement.verdict_key) if entry.judgement else None
    verdict = await in_thread(unpack, raw) if raw is not None else None
    return verdict.outcome if verdict else None


def _judge_of(verdict: Verdict | None) -> dict[str, str]:
    if verdict is None:
        return {"judge": "", "tier": "", "model": ""}
    model = verdict.model_served or verdict.model_requested or ""
    return {"judge": verdict.judge, "tier": verdict.tier.value, "model": model}
