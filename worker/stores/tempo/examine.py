"""Examining a Tempo: can it be reached and searched, does it take spans, which environments are in it."""

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
    from assay.worker.stores.tempo.store import TempoStore

MOST_ROOTS = 3_000
"""Traces after which no longer look is taken."""


async def examine(store: TempoStore, examination: Examination) -> AsyncIterator[Check]:
    """Every check in turn; the later ones are left out where an earlier one makes them pointless."""
    try:
        version = await store.client.echo()
    except StoreError as exc:
        remedy = "check ASSAY_TEMPO_URL, ASSAY_TEMPO_HEADERS and the tenant"
        is_ours = isinstance(exc, StoreAccessDenied)
        yield Check(name="tempo", status="fail", message=str(exc), remedy=remedy, is_configuration=is_ours)
        return
    yield Check(name="tempo", status="ok", message=f"{version}; {store.client.connection.address}")
    try:
        yield await _recent(store, examination)
    except StoreError as exc:
        yield Check(name="recent traces", status="fail", message=str(exc), remedy="see above; then run doctor again")
    try:
        refusal = await store.sender.send_nothing(spans=True, events=False)
    except StoreError as exc:
        remedy = "check ASSAY_TEMPO_OTLP_ENDPOINT: the distributor takes OTLP over HTTP, usually on port 4318"
        yield Check(name="results", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    else:
        good = Check(name="results", status="ok", message="the distributor takes spans")
        yield empty_refused("results", refusal) if refusal else good


async def _recent(store: TempoStore, examination: Examination) -> Check:
    now = datetime.now(UTC)
    seen: Counter[str] = Counter()
    async for page in store.list_roots(now - timedelta(hours=1), now):
        seen.update(root.environment for root in page)
        if seen.total() >= MOST_ROOTS:
            break
    if not seen:
        return Check(
            name="recent traces",
            status="warn",
            message="no root in the last hour",
            remedy="check the tenant, and that the application sends its traces there",
        )
    message = ", ".join(f"{name} {count}" for name, count in seen.most_common(8))
    never = ", ".join((*examination.excluded, "assay"))
    return Check(name="recent traces", status="ok", message=f"{message}; never judged: {never}")
