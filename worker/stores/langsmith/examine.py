"""What `assay doctor` wants to know of a LangSmith project: can it be reached, which traces are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreRejected
from assay.worker.records.scores import ScoreKey
from assay.worker.records.traces import TraceRoot

if TYPE_CHECKING:
    from assay.worker.stores.langsmith.store import LangSmithStore

DAYS = 7
ENOUGH = 3000
"""Traces after which a look is ended."""
_PROBE_ID = "5d6b9d0e-1c3f-5c57-8d3e-8f1d0c9f9b0a"
"""No score has it."""
_WORDS = {"newer": "by /api/v2/runs/query", "older": "by /api/v1/runs/query, which LangSmith takes away in 2027"}


async def examine(store: LangSmithStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    try:
        project = await store.project_id()
        roots = await _recent(store)
        if roots:  # scores have a right of their own
            await store.read_scores([ScoreKey(_PROBE_ID, roots[0].trace_id, roots[0].start)])
    except EvaluationError as exc:
        is_ours = isinstance(exc, StoreAccessDenied | StoreRejected)
        yield Check(
            name="langsmith",
            status="fail",
            message=str(exc),
            remedy="check LANGSMITH_API_KEY, LANGSMITH_ENDPOINT and LANGSMITH_PROJECT",
            is_configuration=is_ours,
        )
        return
    how = _WORDS.get(store.runs.generation or "", "not asked yet")
    yield Check(
        name="langsmith",
        status="ok" if store.runs.generation != "older" else "warn",
        message=f"project {store.project} ({project}) at {store.address}; runs are read {how}",
        remedy="" if store.runs.generation != "older" else "self-hosted: upgrade to 0.16 or later before then",
    )
    yield _environments(roots, examination.excluded)
    if examination.write:
        yield Check(
            name="test score",
            status="warn",
            message="not written: feedback hangs on a run, and all runs are your application's",
            remedy="run a sweep; a score counts as written only once LangSmith shows it",
        )


async def _recent(store: LangSmithStore) -> list[TraceRoot]:
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
            message=f"no trace in the last {DAYS} days",
            remedy="check that LANGSMITH_PROJECT is the project that your application writes to",
        )
    seen = Counter(root.environment for root in roots)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    return Check(
        name="environments", status="ok", message=f"{message}; never judged: {', '.join((*excluded, 'assay'))}"
    )
