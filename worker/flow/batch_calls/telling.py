"""Telling traces that wait for a batch what became of it, where that is no answer: `assay why` reads it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from assay.worker.ports.waking import Waking
from assay.worker.records.batch_jobs import Subject

HELD_BATCH = "held_batch"
"""Why an entry waits whose answer comes with a batch, e.g. `held_batch` in `assay why`."""

LOOK_AGAIN_S = 10.0
"""Seconds after which those are told again that were still in hand: a full batch may be refused within a second."""

ROUNDS = 3
"""How often they are told."""


def by_rubric(subjects: Sequence[Subject]) -> Mapping[str, list[str]]:
    """The traces of each rubric. Judgements of golden runs are none."""
    traces: dict[str, list[str]] = defaultdict(list)
    for subject in (subject for subject in subjects if subject.is_trace):
        traces[subject.rubric].append(subject.trace_id)
    return traces


async def tell(waking: Waking, subjects: Sequence[Subject], detail: str) -> Sequence[Subject]:
    """Let work that waits for a batch say what keeps it waiting. Returns whom nobody could tell: what does not wait.

    Raises:
        StateUnavailable
    """
    left: list[Subject] = []
    for rubric, trace_ids in by_rubric(subjects).items():
        told = set(await waking.tell(rubric, trace_ids, reason=HELD_BATCH, detail=detail))
        left += [Subject(rubric=rubric, trace_id=trace_id) for trace_id in trace_ids if trace_id not in told]
    return left


async def tell_all(waking: Waking, subjects: Sequence[Subject], detail: str) -> None:
    """The same, and a few times more for those that were still in hand.

    Raises:
        StateUnavailable
    """
    for left_rounds in reversed(range(ROUNDS)):
        subjects = await tell(waking, subjects, detail)
        if not subjects or not left_rounds:
            return
        await asyncio.sleep(LOOK_AGAIN_S)
