"""Examining a Phoenix project: can it be reached, read, written; which environments are in it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot
from assay.worker.stores.phoenix.refusals import ProjectMissing

if TYPE_CHECKING:
    from assay.worker.stores.phoenix.store import PhoenixStore

ENOUGH, MOST_ROOTS = 50, 3000
"""Traces after which no longer look is taken, and after which one is ended."""
TEST_SCORE = "assay_doctor"
UNTOLD = "default"
"""The environment of a span that names none."""


async def examine(store: PhoenixStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    reached = await _reached(store)
    yield reached
    if reached.status == "fail":
        return
    try:
        roots = await _recent(store)
        yield _environments(roots, examination.excluded)
        yield await _rootless(store)
    except StoreError as exc:
        yield not_examined("recent traces", exc)
        return
    if examination.write:
        yield await _round_trip(store, roots)


async def _reached(store: PhoenixStore) -> Check:
    client = store.client
    try:
        project = await store.project_id()
    except StoreAccessDenied as exc:
        remedy = "set PHOENIX_API_KEY to a key of this server or space"
        return Check(name="phoenix key", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    except ProjectMissing as exc:
        remedy = "name the project that your application sends to, by `project` in assay.yaml or PHOENIX_PROJECT"
        return Check(name="phoenix", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    except EvaluationError as exc:
        remedy = "check PHOENIX_ENDPOINT, and that this machine may reach it"
        return Check(name="phoenix", status="fail", message=str(exc), remedy=remedy)
    version = client.server_version or "of unknown version"
    message = f"Phoenix {version}, project {client.project} ({project}); {client.base_url}"
    return Check(name="phoenix", status="ok", message=message)


async def _recent(store: PhoenixStore) -> list[TraceRoot]:
    """Roots of the last hour, or else of the last day or week."""
    now = datetime.now(UTC)
    roots: list[TraceRoot] = []
    for hours in (1, 24, 24 * 7):
        roots = []
        async for page in store.list_roots(now - timedelta(hours=hours), now):
            roots += page
            if len(roots) >= MOST_ROOTS:
                break
        if len(roots) >= ENOUGH:
            break
    return roots


def _environments(roots: Sequence[TraceRoot], excluded: Sequence[str]) -> Check:
    if not roots:
        remedy = "check that your application sends to this project, and that its spans have a root"
        return Check(name="environments", status="warn", message="no trace in the last 7 days", remedy=remedy)
    seen = Counter(root.environment or "(none)" for root in roots)
    told = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    message = f"{told}; never judged: {', '.join([*excluded, OWN_ENVIRONMENT])}"
    if set(seen) == {UNTOLD}:
        remedy = (
            "where use cases match by environment, put deployment.environment.name on the root span: Phoenix drops it "
            "from the resource"
        )
        return Check(name="environments", status="ok", message=message, remedy=remedy)
    return Check(name="environments", status="ok", message=message)


async def _rootless(store: PhoenixStore) -> Check:
    now = datetime.now(UTC)
    count = await store.count_rootless(now - timedelta(hours=24), now)
    if not count:
        return Check(name="roots", status="ok", message="every trace of the last day has a root")
    return Check(
        name="roots",
        status="warn",
        message=f"{count} traces of the last day have no span without a parent: they are not judged",
        remedy="let the outermost span be sent, too; a gateway's context may make it a child of a span nobody sends",
    )


async def _round_trip(store: PhoenixStore, roots: Sequence[TraceRoot]) -> Check:
    """Write a score on the latest trace, read it, delete it: Phoenix takes none for a trace that it does not have."""
    if not roots:
        return Check(name="test score", status="warn", message="not examined: there is no trace to hang it on")
    root = max(roots, key=lambda root: root.start)
    score = Score(
        id=str(uuid.uuid4()),
        trace_id=root.trace_id,
        name=TEST_SCORE,
        value=1.0,
        comment="Written by `assay doctor` to see whether scores arrive; deleted again.",
        environment=OWN_ENVIRONMENT,
        timestamp=root.start,
    )
    try:
        await store.write_scores([score])
        check = _seen(score, await store.read_scores([score.key]))
    except (StoreAccessDenied, StoreRejected) as exc:
        remedy = "use a key that may write annotations: a viewer's may not"
        return Check(name="test score", status="fail", message=str(exc), remedy=remedy)
    except EvaluationError as exc:
        check = not_examined("test score", exc)
    return await _deleted(store, score, check)


def _seen(score: Score, shown: Mapping[str, Score]) -> Check:
    if score.id in shown:
        return Check(name="test score", status="ok", message="written, read back and deleted")
    remedy = "look at the server's log; scores would be rewritten and in the end parked"
    return Check(name="test score", status="fail", message="accepted, but not readable", remedy=remedy)


async def _deleted(store: PhoenixStore, score: Score, check: Check) -> Check:
    try:
        await store.annotations.delete(score.id, score.name, datetime.now(UTC))
    except EvaluationError as exc:
        status = "warn" if check.status == "ok" else check.status
        message = f"{check.message}; but it could not be deleted: {exc}"
        remedy = f"{check.remedy}; " if check.remedy else ""
        remedy += f"delete annotation {TEST_SCORE} of trace {score.trace_id} by hand"
        return check.model_copy(update={"status": status, "message": message, "remedy": remedy})
    return check


def not_examined(name: str, error: EvaluationError) -> Check:
    """Trouble that says nothing of what was to be examined."""
    if isinstance(error, StoreBusy):
        remedy = "other work has the request budget for now: run doctor again in a minute"
        return Check(name=name, status="warn", message=f"not examined: {error}", remedy=remedy)
    remedy = "see that the server answers, then run doctor again"
    return Check(name=name, status="fail", message=f"not examined: {error}", remedy=remedy)
