"""A scheduled golden set that is judged by a provider's batches, with a scripted provider and a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.config.judge_files import no_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.batch_calls.answers import Waker
from assay.worker.flow.batch_calls.collecting import BatchCollector
from assay.worker.flow.batch_calls.desk import BatchDesk
from assay.worker.flow.batch_calls.submitting import Submitter
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.scheduling.scheduled_job import GoldenPlace
from assay.worker.golden.scheduling.scheduler import ScheduledRuns
from assay.worker.golden.scheduling.slot_records import SlotBook, SlotRecord
from assay.worker.golden.scheduling.tick import GoldenClock, Schedules, TickReport, read_schedules, schedule_statuses
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.ports.clock import FixedClock
from assay.worker.records.batch_jobs import BatchJob
from assay.worker.records.messages import GoldenJudgeMessage, GoldenRunMessage
from assay.worker.reporting.terminal.schedules import schedule_line
from assay.worker.state.memory.state import memory_state
from assay.worker.wiring.batch_terms import ConfiguredTerms
from assay.worker.wiring.batches import BatchEndpoints
from assay.worker.wiring.golden_batches import FleetLoop, RunBatches
from assay.worker.wiring.judges import build_evaluator
from tests.builders import make_deployment
from tests.integration.golden_home import EVIDENCE, GOOD, WRONG, anchors
from tests.servers.batch_servers import BatchServer
from tests.unit.worker.flow.batch_calls.way import NoMoney
from tests.unit.worker.golden.golden_sets import item, write_set

SLOT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
N = 12
BAD = ("q0", "q1")
JUDGEMENTS = 2 * N + 24
"""Of the first round: both sides and the anchors."""

MANIFEST: dict[str, Any] = {
    "pass_when": {"groundedness": {"at_least": 0.7}},
    "target": {"kind": "recorded", "release": "new"},
    "baseline": "old",
    "gate": {"must_pass": list(BAD)},
}


def asked_rubric(name: str) -> Rubric:
    """A rubric that asks one model."""
    return parse_rubric(f"name: {name}\njudge: {{tiers: [llm], llm: {{model: gpt-5.4-mini}}}}\n", source=name)


class BatchFleet:
    """A fleet of one process. `restart` makes it another process over the same state and disk."""

    def __init__(self, home: Path, server: BatchServer, schedule: Schedule | None = None, **manifest: Any) -> None:
        self.home, self.server = home, server
        schedule = schedule or Schedule(weekly="Mon 06:00", judge_by="batch")
        self.schedules = Schedules(by_set={"bot": schedule}, problems={})
        self.state, self.clock, self.money = memory_state(), FixedClock(SLOT - timedelta(days=1)), NoMoney()
        server.now = self.clock.now
        self.queue: list[GoldenRunMessage] = []
        self.settings = Settings(openai_base_url=server.openai, openai_api_key=SecretStr("k"), data_dir=home / "data")
        self._opened: list[BatchEndpoints] = []
        items = [item(f"q{n}", question=f"When was bridge number {n} opened?", contexts=[EVIDENCE]) for n in range(N)]
        said = {f"q{n}": GOOD for n in range(N)}
        write_set(
            home / "bot",
            items,
            releases={"old": said, "new": said | dict.fromkeys(BAD, WRONG)},
            **{
                "labelled": anchors(),
                **MANIFEST,
                "schedule": schedule.model_dump(mode="json", exclude_defaults=True),
                **manifest,
            },
        )
        freeze(read_golden_set(home / "bot", asked_rubric))
        self.restart()

    def restart(self, data: str = "data") -> None:
        """Another process: what was gathered in memory is gone. With other data it is on another machine."""
        self.endpoints = BatchEndpoints(no_judge_files(), self.settings, make_deployment())
        self._opened.append(self.endpoints)
        jobs = self.state.batch_jobs
        waker = Waker(self.state.ledger, self.state.waking, self.state.backlog, self.clock)
        in_force = ConfiguredTerms(self.endpoints)
        self.desk = BatchDesk(
            jobs, self.money, Submitter(jobs, self.money, self.endpoints.of, waker, self.clock, in_force)
        )
        self.data = self.home / data

    def edit(self, **changes: Any) -> None:
        """Change the manifest; None takes a key out. Beat sees the schedule that is there then."""
        path = self.home / "bot" / "manifest.yaml"
        manifest = {**yaml.safe_load(path.read_text()), **changes}
        path.write_text(yaml.safe_dump({key: value for key, value in manifest.items() if value is not None}))
        self.schedules = read_schedules({"bot": self.home / "bot"})

    async def tick(self) -> TickReport:
        """What beat does each minute."""
        golden = GoldenClock(
            key_values=self.state.key_values,
            locks=self.state.locks,
            schedules=lambda: self.schedules,
            publish=self._publish,
            clock=self.clock,
            batches=self.state.batch_jobs,
        )
        return await golden.tick()

    async def run(self) -> SlotRecord | None:
        """Take what was published last."""
        return await self._runs().run(self.queue.pop(), owner="w")

    async def collect(self) -> None:
        """Look at all batches."""
        state = self.state
        waker = Waker(state.ledger, state.waking, state.backlog, self.clock)
        await BatchCollector(state.batch_jobs, self.money, self.endpoints.of, waker, self.clock).tick()

    async def begin(self) -> SlotRecord:
        """From before the slot to the run that waits for its first batch."""
        await self.tick()
        self.clock.moment = SLOT
        return await self.go_on()

    async def go_on(self) -> SlotRecord:
        """A tick that publishes a run, and what comes of it."""
        report = await self.tick()
        assert report.published == ("bot",), report
        record = await self.run()
        assert record is not None
        return record

    async def statuses(self) -> list[str]:
        """What `assay status` says of golden sets."""
        found = await schedule_statuses(self.state.key_values, self.schedules, self.clock.now())
        return [schedule_line(status).plain for status in found]

    async def finish(self, most: int = 5) -> SlotRecord:
        """End and collect batches until the run has ended."""
        for _ in range(most):
            self.server.end()
            await self.collect()
            record = await self.go_on()
            if record.state.is_final:
                return record
        raise AssertionError(f"it still waits: {record}")

    @property
    def book(self) -> SlotBook:
        """What became of all slots."""
        return SlotBook(self.state.key_values)

    async def record(self, slot: datetime = SLOT) -> SlotRecord:
        found = await self.book.record("bot", slot)
        assert found is not None
        return found

    async def jobs(self) -> Sequence[BatchJob]:
        return await self.state.batch_jobs.jobs()

    def result(self, run_id: str) -> GateResult:
        """The gate's result as it was kept."""
        kept = RunStore(self.data, "bot").kept(run_id)
        assert isinstance(kept, GateResult)
        return kept

    async def close(self) -> None:
        for endpoints in self._opened:
            await endpoints.close()
        await self.state.close()

    def later(self, **span: float) -> None:
        self.clock.moment += timedelta(**span)

    async def _publish(self, messages: Sequence[GoldenRunMessage | GoldenJudgeMessage]) -> None:
        self.queue += [message for message in messages if isinstance(message, GoldenRunMessage)]

    def _runs(self) -> ScheduledRuns:
        fleet = FleetLoop(asyncio.get_running_loop())
        root = ConfigRoot(path=self.home)

        def opened(golden: GoldenSet, run_id: str, revision: str) -> RunBatches:
            return RunBatches(self.desk, fleet, self.endpoints, golden, run_id, revision)

        place = GoldenPlace(
            load=lambda name: load_golden_set(self.home / name, asked_rubric),
            evaluator=lambda rubric: build_evaluator(rubric, root, self.settings),
            lookup=lambda _: None,
            data_dir=self.data,
            concurrency=8,
            open_desk=opened,
        )
        return ScheduledRuns(key_values=self.state.key_values, locks=self.state.locks, clock=self.clock, place=place)


_DIFFERS = {"run_id", "started", "finished", "cost_usd", "cost_basis", "latency_s", "judged_by"}


def decided(made: Any) -> Any:
    """Of a gate's result, as JSON, what must not depend on how the judge was asked."""
    if isinstance(made, dict):
        return {key: decided(value) for key, value in made.items() if key not in _DIFFERS}
    return [decided(value) for value in made] if isinstance(made, list) else made
