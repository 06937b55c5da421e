"""An account that refuses: traces wait for it, nobody is parked one by one, and all are judged once it is mended."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from assay.judges import errors
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.request_form import KNOWN_FORMS
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.release import read_backlog
from assay.worker.limits.admissions import Admissions
from assay.worker.limits.call_rules import CallRules
from assay.worker.limits.patience import WORKER
from assay.worker.records.ledger import LedgerState
from assay.worker.state.memory.call_account import MemoryCallAccount
from tests.chat_models import open_model
from tests.servers.openai_server import Answer, OpenAIServer, Step, fails, judges_well
from tests.unit.worker.flow.pipeline import Line, traces
from tests.waiting import PATIENCE_S

S = LedgerState
BUDGET = fails(400, message="Budget has been exceeded! Current cost: 26.075, Max budget: 0.25")
NO_MODEL = fails(400, message="/chat/completions: Invalid model name passed in model=m. Call `/v1/models`")
LITELLM_KEY = Answer(
    {"error": {"message": "No connected db.", "type": "no_db_connection", "param": None, "code": "400"}}, status=400
)
GEMINI_KEY = Answer(
    b'[{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}]', status=400
)
OPENROUTER = Answer({"error": {"code": 402, "message": "Insufficient credits"}})
N = 30
PRICES = PriceTable(checked="2026-11", models={})


class Mending:
    """A line of traces before an endpoint whose account is mended some time, in one loop."""

    def __init__(self, url: str) -> None:
        self.line = Line(traces(N))
        self.now = [1e9]
        rules = CallRules.of(Deployment.model_validate({"use_cases": [{"name": "bot"}]}))
        account = MemoryCallAccount(now=lambda: self.now[0])
        admission = Admissions(account, rules, slots=8, patience=WORKER, lease_s=90).of(None, "m")
        self.judge = LlmJudge(open_model(url, admission=admission, attempts=1), PRICES)
        self.line.evaluator = Evaluator(Rubric(name="grounding"), self.judge)

    async def assess(self) -> list[AssessReport]:
        """Everything once more, with the backlog told of it."""
        box = Outbox(self.line.state.verdicts, ttl_s=86400)
        reports = []
        for number, message in enumerate(self.line.messages()):
            report = await self.line.assessor(box).assess(message, owner=f"{self.now[0]}-{number}")
            await self.line.releaser.after(message, report, worker="w", slots=4)
            reports.append(report)
        await box.drain(60)
        return reports

    async def later(self) -> None:
        """Breakers probe again, and what is on hold may be taken."""
        self.now[0] += 60
        self.line.clock.moment += self.line.deadline

    async def states(self) -> Counter[LedgerState]:
        """How many traces stand where."""
        entries = await self.line.state.ledger.entries("grounding", [f"t{i}" for i in range(N)])
        assert all(entry.attempts == 0 for entry in entries.values()), "waiting costs no attempt"
        return Counter(entry.state for entry in entries.values())


@pytest.mark.parametrize("step", [BUDGET, NO_MODEL, LITELLM_KEY, GEMINI_KEY, OPENROUTER, fails(401), fails(404)])
def test_all_wait_and_all_are_judged_once_it_is_mended(step: Step) -> None:
    KNOWN_FORMS.clear()

    async def check(server: OpenAIServer, mending: Mending) -> None:
        try:
            for _ in range(3):
                reports = await mending.assess()
                assert sum(report.held for report in reports) == N
                assert await mending.states() == {S.OPEN: N}, "all in flight, none dead"
                (lane,) = (await read_backlog(mending.line.state.backlog, mending.line.clock)).lanes
                assert lane.hold == "access"
                assert "at the provider" in lane.why or "check key, model name and base URL" in lane.why
                await mending.later()
            server.script(default=judges_well)
            async with asyncio.timeout(PATIENCE_S):
                while await mending.states() != {S.JUDGED: N}:  # the process's own breaker keeps to its own clock
                    await mending.assess()
                    await mending.later()
                    await asyncio.sleep(0.05)
        finally:
            await mending.judge.close()

    with OpenAIServer(default=step) as server:
        asyncio.run(check(server, Mending(server.url)))


def test_what_may_be_due_to_one_text_is_tried_again_and_not_held() -> None:
    line = Line(traces(4), lambda _: errors.ModelAccessDenied("status 403", reach="unclear"))
    (report,) = line.assess()
    assert (report.retried, report.held, report.parked) == (4, 0, 0)
