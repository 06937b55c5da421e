"""The way of a trace from promise to verified score, in one process, for tests."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.worker.flow.assess import Assessor
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.batching import group_messages
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.reconcile import Reconciler
from assay.worker.flow.record import Recorder
from assay.worker.flow.rejections import RejectionRuns
from assay.worker.flow.release import Releaser
from assay.worker.flow.suspicion import Suspicion
from assay.worker.flow.transitions import AssessLimits
from assay.worker.flow.verify import Verifier, VerifyReport
from assay.worker.ports.clock import FixedClock
from assay.worker.records.ledger import LedgerEntry, LedgerState, Promise
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import Trace
from assay.worker.reporting.why import TraceStory, tell
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment, make_trace
from tests.fakes import FlakyStore, PlannedJudge, supported

RUBRIC = Rubric(name="grounding")


class Line:
    """The way of a trace from promise to verified score, in one process, with a clock of its own."""

    def __init__(self, traces: Sequence[Trace], plan: Callable[[Sample], Any] = supported) -> None:
        self.clock = FixedClock(NOW)
        self.kept = MemoryKeyValues()
        self.state = replace(memory_state(), verdicts=self.kept)
        self.store = FlakyStore(traces)
        self.judge = PlannedJudge(plan)
        self.evaluator: Evaluator | None = Evaluator(RUBRIC, self.judge)
        self.published: list[AssessMessage | RecordMessage] = []
        self.deadline = timedelta(seconds=120)
        self.unavailable: Exception | None = None
        self.rejections = RejectionRuns()
        self.allowed: bool | None = True
        self.redaction = Redaction()
        self.promises = [promise_of(trace) for trace in traces]
        asyncio.run(self.state.ledger.promise(self.promises, now=NOW, due=NOW + timedelta(seconds=120)))

    async def publish(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        self.published += messages

    async def _evaluator(self, rubric_hash: str, calibration_hash: str | None) -> Evaluator | None:
        if self.unavailable is not None:
            raise self.unavailable
        return self.evaluator

    def assess(self, owner: str | None = None) -> list[AssessReport]:
        """Assess everything. Each delivery is an owner of its own, unless one is named."""

        async def one(message: AssessMessage) -> AssessReport:
            box = Outbox(self.state.verdicts, ttl_s=86400)
            try:
                return await self.assessor(box).assess(message, owner=owner or uuid.uuid4().hex)
            finally:
                await box.drain(60)

        return [asyncio.run(one(message)) for message in self.messages()]

    def messages(self) -> list[AssessMessage]:
        return group_messages(self.promises)

    def assessor(self, box: Outbox) -> Assessor:
        return Assessor(
            source=self.store,
            ledger=self.state.ledger,
            outbox=box,
            suspicion=Suspicion(self.state.suspects, box),
            spend=self.state.spend,
            evaluator=self._evaluator,
            publish=self.publish,
            clock=self.clock,
            limits=AssessLimits(
                batch_deadline=self.deadline,
                trace_wait=timedelta(minutes=15),
                max_age=timedelta(hours=6),
            ),
            may_see=lambda use_case, rubric: self.allowed,
            redaction=lambda use_case: self.redaction,
            rejections=self.rejections,
        )

    @property
    def recorder(self) -> Recorder:
        return Recorder(
            project=self.store,
            sink=self.store,
            ledger=self.state.ledger,
            verdicts=self.state.verdicts,
            clock=self.clock,
        )

    @property
    def verifier(self) -> Verifier:
        return Verifier(
            project=self.store,
            sink=self.store,
            ledger=self.state.ledger,
            locks=self.state.locks,
            reviews=self.state.reviews,
            publish=self.publish,
            clock=self.clock,
            rewrite_after=timedelta(seconds=60),
        )

    def record(self) -> None:
        messages = [m for m in self.published if isinstance(m, RecordMessage)]
        self.published = [m for m in self.published if not isinstance(m, RecordMessage)]
        for message in messages:
            asyncio.run(self.recorder.record(message))

    def verify(self, after_s: float = 2) -> VerifyReport:
        self.clock.moment += timedelta(seconds=after_s)
        return asyncio.run(self.verifier.verify())

    def reconcile(self, after_s: float = 0) -> list[AssessMessage | RecordMessage]:
        self.clock.moment += timedelta(seconds=after_s)
        reconciler = Reconciler(
            ledger=self.state.ledger,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=timedelta(seconds=120),
        )
        before = len(self.published)
        asyncio.run(reconciler.reconcile())
        asyncio.run(self.releaser.tick())
        return self.published[before:]

    @property
    def releaser(self) -> Releaser:
        return Releaser(
            backlog=self.state.backlog,
            ledger=self.state.ledger,
            publish=self.publish,
            clock=self.clock,
            ledger_deadline=timedelta(seconds=120),
            queue="assess",
            weights={},
        )

    def entry(self, trace_id: str = "t0") -> LedgerEntry:
        return asyncio.run(self.state.ledger.entries("grounding", [trace_id]))[trace_id]

    def story(self, trace_id: str) -> TraceStory:
        state = self.state
        return asyncio.run(
            tell(
                trace_id,
                make_deployment(),
                store=self.store,
                ledger=state.ledger_reader,
                windows=state.windows,
                verdicts=state.verdicts,
                now=self.clock.now(),
            )
        )

    def counts(self) -> dict[tuple[LedgerState, str], int]:
        day = (NOW - timedelta(hours=2)).date()
        return {(s, r): n for (_, _, s, r), n in asyncio.run(self.state.ledger_reader.counts(day, day)).items()}


def promise_of(trace: Trace) -> Promise:
    return Promise(
        trace_id=trace.id,
        rubric="grounding",
        rubric_hash=RUBRIC.content_hash(),
        use_case="bot",
        window="w",
        start=trace.root.start,
        end=trace.root.end,
        environment="production",
        pi=0.25,
        stratum="standard",
        selected_at=NOW,
    )


def traces(n: int, **over: Any) -> list[Trace]:
    return [make_trace(f"t{i}", **{"input": {"question": f"Question {i}?"}, **over}) for i in range(n)]
