"""An application that samples before it sends: errors whole, all else one in four. Rates are those of its traffic."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.local import LocalJudge
from assay.judges.rubric import Rubric
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.flow.outbox import Outbox
from assay.worker.ports.clock import FixedClock
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.spans import Span
from assay.worker.signals.rates import rates
from assay.worker.signals.reading import read_traffic
from assay.worker.state.memory.history import memory_history
from tests.builders import make_deployment, make_sweeper
from tests.otlp_filling import export_request_of
from tests.unit.worker.collector.receiving import PROTOBUF, Receiving, receiving
from tests.unit.worker.flow.pipeline import Line

TRACES = 480
RUBRIC = Rubric(name="grounding")
ALL_KEPT, ONE_IN_FOUR = 0, 0xC0000000000000
BEGAN = datetime.now(UTC) - timedelta(hours=3)
PASSAGE = "The bridge was opened in 1932."
RIGHT, WRONG = "The bridge was opened in 1932.", "Purple elephants invented the telephone in Berlin."


class Run(NamedTuple):
    """One run of the application: what it answered, and from which random number on it is kept."""

    trace_id: str
    number: int
    is_error: bool
    is_wrong: bool

    @property
    def threshold(self) -> int:
        return ALL_KEPT if self.is_error else ONE_IN_FOUR

    @property
    def is_kept(self) -> bool:
        return int(self.trace_id[-14:], 16) >= self.threshold

    def spans(self) -> Iterator[Span]:
        start = BEGAN + timedelta(seconds=self.number)
        root = Span(
            trace_id=self.trace_id,
            span_id=f"{2 * self.number + 1:016x}",
            name="chat",
            start=start,
            end=start + timedelta(seconds=1),
            status="ERROR" if self.is_error else "",
            attributes={
                "input.value": f"Question {self.number}: when was the bridge opened?",
                "output.value": WRONG if self.is_wrong else RIGHT,
                "deployment.environment.name": "production",
            },
        )
        retrieved = {"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.content": PASSAGE}
        yield root
        yield root.model_copy(
            update={
                "span_id": f"{2 * self.number + 2:016x}",
                "parent_id": root.span_id,
                "name": "retrieve",
                "status": "",
                "attributes": retrieved,
            }
        )


def traffic() -> list[Run]:
    """A quarter are errors, most of them wrong; of the others few are."""
    rng = random.Random(16)
    runs = []
    for number in range(TRACES):
        is_error = rng.random() < 0.25
        is_wrong = rng.random() < (0.7 if is_error else 0.06)
        runs.append(Run(f"{rng.getrandbits(128):032x}", number, is_error, is_wrong))
    return runs


async def send(receiver: Receiving, runs: list[Run], *, tells: bool) -> None:
    for at in range(0, len(runs), 100):
        part = runs[at : at + 100]
        states = {run.trace_id: f"congo=1,ot=th:{f'{run.threshold:014x}'.rstrip('0') or '0'}" for run in part}
        request = export_request_of(span for run in part for span in run.spans())
        for group in request.resource_spans:
            for message in group.scope_spans[0].spans:
                message.trace_state = states[message.trace_id.hex()] if tells else ""
        answer = await receiver.post("/v1/traces", request.SerializeToString(), PROTOBUF)
        assert answer.status_code == 200


async def judged_rows(receiver: Receiving, line: Line) -> list[HistoryRow]:
    """What the record has after a sweep, the local judge, and the scores seen in the store."""
    line.store, line.clock = receiver.store, FixedClock(BEGAN + timedelta(hours=2))  # type: ignore[assignment]
    line.evaluator = Evaluator(RUBRIC, LocalJudge())
    messages: list[AssessMessage | RecordMessage] = []

    async def publish(given: Sequence[AssessMessage | RecordMessage]) -> None:
        messages.extend(given)

    sweeper = make_sweeper(receiver.store, line.state, make_deployment(), RUBRIC, publish, line.clock)
    while (await sweeper.sweep()).windows:
        line.clock.moment += timedelta(minutes=1)
    for message in [each for each in messages if isinstance(each, AssessMessage)]:
        box = Outbox(line.state.verdicts, ttl_s=86_400)
        await line.assessor(box).assess(message, owner=uuid.uuid4().hex)
        await box.drain(60)
    for judged in [each for each in line.published if isinstance(each, RecordMessage)]:
        await line.recorder.record(judged)
    line.clock.moment += timedelta(seconds=10)
    await line.verifier.verify()
    ended = await line.state.ended.ended(limit=10_000)
    return [row_of(entry, Origin("sqlite", "p")) for entry in ended.entries]


@pytest.mark.parametrize("tells", [True, False])
def test_rates_are_those_of_the_traffic_where_its_sampler_tells(tmp_path: Path, *, tells: bool) -> None:
    runs, line = traffic(), Line([])
    kept = [run for run in runs if run.is_kept]
    truth, stored = (float(np.mean([run.is_wrong for run in some])) for some in (runs, kept))
    assert stored > truth + 0.12, "so that a rate of what is stored would mislead"

    async def measure() -> None:
        async with receiving(tmp_path) as receiver:
            await send(receiver, kept, tells=tells)
            rows = await judged_rows(receiver, line)
        assert len(rows) == len(kept)
        history = memory_history()
        await history.writer.write(rows)
        query = HistoryQuery(since=BEGAN - timedelta(hours=1), until=BEGAN + timedelta(hours=4))
        (told,) = (await read_traffic(history.reader, query)).values()
        figures = rates(told, 0.5)
        flagged = figures.flagged_behind
        assert flagged is not None
        if not tells:
            assert flagged.value == pytest.approx(stored, abs=0.02)
            assert {row.upstream_pi for row in rows} == {None}
            return
        assert {row.upstream_pi for row in rows} == {1.0, 0.25}
        assert flagged.low <= truth <= flagged.high
        assert flagged.high < stored
        assert sum(1 / row.pi for row in rows) == pytest.approx(TRACES, rel=0.15)

    asyncio.run(measure())
