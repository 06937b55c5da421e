"""The roots of a time span, page by page, from what MLflow tells of traces without their spans."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot
from assay.worker.store_clients.paging import Pages
from assay.worker.store_clients.rows import UNREADABLE, listed
from assay.worker.stores.mlflow.client import API, MlflowClient, listed_in
from assay.worker.stores.mlflow.infos import UNFINISHED, Info, id_of, root_in, start_of

SEARCH = f"{API}/traces/search"
PAGE = 500
"""Traces in one answer: the most that MLflow gives."""
MOST_COUNTED = 20_000
"""Unfinished traces after which a count ends."""


class _Page(NamedTuple):
    infos: Sequence[Info]
    token: str | None


async def pages_of_roots(
    client: MlflowClient, experiment: str, start: datetime, end: datetime
) -> AsyncIterator[Sequence[TraceRoot]]:
    """Pages of roots with `start <= root.start < end`. Unfinished traces are left out: they have no root yet.

    Raises:
        StoreUnavailable, StoreRejected
    """
    async for infos in _pages(client, experiment, start, end, f"status != '{UNFINISHED}'"):
        roots = await in_thread(_roots, infos)
        if roots:
            yield roots


async def count_unfinished(client: MlflowClient, experiment: str, start: datetime, end: datetime) -> int:
    """How many traces in a range have no root.

    Raises:
        StoreUnavailable, StoreRejected
    """
    count = 0
    async for infos in _pages(client, experiment, start, end, f"status = '{UNFINISHED}'"):
        count += len(infos)
        if count >= MOST_COUNTED:
            break
    return count


async def _pages(
    client: MlflowClient, experiment: str, start: datetime, end: datetime, which: str
) -> AsyncIterator[Sequence[Info]]:
    """Pages in order of time, each trace once.

    MLflow's page tokens are offsets, which move when traces arrive meanwhile. So each page begins at the millisecond
    that the last one ended with, and a token is used only where one millisecond holds more than a page.
    """
    since, before, seen, token = _millis(start), _millis(end), set[str](), None
    pages = Pages(SEARCH)
    while since < before:
        about = f"timestamp_ms >= {since} AND timestamp_ms < {before} AND {which}"
        page = await _ask(client, experiment, about, token)
        fresh = [info for info in page.infos if id_of(info) not in seen]
        if fresh:
            yield fresh
        if page.token is None or not page.infos:
            return
        pages.turn((since, page.token), [id_of(info) for info in page.infos])
        last = max(map(_began, page.infos))
        if last > since:
            since, token = last, None
            seen = {id_of(info) for info in page.infos if _began(info) == last}
        else:
            token = page.token
            seen |= {id_of(info) for info in page.infos}


async def _ask(client: MlflowClient, experiment: str, about: str, token: str | None) -> _Page:
    body: dict[str, Any] = {
        "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}],
        "filter": about,
        "max_results": PAGE,
        "order_by": ["timestamp_ms ASC", "request_id ASC"],
    }
    answer = await client.send("POST", SEARCH, body if token is None else {**body, "page_token": token})
    infos = listed_in(answer, "traces", SEARCH)
    return _Page(infos, answer.get("next_page_token") or None)


def _roots(infos: Sequence[Info]) -> list[TraceRoot]:
    """The roots, without our own and without those that cannot be read: they take no other with them."""
    return listed(infos, _root)


def _root(info: Info) -> TraceRoot | None:
    try:
        root = root_in(info)
    except StoreRejected:
        return None
    return None if root.environment == OWN_ENVIRONMENT else root


def _began(info: Info) -> int:
    """When a trace began; 0 where it does not say: it moves no page."""
    try:
        return _millis(start_of(info))
    except (StoreRejected, *UNREADABLE):
        return 0


def _millis(moment: datetime) -> int:
    """Milliseconds since 1970, the next whole one: MLflow keeps no more exact time."""
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1000 + math.ceil(moment.microsecond / 1000)
