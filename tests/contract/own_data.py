"""Data that belongs to one test alone: its own ids, hours, environment and names.

A real project keeps what earlier tests and runs wrote. So each test writes under ids that nobody had before and looks
at nothing else: the suite passes twice in a row in one project, and in any order.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assay.worker.ports.store import Store
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Observation, Trace, TraceKey, TraceRoot

DAYS_BACK = range(3, 20)
"""Far enough back that a sweep over a day lies in the past, near enough that a real server takes it."""
LAST_HOUR = 20
"""A score is dated up to half an hour after its trace, and must not get into the next day."""


@dataclass(frozen=True)
class OwnData:
    """What a test calls its things."""

    run: str
    noon: datetime

    @classmethod
    def new(cls) -> OwnData:
        """Ids that nobody had, and an hour that hardly anybody had."""
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        hour = random.SystemRandom().randrange(LAST_HOUR)
        day = random.SystemRandom().choice(DAYS_BACK)
        return cls(run=uuid.uuid4().hex[:16], noon=now.replace(hour=hour) - timedelta(days=day))

    @property
    def environment(self) -> str:
        """An environment that no other test's traces are in."""
        return f"contract-{self.run}"

    def dumps(self) -> str:
        """As text, for another process."""
        return json.dumps([self.run, self.noon.isoformat()])

    @classmethod
    def loads(cls, text: str) -> OwnData:
        """What `dumps` gave."""
        run, noon = json.loads(text)
        return cls(run=run, noon=datetime.fromisoformat(noon))

    def tid(self, number: int = 1) -> str:
        """A trace id such as every store takes: 32 hex digits."""
        return f"{self.run}{number:016x}"

    def span(self, number: int, step: int) -> str:
        """The id of a trace's step: 16 hex digits."""
        return f"{self.run[:8]}{number:07x}{step:x}"

    def trace(
        self, number: int, *, environment: str | None = None, start: datetime | None = None, **columns: object
    ) -> Trace:
        """A trace with a retrieval and an answer."""
        start = start or self.noon
        root = TraceRoot.model_validate(
            {
                "trace_id": self.tid(number),
                "observation_id": self.span(number, 0),
                "name": "chat",
                "environment": environment or self.environment,
                "start": start,
                "end": start + timedelta(seconds=2),
                **columns,
            }
        )
        under = {"parent_id": root.observation_id, "start": start, "end": start + timedelta(seconds=1)}
        retrieval: dict[str, object] = {"type": "retriever", "name": "r", "output": [f"passage {number}"]}
        answer: dict[str, object] = {"type": "generation", "name": "g", "output": "answer", "model": "m"}
        answer["level"] = "WARNING"
        steps = [{"id": self.span(number, n), **step, **under} for n, step in enumerate((retrieval, answer), 1)]
        observations = tuple(Observation.model_validate(step) for step in steps)
        return Trace(root=root, input={"question": "?"}, output="answer", observations=observations)

    def score(self, number: int = 1, name: str = "groundedness", value: float | str = 0.5, **columns: object) -> Score:
        """A score of a trace, with an id made of the trace's and its name."""
        trace_id = self.tid(number)
        identity = {"id": f"{trace_id}-{name}", "trace_id": trace_id, "name": name}
        return Score.model_validate({**identity, "value": value, "timestamp": self.noon, **columns})

    def key(self, number: int) -> TraceKey:
        """Where a trace is found."""
        return TraceKey(trace_id=self.tid(number), start=self.noon, end=self.noon)

    def unknown_score(self) -> ScoreKey:
        """How a score would be found that nobody wrote."""
        return ScoreKey("unknown", self.tid(1), self.noon)

    def owns(self, trace_id: str) -> bool:
        """Whether a trace is this test's."""
        return trace_id.startswith(self.run)

    async def pages(self, store: Store, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """The pages of a listing, each with this test's roots alone."""
        async for page in store.list_roots(start, end):
            yield [root for root in page if self.owns(root.trace_id)]

    async def listed(self, store: Store, start: datetime, end: datetime) -> list[TraceRoot]:
        """This test's roots in a range."""
        return [root async for page in self.pages(store, start, end) for root in page]
