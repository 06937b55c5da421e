"""Small product-like fakes: a judge that does as it is told and a store that fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from assay.judges.rubric import Rubric
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Sample, Span, Tier, Verdict
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreError, StoreUnavailable
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Trace, TraceKey

Plan = Callable[[Sample], Verdict | Exception | float]


def supported(sample: Sample) -> Verdict:
    """The whole response as one supported claim, resting on the first context."""
    claim = Claim(
        text=sample.response,
        span=Span(start=0, end=len(sample.response)),
        verdict=ClaimVerdict.SUPPORTED,
        p_supported=0.9,
        evidence=(Evidence(context=0, start=0, end=len(sample.contexts[0])),),
        source="test",
    )
    return Verdict(judge="test", tier=Tier.LLM, claims=(claim,), risk=0.1, calibrated=True, cost_usd=0.01)


class PlannedJudge:
    """A judge whose plan gives a verdict, an error to raise, or seconds to hang."""

    name = "test"
    fingerprint = "test-judge-1"

    def __init__(self, plan: Plan = supported) -> None:
        self.plan = plan
        self.seen: list[str] = []

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        self.seen.append(sample.id)
        planned = self.plan(sample)
        if isinstance(planned, Exception):
            raise planned
        if isinstance(planned, float):
            await asyncio.sleep(planned)
            return supported(sample)
        return planned

    async def close(self) -> None:
        """Nothing to close."""


class FlakyStore:
    """A trace store in memory: fails while told to, can swallow writes, counts what it is asked."""

    def __init__(self, traces: Iterable[Trace] = ()) -> None:
        self.traces = {trace.id: trace for trace in traces}
        self.scores: dict[str, Score] = {}
        self.failing: Exception | None = None
        self.swallow_writes = 0
        self.refuse: dict[str, Exception] = {}
        self.unreadable: dict[str, StoreError] = {}
        self.writes = 0

    async def project_id(self) -> str:
        return "project"

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        return 0

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        self._maybe_fail()
        all_of_them: dict[str, Fetched] = {**self.traces, **self.unreadable}
        return {key.trace_id: all_of_them[key.trace_id] for key in keys if key.trace_id in all_of_them}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        self._maybe_fail()
        for score in scores:
            if score.trace_id in self.refuse:
                raise self.refuse[score.trace_id]
        self.writes += 1
        if self.swallow_writes:
            self.swallow_writes -= 1
            return
        self.scores |= {score.id: score for score in scores}

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        self._maybe_fail()
        wanted = [key.id for key in keys]
        assert len(wanted) <= 100
        return {i: self.scores[i] for i in wanted if i in self.scores}

    async def close(self) -> None:
        """Nothing to close."""

    def _maybe_fail(self) -> None:
        if self.failing is not None:
            raise self.failing


DOWN = StoreUnavailable("the store is down")
