"""Examining a Langfuse project: can it be reached, read, written; which environments are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected
from assay.worker.records.scores import ScoreKey
from assay.worker.records.traces import TraceRoot
from assay.worker.stores.langfuse.score_probe import not_examined, round_trip
from assay.worker.stores.langfuse.server import serves_traces

if TYPE_CHECKING:
    from assay.worker.stores.langfuse.store import LangfuseStore

ENOUGH, MOST_ROOTS = 50, 3000
"""Traces after which no longer look is taken, and after which one is ended."""
_PROBE_ID = "5d6b9d0e-1c3f-5c57-8d3e-8f1d0c9f9b0a"
"""No score has it."""
_KEYS = "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY"


async def examine(store: LangfuseStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    try:
        server = await store.server()
    except StoreAccessDenied as exc:
        yield Check(name="langfuse key", status="fail", message=str(exc), remedy=f"set {_KEYS}", is_configuration=True)
        return
    except (StoreError, ConfigurationError) as exc:
        is_ours = isinstance(exc, ConfigurationError)
        remedy = "check LANGFUSE_BASE_URL, and that this machine may reach it"
        yield Check(name="langfuse", status="fail", message=str(exc), remedy=remedy, is_configuration=is_ours)
        return
    yield Check(name="langfuse", status="ok", message=f"{server.words}; {store.client.base_url}")
    for checked in (await _migration(store), await _rights(store)):
        if checked is not None:
            yield checked
    try:
        roots = await _recent(store)
        yield _environments(roots, examination.excluded)
    except StoreBusy as exc:
        yield not_examined("recent traces", exc)
    except StoreError as exc:
        yield Check(name="recent traces", status="fail", message=str(exc), remedy="see above; then run doctor again")
    for name in dict.fromkeys(examination.queues):
        yield await _queue(store, name)
    if examination.write:
        yield await round_trip(store)


async def is_migrating(store: LangfuseStore) -> bool:
    """Whether the server answers both generations' reads; it then shows traces of older SDKs late."""
    if (await store.server()).generation == "v3":
        return False
    try:
        return await serves_traces(store.client)
    except StoreError:
        return False


async def _migration(store: LangfuseStore) -> Check | None:
    if (await store.server()).generation == "v3":
        return Check(
            name="generation",
            status="warn",
            message="trace objects (v3): whole traces are read one by one",
            remedy="nothing now; Langfuse ends support of v3, a v4 server is read in batches",
        )
    if not await is_migrating(store):
        return None
    return Check(
        name="generation",
        status="warn",
        message="a server in migration: traces of older SDKs become readable 10 to 20 minutes late",
        remedy="set late_seconds: 1800 in assay.yaml",
    )


async def _rights(store: LangfuseStore) -> Check:
    try:
        project = await store.project_id()
        await store.read_scores([ScoreKey(_PROBE_ID, _PROBE_ID, datetime.fromtimestamp(0, UTC))])
    except (StoreAccessDenied, StoreRejected) as exc:
        remedy = f"use a project's own key: {_KEYS}"
        return Check(name="key rights", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    except EvaluationError as exc:
        return not_examined("key rights", exc)
    return Check(name="key rights", status="ok", message=f"project {project}: traces and scores can be read")


async def _recent(store: LangfuseStore) -> list[TraceRoot]:
    """Roots of the last hour, or else of the last day."""
    now = datetime.now(UTC)
    for hours in (1, 24, 24 * 7):
        roots: list[TraceRoot] = []
        async for page in store.list_roots(now - timedelta(hours=hours), now):
            roots += page
            if len(roots) >= MOST_ROOTS:
                break
        if len(roots) >= ENOUGH:
            break
    return roots


def _environments(roots: Sequence[TraceRoot], excluded: Sequence[str]) -> Check:
    if not roots:
        return Check(
            name="environments",
            status="warn",
            message="no trace in the last 7 days",
            remedy="check that the key belongs to the project your application writes to",
        )
    seen = Counter(root.environment or "(none)" for root in roots)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    return Check(name="environments", status="ok", message=f"{message}; never judged: {', '.join(excluded)}, assay")


async def _queue(store: LangfuseStore, name: str) -> Check:
    """Whether a review queue is there, and whether what people say in it can become a label."""
    title = f"review queue {name!r}"
    try:
        queue = await store.review_queues.find(name)
    except EvaluationError as exc:
        is_ours = isinstance(exc, ConfigurationError)
        remedy = "make it under Human Annotation in the project, or mend review_queue in assay.yaml"
        return Check(name=title, status="fail", message=str(exc), remedy=remedy, is_configuration=is_ours)
    message = f"asks people for {', '.join(f'{score} ({kind.lower()})' for score, kind in queue.scores.items())}"
    if "BOOLEAN" in queue.scores.values():
        return Check(name=title, status="ok", message=message)
    remedy = (
        "add a boolean score config such as `hallucination` to it; or name the score by "
        "`assay labels pull --score NAME --marked VALUE`"
    )
    return Check(name=title, status="warn", message=message, remedy=remedy)
