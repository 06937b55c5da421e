"""Scores as the server shows them, by their ids. By the traces they are on: `scored_traces`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from assay.worker.records.scores import Score
from assay.worker.stores.langfuse.client import LangfuseClient, Query
from assay.worker.stores.langfuse.codec import moment, text
from assay.worker.stores.langfuse.server import Server

V2_SCORES, V3_SCORES = "/api/public/v2/scores", "/api/public/v3/scores"


async def read(client: LangfuseClient, ids: Sequence[str], server: Server) -> dict[str, Score]:
    """The scores the server shows under these ids, at most 100 of them.

    Raises:
        StoreUnavailable, StoreRejected
    """
    rows = await (_read_v3(client, [("id", ",".join(ids))]) if server.reads_scores == "v3" else _read_v2(client, ids))
    newest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        known = newest.get(row["id"])
        # A score that was renamed under its id is found by both names; the row that changed last is the score.
        if known is None or (row.get("updatedAt") or "") >= (known.get("updatedAt") or ""):
            newest[row["id"]] = row
    scores = {score_id: score_of(row) for score_id, row in newest.items() if score_id in set(ids)}
    return {score_id: score for score_id, score in scores.items() if score is not None}


async def _read_v3(client: LangfuseClient, about: Query) -> list[Mapping[str, Any]]:
    query = [*about, ("fields", "details,subject"), ("limit", "100")]
    rows: list[Mapping[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(V3_SCORES, [*query, *([("cursor", cursor)] if cursor else [])])
        rows += answer["data"]
        cursor = answer["meta"].get("cursor")
        if cursor is None:
            return rows


async def _read_v2(client: LangfuseClient, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    # Without fields=score a server in migration leaves out scores whose trace it has no row for.
    query = [("scoreIds", ",".join(ids)), ("fields", "score"), ("limit", "100"), ("page", "1")]
    answer = await client.get(V2_SCORES, query)
    rows: list[Mapping[str, Any]] = answer["data"]
    return rows


def trace_id_of(row: Mapping[str, Any]) -> str | None:
    """The trace that a score hangs on, in a row of either generation; None if it hangs on none."""
    subject = row.get("subject") or {}
    trace_id = row.get("traceId") or subject.get("traceId") or subject.get("id")
    return trace_id if subject.get("kind") in {None, "trace", "observation"} and isinstance(trace_id, str) else None


def score_of(row: Mapping[str, Any]) -> Score | None:
    """A score from a row of either generation; None if it hangs on no trace."""
    subject = row.get("subject") or {}
    observation = subject.get("id") if subject.get("kind") == "observation" else row.get("observationId")
    trace_id = trace_id_of(row)
    if trace_id is None:
        return None
    value = row["value"]
    if row["dataType"] in {"CATEGORICAL", "TEXT"}:
        value = row.get("stringValue") if row.get("stringValue") is not None else value
    return Score(
        id=row["id"],
        trace_id=trace_id,
        observation_id=text(observation),
        name=row["name"],
        value=value if isinstance(value, str) else float(value),
        comment=row.get("comment") or "",
        environment=row.get("environment") or "default",
        timestamp=moment(row.get("timestamp")) or datetime.fromtimestamp(0, UTC),
        metadata=row.get("metadata") or {},
    )
