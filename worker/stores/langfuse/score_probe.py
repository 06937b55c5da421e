"""Whether a score arrives in a Langfuse project: one is written, read back and deleted."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import EvaluationError
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT
from assay.worker.stores.langfuse.scores import SCORES

if TYPE_CHECKING:
    from assay.worker.stores.langfuse.store import LangfuseStore

VISIBLE_AFTER = timedelta(seconds=60)
"""A score was seen to take up to 23 s under load, and 15 s more around midnight UTC."""
POLL_S, LONGEST_POLL_S = 2.0, 8.0
"""Each look is a request of the budget that the fleet works on: the first ones close together, then fewer."""
TEST_SCORE = "assay_doctor"
_NAMESPACE = uuid.UUID("5d6b9d0e-1c3f-5c57-8d3e-8f1d0c9f9b0a")


def not_examined(name: str, error: EvaluationError) -> Check:
    """Trouble that says nothing of what was to be examined: the budget, the way there, Redis."""
    if isinstance(error, StoreBusy):
        remedy = "other work has the request budget for now: run doctor again in a minute, or mend store.plan"
        return Check(name=name, status="warn", message=f"not examined: {error}", remedy=remedy)
    remedy = (
        "see that the server answers, then run doctor again"
        if isinstance(error, StoreUnavailable)
        else "mend what it names, then run doctor again"
    )
    return Check(name=name, status="fail", message=f"not examined: {error}", remedy=remedy)


async def round_trip(store: LangfuseStore) -> Check:
    """Write a score in our own environment, on a trace id that no application has; read it; delete it."""
    score = Score(
        id=str(uuid.uuid5(_NAMESPACE, uuid.uuid4().hex)),
        trace_id=uuid.uuid5(_NAMESPACE, "trace").hex,
        name=TEST_SCORE,
        value=1.0,
        comment="Written by `assay doctor` to see whether scores arrive; deleted again.",
        environment=OWN_ENVIRONMENT,
        timestamp=datetime.now(UTC),
    )
    try:
        await store.write_scores([score])
    except (StoreAccessDenied, StoreRejected) as exc:
        remedy = "give the key the right to write scores; a cloud project over its quota refuses them, too"
        return Check(name="test score", status="fail", message=str(exc), remedy=remedy)
    except StoreBusy as exc:
        return not_examined("test score", exc)
    except EvaluationError as exc:
        # It may have been written all the same.
        return await _deleted(store, score, not_examined("test score", exc))
    return await _deleted(store, score, await _seen(store, score))


async def _seen(store: LangfuseStore, score: Score) -> Check:
    """Whether the store shows a score before long."""
    begun, wait_s = time.monotonic(), POLL_S
    until = begun + VISIBLE_AFTER.total_seconds()
    try:
        while not await _shows(store, score, until=until):
            if time.monotonic() > until:
                return Check(
                    name="test score",
                    status="fail",
                    message=f"accepted, but not readable after {VISIBLE_AFTER.total_seconds():.0f} s",
                    remedy="look at Langfuse's worker and its queue; scores would be rewritten and in the end parked",
                )
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_POLL_S, wait_s * 1.5)
    except EvaluationError as exc:
        return not_examined("test score", exc)
    return Check(
        name="test score", status="ok", message=f"readable {time.monotonic() - begun:.0f} s after it was written"
    )


async def _shows(store: LangfuseStore, score: Score, *, until: float) -> bool:
    while True:
        try:
            return score.id in await store.read_scores([score.key])
        except StoreBusy as exc:
            wait_s = max(exc.retry_after_s or 0.0, 0.1)
            if time.monotonic() + wait_s > until:
                raise
            await asyncio.sleep(wait_s)


async def _deleted(store: LangfuseStore, score: Score, check: Check) -> Check:
    """The check; and the score deleted, seen or not. That it stays is no fault of the score's."""
    try:
        await store.client.delete(f"{SCORES}/{score.id}")
    except EvaluationError as exc:
        message = f"{check.message}; but it could not be deleted: {exc}"
        left = f"delete score {TEST_SCORE} {score.id} by hand, or leave it: it lies in environment {OWN_ENVIRONMENT}"
        status = "warn" if check.status == "ok" else check.status
        remedy = f"{check.remedy}; {left}" if check.remedy else left
        return check.model_copy(update={"status": status, "message": message, "remedy": remedy})
    return check
