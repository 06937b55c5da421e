"""A fleet under test: a deployment in a temporary directory, with short intervals, and eyes on its state."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.launch.broker import Broker
from assay.worker.launch.fleet import Fleet, running_fleet
from assay.worker.launch.supervisor import Supervisor
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.stores.sqlite.store import SqliteStore
from assay.worker.wiring.runtime import Runtime
from tests.builders import make_trace
from tests.waiting import until

T = TypeVar("T")

QUICK: dict[str, Any] = {
    "sweep_every_s": 5.0,
    "reconcile_every_s": 1.0,
    "verify_every_s": 1.0,
    "ledger_deadline_s": 5.0,
    "log_level": "info",
}

CONFIG = """
defaults: {{quiet_seconds: 1, min_per_day: 0, low_traffic: {{below_per_day: 0}}, rubrics: [{rubric}]}}
use_cases:
  - {{name: bot, rate: {rate}, allow_rate: true}}
"""


def make_traces(n: int, **over: Any) -> list[Trace]:
    """Traces of the last hours, alternately right and wrong."""
    now = datetime.now(UTC)
    answers = ["The bridge was opened in 1932.", "Purple elephants invented the telephone in Berlin."]
    return [
        make_trace(
            f"trace-{i:04}",
            start=now - timedelta(minutes=30 + i % 300),
            output={"answer": f"{answers[i % 2]}"},
            input={"question": f"Question {i}: when was the bridge opened?"},
            **over,
        )
        for i in range(n)
    ]


@dataclass
class Deployed:
    """One deployment on disk and, inside `running`, its fleet."""

    home: Path
    settings: Settings
    root: ConfigRoot
    fleet: Fleet | None = field(default=None)

    @classmethod
    def create(
        cls, home: Path, traces: Sequence[Trace], *, rubric: str = "grounding", rate: float = 1.0, **over: Any
    ) -> Deployed:
        """Write assay.yaml and fill the embedded store."""
        home.mkdir(parents=True, exist_ok=True)
        (home / "assay.yaml").write_text(CONFIG.format(rubric=rubric, rate=rate))
        settings = Settings(**{**QUICK, "data_dir": home / ".assay", **over})
        deployed = cls(home=home, settings=settings, root=ConfigRoot(path=home))
        asyncio.run(deployed._fill(traces))
        return deployed

    @contextmanager
    def running(self, *, assess_workers: int = 1) -> Iterator[Deployed]:
        """Start the fleet; stop it on leaving."""
        with running_fleet(self.settings, self.root, assess_workers=assess_workers) as fleet:
            self.fleet = fleet
            yield self
        self.fleet = None

    def settings_with(self, places: dict[str, Any]) -> Settings:
        """The settings with some replaced, checked again."""
        return Settings(**{**self.settings.model_dump(exclude_none=True), **places})

    def watch(self, supervisor: Supervisor, broker: Broker) -> None:
        """Look at processes that somebody else started."""
        self.fleet = Fleet(broker=broker, supervisor=supervisor)

    def ask(self, work: Callable[[Runtime], Awaitable[T]], broker: Broker | None = None) -> T:
        """Look at the running fleet's state and store; with a broker given, before there is a fleet."""
        if broker is None:
            assert self.fleet is not None
            broker = self.fleet.broker
        url = broker.url

        async def main() -> T:
            runtime = Runtime(self.settings, self.root, redis_url=url)
            try:
                return await work(runtime)
            finally:
                await runtime.close()

        return asyncio.run(main())

    def funnel(self) -> Funnel:
        """The funnel of the last days."""
        today = datetime.now(UTC).date()
        return self.ask(
            lambda runtime: read_funnel(
                runtime.state.ledger_reader, runtime.state.windows, today - timedelta(days=2), today
            )
        )

    def await_that(self, condition: Callable[[], object], *, told: Callable[[], object] = str) -> None:
        """Poll until a condition holds, reviving what died meanwhile as `assay up` does.

        A failure shows what `told` returns, and the logs.
        """

        def holds() -> object:
            assert self.fleet is not None
            self.fleet.check()
            return condition()

        until(holds, told=lambda: f"{told()}\n{self.logs()}", every_s=0.2)

    def until(self, condition: Callable[[Funnel], object]) -> Funnel:
        """Poll until the funnel satisfies a condition; that funnel."""
        funnel = self.funnel()

        def holds() -> object:
            nonlocal funnel
            funnel = self.funnel()
            return condition(funnel)

        self.await_that(holds, told=lambda: funnel)
        return funnel

    def settled(self, n: int) -> Funnel:
        """Wait until `n` traces were seen and none is in flight."""
        return self.until(lambda f: sum(r.seen for r in f.rows) >= n and f.in_flight == 0)

    def scores(self) -> dict[str, Score]:
        """Every score in the embedded store, by id."""

        async def read() -> dict[str, Score]:
            store = SqliteStore(self.settings.data_dir / "traces.db") if self.settings.data_dir else None
            assert store is not None
            try:
                now = datetime.now(UTC)
                ids = [r.trace_id async for page in store.list_roots(now - timedelta(days=3), now) for r in page]
                found = [score for trace_id in ids for score in await store.scores_of(trace_id)]
            finally:
                await store.close()
            assert len({score.id for score in found}) == len(found)
            return {score.id: score for score in found}

        return asyncio.run(read())

    def kill(self, name: str) -> None:
        """kill -9 one of the fleet's processes, as soon as it runs."""
        assert self.fleet is not None
        fleet = self.fleet
        self.await_that(lambda: name in fleet.supervisor.pids)
        os.kill(fleet.supervisor.pids[name], signal.SIGKILL)

    def logs(self) -> str:
        """The last lines of every process's log, for a failing test."""
        files = sorted((self.home / ".assay" / "logs").glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text()[-1500:]}" for file in files)

    async def _fill(self, traces: Sequence[Trace]) -> None:
        assert self.settings.data_dir is not None
        store = SqliteStore(self.settings.data_dir / "traces.db")
        try:
            await store.add_traces(traces)
        finally:
            await store.close()


def by_trace_and_name(scores: dict[str, Score]) -> dict[tuple[str, str], float | str]:
    """Scores as what a person compares: (trace, name) → value."""
    values = {(score.trace_id, score.name): score.value for score in scores.values()}
    assert len(values) == len(scores), "a trace carries a score of one name twice"
    return values
