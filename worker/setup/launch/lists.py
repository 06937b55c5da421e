"""Both lists, as `assay doctor` tells them behind its own checks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from assay.judges.errors import EvaluationError
from assay.worker.ports.health import Check
from assay.worker.records.history import HistoryQuery
from assay.worker.setup.launch.after import after_launch, nothing_yet
from assay.worker.setup.launch.before import before_launch
from assay.worker.setup.launch.told_facts import BEFORE_LAUNCH, told_by_record
from assay.worker.setup.trace_sample import TraceSample
from assay.worker.wiring.runtime import Runtime

LAUNCHED = timedelta(days=30)
"""A record with a judged trace of so many days is of a deployment that runs."""


async def launch_checks(runtime: Runtime, sample: TraceSample | None, others: Sequence[Check]) -> AsyncIterator[Check]:
    """What should be so before launch, and what should be kept up after it.

    Args:
        runtime: the deployment.
        sample: traces that were looked at. None: the store gave none.
        others: checks that were made already.
    """
    try:
        judged = await _is_judged(runtime)
        told = await told_by_record(runtime.history.reader, runtime.clock.now())
        async for check in before_launch(runtime, told, sample, others, judged=judged):
            yield check
        if not judged:
            yield nothing_yet()
            return
        async for check in after_launch(runtime, told):
            yield check
    except EvaluationError as exc:
        yield Check(
            name="launch lists",
            group=BEFORE_LAUNCH,
            status="warn",
            message=f"not all was looked at: {exc}",
            remedy="mend what fails above, and run doctor again",
        )


async def _is_judged(runtime: Runtime) -> bool:
    now = runtime.clock.now()
    counts = await runtime.history.reader.counts(HistoryQuery(since=now - LAUNCHED, until=now))
    return any(state == "scored" and n for (_, _, state, _), n in counts.items())
