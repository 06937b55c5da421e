"""The way of traces from promise to verified score over a store that answers by HTTP, in one loop."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from assay.judges.schema import Sample, Verdict
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.reconcile import Reconciler
from assay.worker.flow.scores import expected_scores
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.scores import ScoreKey
from assay.worker.records.traces import Trace
from tests.builders import make_trace
from tests.contract.stores import FilledStore
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line

NAMES = 4
"""Scores of a trace."""
MOST_ROUNDS = 40


def line_of(count: int) -> Line:
    """A line over so many traces, with ids such as any store takes."""
    return Line([_trace(number) for number in range(count)], _judged)


async def run(line: Line, traces: list[Trace], store: FilledStore) -> Mapping[str, int]:
    """Judge and record until each trace has come to an end; how many ended how."""
    await store.add_traces(traces)
    line.store = store  # type: ignore[assignment]  # the line's own is a fake
    for message in line.messages():
        await _assess(line, message)
    for _ in range(MOST_ROUNDS):
        for recorded in [m for m in line.published if isinstance(m, RecordMessage)]:
            line.published.remove(recorded)
            await line.recorder.record(recorded)
        line.clock.moment += timedelta(seconds=61)
        await line.verifier.verify()
        ended = Counter(entry.state.value for entry in (await _entries(line)).values())
        if ended.keys() <= {LedgerState.SCORED.value, LedgerState.DEAD.value}:
            return ended
        line.clock.moment += timedelta(seconds=121)
        reconciler = Reconciler(
            ledger=line.state.ledger,
            publish=line.publish,
            clock=line.clock,
            ledger_deadline=timedelta(seconds=120),
        )
        await reconciler.reconcile()
    return ended


async def keys(line: Line) -> list[ScoreKey]:
    """How every score of the line is found again."""
    project = await line.store.project_id()
    return [key for entry in (await _entries(line)).values() for key in expected_scores(entry, project)]


async def _entries(line: Line) -> Mapping[str, LedgerEntry]:
    ids = [promise.trace_id for promise in line.promises]
    return await line.state.ledger.entries("grounding", ids)


async def _assess(line: Line, message: AssessMessage) -> None:
    box = Outbox(line.state.verdicts, ttl_s=86_400)
    await line.assessor(box).assess(message, owner=uuid.uuid4().hex)
    await box.drain(60)


def _trace(number: int) -> Trace:
    trace = make_trace(
        f"{0xAB00 + number:032x}", input={"question": f"Question {number}?"}, observation_id=_span(number, 0)
    )
    (step,) = trace.observations
    below = {"id": _span(number, 1), "parent_id": _span(number, 0)}
    return trace.model_copy(update={"observations": (step.model_copy(update=below),)})


def _span(number: int, step: int) -> str:
    return f"{0xCD0000 + number * 16 + step:016x}"


def _judged(sample: Sample) -> Verdict:
    return supported(sample)
