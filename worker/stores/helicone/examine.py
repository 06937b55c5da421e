"""Examining a Helicone organisation: can it be reached and read, which environments are in it, is a body there."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError
from assay.worker.records.traces import TraceKey, TraceRoot

if TYPE_CHECKING:
    from assay.worker.stores.helicone.store import HeliconeStore

ENOUGH = 50
"""Requests after which no longer look is taken."""


async def examine(store: HeliconeStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless.

    No test score is written: Helicone can delete none, and shows it ten minutes later.
    """
    try:
        roots = await _recent(store)
    except StoreAccessDenied as exc:
        yield Check(
            name="helicone key", status="fail", message=str(exc), remedy="set HELICONE_API_KEY", is_configuration=True
        )
        return
    except StoreBusy as exc:
        yield Check(name="helicone", status="warn", message=f"not examined: {exc}", remedy="run doctor again")
        return
    except StoreError as exc:
        remedy = "check HELICONE_BASE_URL, and that this machine may reach it"
        yield Check(name="helicone", status="fail", message=str(exc), remedy=remedy)
        return
    organization = f"organization {store.organization!a} by assay.yaml"
    yield Check(name="helicone", status="ok", message=f"{organization}; {store.client.base_url}")
    yield _environments(roots, examination.excluded)
    if roots:
        yield await _body(store, roots[0])


async def _recent(store: HeliconeStore) -> list[TraceRoot]:
    """Requests of the last hour, or else of the last day or week."""
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
        remedy = "check that the key belongs to the organisation your application logs to"
        return Check(name="environments", status="warn", message="no request in the last 7 days", remedy=remedy)
    seen = Counter(root.environment for root in roots)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    return Check(name="environments", status="ok", message=f"{message}; never judged: {', '.join(excluded)}, assay")


async def _body(store: HeliconeStore, root: TraceRoot) -> Check:
    """Bodies lie in an object store of their own, whose address this machine must reach, too."""
    try:
        fetched = (await store.fetch_traces([TraceKey(trace_id=root.trace_id, start=root.start)])).get(root.trace_id)
    except StoreError as exc:
        fetched = exc
    if isinstance(fetched, StoreError) or fetched is None:
        message = str(fetched or "the request is gone")
        remedy = "let this machine reach the object store of the signed URLs"
        return Check(name="bodies", status="fail", message=message, remedy=remedy)
    if fetched.input is None and fetched.output is None:
        remedy = "see that your application does not omit bodies (Helicone-Omit-Request, Helicone-Omit-Response)"
        return Check(name="bodies", status="warn", message=f"request {root.trace_id} has no body", remedy=remedy)
    return Check(name="bodies", status="ok", message="request and response can be read")
