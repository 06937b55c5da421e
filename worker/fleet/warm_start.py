"""What the first message would otherwise wait for: the judges of all rubrics on disk, and what working them imports.

A message that waits for that is a message that nobody else can take.
"""

from __future__ import annotations

import asyncio

import structlog

from assay.judges.errors import EvaluationError
from assay.worker.wiring.runtime import Runtime

LONGEST_S = 60.0
"""A judge that takes longer to load, e.g. on a machine that is starved, is loaded by the first message."""

log = structlog.get_logger(__name__)


async def warm(runtime: Runtime) -> None:
    """Load them. What cannot be loaded is told, and told again by the first message that needs it."""
    async with asyncio.timeout(LONGEST_S):
        for rubric in runtime.rubrics.values():
            calibration = runtime.calibrations.get(rubric.name)
            try:
                await runtime.evaluator(
                    rubric.content_hash(), calibration.content_hash() if calibration is not None else None
                )
            except EvaluationError as exc:
                log.warning("process.judge_not_loaded", rubric=rubric.name, error=type(exc).__name__)
    _ = (runtime.assessor, runtime.recorder, runtime.verifier, runtime.reconciler)
