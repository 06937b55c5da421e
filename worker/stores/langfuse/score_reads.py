"""Scores as the server shows them: by their ids, or by the traces they are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from assay.worker.records.scores import Score
from assay.worker.stores.langfuse.client import LangfuseClient, Query
from assay.worker.stores.langfuse.codec import moment, text
from assay.worker.stores.langfuse.server import Server


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


async def scored_traces(
    client: LangfuseClient, trace_ids: Sequence[str], names: Sequence[str], server: Server
) -> dict[str, set[str]] | None:
    """The rubrics of ours that have scores of these names on these traces; None where only ids can be asked for.

    Raises:
        StoreUnavailable, StoreRejected
    """
    if server.reads_scores != "v3" or any("," in name for name in (*trace_ids, *names)):
        return None  # a list is parted by commas
    rows = await _read_v3(client, [("traceId", ",".join(trace_ids)), ("name", ",".join(names)), ("source", "API")])
    scored: dict[str, set[str]] = {}
    for row in rows:
        score, rubric = score_of(row), (row.get("metadata") or {}).get("rubric")
        if score is not None and isinstance(rubric, str):
            scored.setdefault(score.trace_id, set()).add(rubric)
    return scored


async def _read_v3(client: LangfuseClient, about: Query) -> list[Mapping[str, Any]]:
    query = [*about, ("fields", "details,subject"), ("limit", "100")]
    rows: list[Mapping[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get("/api/public/v3/scores", [*query, *([("cursor", cursor)] if cursor else [])])
        rows += answer["data"]
        cursor = answer["meta"].get("cursor")
        if cursor is None:
            return rows


async def _read_v2(client: LangfuseClient, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    # Without fields=score a server in migration leaves out scores whose trace it has no row for.
    query = [("scoreIds", ",".join(ids)), ("fields", "score"), ("limit", "100"), ("page", "1")]
    answer = await client.get("/api/public/v2/scores", query)
    rows: list[Mapping[str, Any]] = answer["data"]
    return rows


def score_of(row: Mapping[str, Any]) -> Score | None:
    """A score from a row of either generation; None if it hangs on no trace."""
    subject = row.get("subject") or {}
    observation = subject.get("id") if subject.get("kind") == "observation" else row.get("observationId")
    trace_id = row.get("traceId") or subject.get("traceId") or subject.get("id")
    if subject.get("kind") not in {None, "trace", "observation"} or not isinstance(trace_id, str):
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
