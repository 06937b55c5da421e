"""Examining a Jaeger: can it be reached, which services are in it, does it take spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.worker.otlp.sink import empty_refused
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreError

if TYPE_CHECKING:
    from assay.worker.stores.jaeger.store import JaegerStore

MOST_ROOTS = 3_000
"""Traces after which no longer look is taken."""
MANY_SERVICES = 200
"""Each is asked by itself, in every window."""


async def examine(store: JaegerStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    try:
        services = await store.client.services()
    except StoreError as exc:
        remedy = "check ASSAY_JAEGER_URL and ASSAY_JAEGER_HEADERS; version 3 of the API is needed"
        is_ours = isinstance(exc, StoreAccessDenied)
        yield Check(name="jaeger", status="fail", message=str(exc), remedy=remedy, is_configuration=is_ours)
        return
    yield _services(services, store.client.connection.address)
    try:
        yield await _recent(store, examination)
    except StoreError as exc:
        yield Check(name="recent traces", status="fail", message=str(exc), remedy="see above; then run doctor again")
    try:
        refusal = await store.sender.send_nothing(spans=True, events=False)
    except StoreError as exc:
        remedy = "check ASSAY_JAEGER_OTLP_ENDPOINT: it takes OTLP over HTTP, usually on port 4318"
        yield Check(name="results", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    else:
        good = Check(name="results", status="ok", message="it takes spans")
        yield empty_refused("results", refusal) if refusal else good


def _services(services: list[str], address: str) -> Check:
    shown = ", ".join(services[:8]) or "none"
    message = f"{len(services)} services ({shown}); {address}"
    if len(services) > MANY_SERVICES:
        remedy = "each is asked by itself in every window: a longer window_seconds means fewer requests"
        return Check(name="jaeger", status="warn", message=message, remedy=remedy)
    return Check(name="jaeger", status="ok", message=message)


async def _recent(store: JaegerStore, examination: Examination) -> Check:
    now = datetime.now(UTC)
    seen: Counter[str] = Counter()
    async for page in store.list_roots(now - timedelta(hours=1), now):
        seen.update(root.environment for root in page)
        if seen.total() >= MOST_ROOTS:
            break
    if not seen:
        remedy = "check that the application sends its traces there"
        return Check(name="recent traces", status="warn", message="no root in the last hour", remedy=remedy)
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    never = ", ".join((*examination.excluded, "assay"))
    return Check(name="recent traces", status="ok", message=f"{message}; never judged: {never}")
