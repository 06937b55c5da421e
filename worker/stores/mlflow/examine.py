"""Examining an MLflow server: can it be reached, read, written; which environments are in the experiment."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceKey, TraceRoot
from assay.worker.stores.mlflow.assessments import assessment_id
from assay.worker.stores.mlflow.client import API, RouteMissing

if TYPE_CHECKING:
    from assay.worker.stores.mlflow.store import MlflowStore

ENOUGH, MOST_ROOTS = 50, 3000
"""Traces after which no longer look is taken, and after which one is ended."""
TEST_SCORE = "assay_doctor"
_LOGIN = "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"


async def examine(store: MlflowStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn. The later ones are left out where an earlier one makes them pointless."""
    try:
        version = (await store.client.get_text("/version")).strip()[:40]
        experiment = await store.project_id()
    except (StoreAccessDenied, ConfigurationError) as exc:
        remedy = f"set {_LOGIN}" if isinstance(exc, StoreAccessDenied) else "see above"
        yield Check(name="mlflow", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
        return
    except EvaluationError as exc:
        remedy = "check MLFLOW_TRACKING_URI, and that this machine may reach it"
        yield Check(name="mlflow", status="fail", message=str(exc), remedy=remedy)
        return
    where = f"{store.client.base_url}, version {version}, experiment {store.named} (id {experiment})"
    yield Check(name="mlflow", status="ok", message=where)
    try:
        roots = await _recent(store)
        yield _environments(roots, examination.excluded)
        yield await _spans(store, roots)
        if examination.write:
            yield await _round_trip(store, roots)
    except EvaluationError as exc:
        yield _not_examined("recent traces", exc)


async def _recent(store: MlflowStore) -> list[TraceRoot]:
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
        return Check(
            name="environments",
            status="warn",
            message="no finished trace in the last 7 days",
            remedy="check that the experiment is the one your application writes to",
        )
    seen = Counter(root.environment or "(none)" for root in roots)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    return Check(name="environments", status="ok", message=f"{message}; never judged: {', '.join(excluded)}, assay")


async def _spans(store: MlflowStore, roots: Sequence[TraceRoot]) -> Check:
    """Whether whole traces can be read: an older server has no route for it."""
    keys = [TraceKey(trace_id=root.trace_id, start=root.start) for root in roots[-3:]]
    try:
        fetched = await store.fetch_traces(keys)
    except RouteMissing as exc:
        remedy = "use an MLflow server that gives traces with their spans (see docs/reference/store-mlflow.md)"
        return Check(name="spans", status="fail", message=str(exc), remedy=remedy)
    trouble = [read for read in fetched.values() if isinstance(read, StoreError)]
    if trouble:
        remedy = "look at this trace in MLflow; others are judged"
        return Check(name="spans", status="warn", message=str(trouble[0]), remedy=remedy)
    return Check(name="spans", status="ok", message=f"{len(fetched)} of {len(keys)} traces read with their spans")


async def _round_trip(store: MlflowStore, roots: Sequence[TraceRoot]) -> Check:
    """Write a score on the newest trace, read it, delete it. MLflow takes none where there is no trace."""
    if not roots:
        remedy = "send a trace, then run doctor again"
        return Check(name="test score", status="warn", message="not examined: there is no trace", remedy=remedy)
    newest = roots[-1]
    score = Score(
        id=uuid.uuid4().hex,
        trace_id=newest.trace_id,
        name=TEST_SCORE,
        value=1.0,
        comment="Written by `assay doctor` to see whether scores arrive, and deleted again.",
        environment=OWN_ENVIRONMENT,
        timestamp=newest.start,
    )
    try:
        await store.write_scores([score])
        is_there = score.id in await store.read_scores([score.key])
    except EvaluationError as exc:
        is_there, trouble = False, _not_examined("test score", exc)
    else:
        remedy = "look at the server's log; scores would be rewritten and in the end parked"
        trouble = Check(name="test score", status="fail", message="accepted, but not readable", remedy=remedy)
    good = Check(name="test score", status="ok", message="written, read and deleted")
    return await _deleted(store, score, good if is_there else trouble)


async def _deleted(store: MlflowStore, score: Score, check: Check) -> Check:
    """The check; and the score deleted, seen or not."""
    path = f"{API}/traces/{quote(score.trace_id, safe='')}/assessments/{assessment_id(score.id)}"
    try:
        await store.client.send("DELETE", path, {})
    except EvaluationError as exc:
        message = f"{check.message}; but it could not be deleted: {exc}"
        remedy = f"{check.remedy} delete assessment {TEST_SCORE} of trace {score.trace_id} by hand".strip()
        status = "warn" if check.status == "ok" else check.status
        return check.model_copy(update={"status": status, "message": message, "remedy": remedy})
    return check


def _not_examined(name: str, error: EvaluationError) -> Check:
    """Trouble that says nothing of what was to be examined: the budget, the way there, Redis."""
    if isinstance(error, StoreBusy):
        remedy = "other work has the request budget: run doctor again in a minute, or raise store.requests_per_minute"
        return Check(name=name, status="warn", message=f"not examined: {error}", remedy=remedy)
    remedy = (
        "see that the server answers, then run doctor again"
        if isinstance(error, StoreUnavailable)
        else "mend what it names, then run doctor again"
    )
    return Check(name=name, status="fail", message=f"not examined: {error}", remedy=remedy)
