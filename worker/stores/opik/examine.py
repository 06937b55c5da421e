"""Examining an Opik project: can it be reached and read, which environments are in it, does a score arrive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot

if TYPE_CHECKING:
    from assay.worker.stores.opik.store import OpikStore

ENOUGH = 50
"""Traces after which no longer look is taken."""
TEST_SCORE = "assay_doctor"
LOOKS, POLL_S = 10, 1.0


async def examine(store: OpikStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    try:
        project = await store.project_id()
    except (StoreAccessDenied, ConfigurationError) as exc:
        remedy = "set OPIK_API_KEY, OPIK_WORKSPACE and the project of that workspace"
        yield Check(name="opik project", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
        return
    except StoreError as exc:
        remedy = "check OPIK_URL_OVERRIDE (it ends in /api), and that this machine may reach it"
        yield Check(name="opik", status="fail", message=str(exc), remedy=remedy)
        return
    yield Check(name="opik", status="ok", message=f"project {store.project!a} ({project}); {store.client.base_url}")
    try:
        roots = await _recent(store)
    except StoreBusy as exc:
        yield Check(name="recent traces", status="warn", message=f"not examined: {exc}", remedy="run doctor again")
        return
    except StoreError as exc:
        yield Check(name="recent traces", status="fail", message=str(exc), remedy="see above; then run doctor again")
        return
    yield _environments(roots, examination.excluded)
    if examination.write and roots:
        yield await _round_trip(store, roots[0])


async def _recent(store: OpikStore) -> list[TraceRoot]:
    """Roots of the last hour, or else of the last day or week."""
    now = datetime.now(UTC)
    roots: list[TraceRoot] = []
    for hours in (1, 24, 24 * 7):
        roots = []
        async for page in store.list_roots(now - timedelta(hours=hours), now):
            roots += page
            if len(roots) >= ENOUGH:
                return roots
    return roots


def _environments(roots: Sequence[TraceRoot], excluded: Sequence[str]) -> Check:
    if not roots:
        remedy = "check that your application writes to this project and workspace"
        return Check(name="environments", status="warn", message="no trace in the last 7 days", remedy=remedy)
    seen = Counter(root.environment for root in roots)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    return Check(name="environments", status="ok", message=f"{message}; never judged: {', '.join(excluded)}, assay")


async def _round_trip(store: OpikStore, root: TraceRoot) -> Check:
    """Write a score on the newest trace, read it, delete it: Opik shows no score of a trace that it lacks."""
    score = Score(
        id=f"{TEST_SCORE}-{root.trace_id}",
        trace_id=root.trace_id,
        name=TEST_SCORE,
        value=1.0,
        comment="Written by `assay doctor` to see whether scores arrive; deleted again.",
        environment=OWN_ENVIRONMENT,
        timestamp=root.start,
    )
    try:
        await store.write_scores([score])
        is_shown = await _is_shown(store, score)
        await store.client.post(f"v1/private/traces/{root.trace_id}/feedback-scores/delete", {"name": TEST_SCORE})
    except EvaluationError as exc:
        remedy = "give the key the right to write scores; then run doctor again"
        return Check(name="test score", status="fail", message=str(exc), remedy=remedy)
    if not is_shown:
        message = f"written on trace {root.trace_id}, and not shown after {LOOKS * POLL_S:g} s"
        return Check(name="test score", status="fail", message=message, remedy="look at the server's logs")
    return Check(name="test score", status="ok", message="written, read back and deleted")


async def _is_shown(store: OpikStore, score: Score) -> bool:
    for _ in range(LOOKS):
        if score.id in await store.read_scores([score.key]):
            return True
        await asyncio.sleep(POLL_S)
    return False
