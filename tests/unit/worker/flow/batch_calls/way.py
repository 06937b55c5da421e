"""The way of traces through a provider's batch and back, in one process, with a clock of its own."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import SecretStr

from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.batches.apis import batch_api_of
from assay.judges.models.batches.deferral import DeferredCall
from assay.judges.models.batches.deferred_model import DeferredModel
from assay.judges.models.batches.port import BatchApi
from assay.judges.models.endpoint_settings import EndpointSettings, ProtocolName
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.prices import PriceTable
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.flow.assess import Assessor
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.batch_calls.answers import BatchReport, Waker
from assay.worker.flow.batch_calls.collecting import BatchCollector
from assay.worker.flow.batch_calls.desk import BatchDesk
from assay.worker.flow.batch_calls.submitting import Submitter
from assay.worker.flow.batch_calls.terms import Terms, TermsInForce
from assay.worker.flow.batching import group_messages
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.suspicion import Suspicion
from assay.worker.flow.transitions import AssessLimits
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.state import FleetState
from assay.worker.records.batch_jobs import BatchJob
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import Trace
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW
from tests.fakes import FlakyStore
from tests.servers.batch_servers import BatchServer
from tests.unit.worker.flow.pipeline import RUBRIC, promise_of

MODEL = "gpt-5.4-mini"


class NoMoney:
    """No budgets. It counts what it is told."""

    def __init__(self) -> None:
        self.reserved: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    async def reserve(self, call: DeferredCall, use_case: str) -> None:
        self.reserved[call.key] += 1

    async def answered(self, job: BatchJob, bodies: Mapping[str, bytes]) -> None:
        self.ended.update(list(bodies))

    async def released(self, endpoint: str, keys: Sequence[str]) -> None:
        self.ended.update(keys)


class Unchanged:
    """Nobody edits anything."""

    def objection(self, terms: Terms) -> str:
        return ""

    def place(self, endpoint: str) -> None:
        return None


class Way:
    """A fleet of one process. `restart` makes it another process over the same state."""

    def __init__(
        self,
        server: BatchServer,
        traces: Sequence[Trace],
        *,
        protocol: ProtocolName = "openai",
        state: FleetState | None = None,
    ) -> None:
        self.server = server
        self.clock = FixedClock(NOW)
        server.now = self.clock.now
        self.state = state or memory_state()
        self.store = FlakyStore(traces)
        self.money = NoMoney()
        url = server.openai if protocol == "openai" else server.anthropic
        self.place = EndpointSettings(name="default", protocol=protocol, url=url, key=SecretStr("k"), attempts=1)
        self.in_force: TermsInForce = Unchanged()
        self.promises = [promise_of(trace).model_copy(update={"by_batch": True}) for trace in traces]
        self.published: list[AssessMessage | RecordMessage] = []
        self._apis: list[BatchApi] = []
        self.restart()

    def restart(self) -> None:
        """Another process: what was gathered in memory is gone."""
        jobs = self.state.batch_jobs
        submitter = Submitter(jobs, self.money, self.open_api, self.waker, self.clock, self.in_force)
        self.desk = BatchDesk(self.state.batch_jobs, self.money, submitter)
        self.model = DeferredModel(HttpChatModel(MODEL, self.place), self.place)
        self.evaluator = Evaluator(RUBRIC, LlmJudge(self.model, PriceTable.load()))

    def may_see(self, use_case: str, rubric: Rubric) -> bool | None:
        return True

    def redaction(self, use_case: str) -> Redaction:
        return Redaction()

    def open_api(self, endpoint: str, model: str) -> BatchApi:
        self._apis.append(batch_api_of(self.place, model))
        return self._apis[-1]

    async def begin(self) -> None:
        await self.state.ledger.promise(self.promises, now=NOW, due=NOW + timedelta(seconds=120))

    async def assess(self) -> AssessReport:
        """Take all that may be taken now, and judge it."""
        report = AssessReport()
        for message in group_messages(self.promises):
            box = Outbox(self.state.verdicts, ttl_s=86400)
            report += await self._assessor(box).assess(message, owner=uuid.uuid4().hex)
            await box.drain(60)
        return report

    async def send(self) -> None:
        await self.desk.flush(10)

    async def collect(self) -> BatchReport:
        return await self.collector.tick()

    @property
    def collector(self) -> BatchCollector:
        return BatchCollector(
            jobs=self.state.batch_jobs,
            money=self.money,
            open_api=self.open_api,
            waker=self.waker,
            clock=self.clock,
        )

    @property
    def waker(self) -> Waker:
        return Waker(self.state.ledger, self.state.waking, self.state.backlog, self.clock)

    async def close(self) -> None:
        await self.model.close()
        for api in self._apis:
            await api.close()
        await self.state.close()

    def later(self, **span: float) -> None:
        self.clock.moment += timedelta(**span)

    async def entries(self) -> dict[str, LedgerEntry]:
        return dict(await self.state.ledger.entries(RUBRIC.name, [p.trace_id for p in self.promises]))

    async def states(self) -> Counter[tuple[LedgerState, str]]:
        return Counter((entry.state, entry.reason) for entry in (await self.entries()).values())

    async def jobs(self) -> list[BatchJob]:
        return list(await self.state.batch_jobs.jobs())

    async def _evaluator(self, rubric_hash: str, calibration_hash: str | None) -> Evaluator | None:
        return self.evaluator

    async def _publish(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        self.published += messages

    def _assessor(self, box: Outbox) -> Assessor:
        return Assessor(
            source=self.store,
            ledger=self.state.ledger,
            outbox=box,
            suspicion=Suspicion(self.state.suspects, box),
            spend=self.state.spend,
            evaluator=self._evaluator,
            publish=self._publish,
            clock=self.clock,
            limits=AssessLimits(
                batch_deadline=timedelta(seconds=60), trace_wait=timedelta(minutes=15), max_age=timedelta(hours=6)
            ),
            may_see=self.may_see,
            redaction=self.redaction,
            desk=self.desk,
        )
