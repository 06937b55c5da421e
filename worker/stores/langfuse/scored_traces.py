"""Which traces have scores of ours, whichever ids these have: asked where the ledger is lost.

The server cannot be asked for metadata, and they alone tell whose a score is. So scores of the traces are read, by
name or under any name, and their metadata looked at here. A score of another program has no rubric's version in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey
from assay.worker.stores.langfuse.client import LangfuseClient, Query, QueryTooHeavy, TooLarge
from assay.worker.stores.langfuse.codec import iso
from assay.worker.stores.langfuse.narrowing import PATIENCE_S
from assay.worker.stores.langfuse.score_reads import V2_SCORES, V3_SCORES, score_of
from assay.worker.stores.langfuse.server import Server

MOST_PAGES = 20
"""Of 100 scores, for up to 100 traces: a trace of an application that writes scores itself may have 20 in all."""

SLACK = timedelta(minutes=1)
"""By which clocks may differ."""

log = structlog.get_logger(__name__)
_Row = Mapping[str, Any]


async def read(
    client: LangfuseClient, keys: Sequence[TraceKey], names: Sequence[str] | None, server: Server, now: datetime
) -> dict[str, list[Score]] | None:
    """Scores of rubrics of ours, of these names or of any, on these traces; at most 20 requests.

    Returns:
        Scores by trace. None where the server cannot be asked by these names for these traces.

    Raises:
        StoreUnavailable, StoreRejected
    """
    ids = {key.trace_id for key in keys}
    if server.reads_scores == "v2":
        return None if names is not None else await _scores(_pages_v2(client, _dated(keys, now)), ids)
    listable = sorted(trace_id for trace_id in ids if "," not in trace_id)  # a list is parted by commas
    if names is not None and len(listable) < len(ids):
        return None
    about = [("traceId", ",".join(listable)), *([] if names is None else [("name", ",".join(names))])]
    return await _scores(_pages_v3(client, [*about, ("source", "API")]), ids) if listable else {}


async def _scores(pages: AsyncIterator[Sequence[_Row]], ids: set[str]) -> dict[str, list[Score]]:
    """The scores of ours among rows, by trace. It ends early rather than keep a sweep from ever ending."""
    scored: dict[str, list[Score]] = {}
    count = 0
    try:
        async for rows in pages:
            for row in rows:
                score = score_of(row) if _is_ours(row) else None
                if score is not None and score.trace_id in ids:
                    scored.setdefault(score.trace_id, []).append(score)
            count += 1
            if count == MOST_PAGES:
                log.warning("langfuse.scores_looked_at_in_part", traces=len(ids), scores=100 * MOST_PAGES)
                break
    except (QueryTooHeavy, TooLarge) as exc:
        log.warning("langfuse.scores_looked_at_in_part", traces=len(ids), error=str(exc)[:200])
    return scored


def _is_ours(row: _Row) -> bool:
    """Whether a score is of a rubric."""
    metadata = row.get("metadata")
    if row.get("source") not in {None, "API"} or not isinstance(metadata, dict) or "rubric_hash" not in metadata:
        return False
    return isinstance(metadata.get("rubric"), str)


async def _pages_v3(client: LangfuseClient, about: Query) -> AsyncIterator[Sequence[_Row]]:
    query = [*about, ("fields", "details,subject"), ("limit", "100")]
    cursor: str | None = None
    while True:
        ask = partial(client.get, V3_SCORES, [*query, *([("cursor", cursor)] if cursor else [])])
        answer = await wait_for_budget(ask, patience_s=PATIENCE_S)
        cursor = answer["meta"].get("cursor")
        yield answer["data"]
        if cursor is None:
            return


async def _pages_v2(client: LangfuseClient, about: Query) -> AsyncIterator[Sequence[_Row]]:
    # Without fields=score a server in migration leaves out scores whose trace it has no row for.
    query, page = [*about, ("source", "API"), ("fields", "score"), ("limit", "100")], 1
    while True:
        ask = partial(client.get, V2_SCORES, [*query, ("page", str(page))])
        answer = await wait_for_budget(ask, patience_s=PATIENCE_S)
        yield answer["data"]
        if page >= answer["meta"]["totalPages"]:
            return
        page += 1


def _dated(keys: Sequence[TraceKey], now: datetime) -> Query:
    """When scores of ours on these traces are dated: at the trace's start, later by a thousandth of what was waited."""
    first, last = min(key.start for key in keys), max(key.start for key in keys)
    latest = last + max(now - first, timedelta()) / 1000 + SLACK
    return [("fromTimestamp", iso(first)), ("toTimestamp", iso(latest))]
