"""What `assay doctor` wants to know of an application in Datadog: can it be read, and which traces are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreRejected
from assay.worker.records.traces import TraceKey, TraceRoot

if TYPE_CHECKING:
    from assay.worker.stores.datadog.store import DatadogStore

DAYS = 1
"""Each span of a search comes whole: a week of them would be much."""
ENOUGH = 1000
"""Traces after which a look is ended."""


async def examine(store: DatadogStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    name = "datadog"
    try:
        roots = await _recent(store)
        if roots:
            await store.fetch_traces([TraceKey(trace_id=roots[0].trace_id, start=roots[0].start, end=roots[0].end)])
    except EvaluationError as exc:
        is_ours = isinstance(exc, StoreAccessDenied | StoreRejected)
        remedy = "check DD_API_KEY, DD_APP_KEY and DD_SITE; the application key needs the right to read spans"
        yield Check(name=name, status="fail", message=str(exc), remedy=remedy, is_configuration=is_ours)
        return
    where = f"application {store.ml_app} at {store.address}"
    if not store.spans.takes_words:
        message = f"{where}: searches in words find nothing, so each trace is a search of its own"
        yield Check(name=name, status="warn", message=message, remedy="report it: the query syntax has changed")
    else:
        yield Check(name=name, status="ok", message=where)
    yield _environments(roots, examination.excluded)
    if examination.write:
        yield Check(
            name="test score",
            status="warn",
            message="not written: an evaluation cannot be taken back, and all spans are your application's",
            remedy="run a sweep; a score counts as written only once Datadog shows it",
        )


async def _recent(store: DatadogStore) -> list[TraceRoot]:
    now = datetime.now(UTC)
    roots: list[TraceRoot] = []
    async for page in store.list_roots(now - timedelta(days=DAYS), now):
        roots += page
        if len(roots) >= ENOUGH:
            break
    return roots


def _environments(roots: Sequence[TraceRoot], excluded: Sequence[str]) -> Check:
    if not roots:
        return Check(
            name="environments",
            status="warn",
            message="no trace in the last day",
            remedy="check that DD_LLMOBS_ML_APP is the application's name, and DD_SITE the site it writes to",
        )
    seen = Counter(root.environment for root in roots)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    return Check(
        name="environments", status="ok", message=f"{message}; never judged: {', '.join((*excluded, 'assay'))}"
    )
