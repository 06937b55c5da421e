"""Observation rows to roots and whole traces; what a row does not say is left unsaid, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from assay.worker.records.traces import Observation, Trace, TraceRoot
from assay.worker.stores.langfuse.codec import metadata, moment, payload, prompt, text
from assay.worker.stores.langfuse.usage import cost_of, first_token_of, tokens_of

Row = Mapping[str, Any]

UNKNOWN_ENVIRONMENT = ""
"""A root whose environment the server did not say: it matches no policy, and the sweep leaves it out."""

LEAVES = {"GENERATION", "RETRIEVER", "TOOL", "EMBEDDING"}
"""A root of these types is itself the model call or the retrieval, so selectors by type must find it."""


def root_of(row: Row, *, expanded: frozenset[str] = frozenset()) -> TraceRoot | None:
    """The root that a row stands for; None if the row lacks what makes it one."""
    trace_id, start = text(row.get("traceId")), moment(row.get("startTime"))
    if trace_id is None or start is None or text(row.get("id")) is None:
        return None
    return TraceRoot(
        trace_id=trace_id,
        observation_id=row["id"],
        name=text(row.get("traceName")) or text(row.get("name")) or "",
        environment=text(row.get("environment")) or UNKNOWN_ENVIRONMENT,
        start=start,
        end=_end(row, trace_id, start),
        level=text(row.get("level")) or "DEFAULT",
        release=text(row.get("release")),
        version=text(row.get("version")),
        user_id=text(row.get("userId")),
        session_id=text(row.get("sessionId")),
        tags=tuple(tag for tag in row.get("tags") or () if isinstance(tag, str)),
        metadata=metadata(row.get("metadata"), expanded=expanded),
    )


def trace_of(rows: Iterable[Row], *, expanded: frozenset[str] = frozenset()) -> Trace | None:
    """A whole trace from its rows, in any order and with repetitions; None if none of them is a root.

    Of several roots the earliest is taken, as the sweep does, with what lies under it and nothing else: evidence
    of another run in the same trace is no evidence for this one's answer.
    """
    known = list(latest(rows).values())
    roots = [(row, root) for row in known if row.get("isRootObservation") and (root := root_of(row, expanded=expanded))]
    if not roots:
        return None
    row, root = min(roots, key=lambda pair: (pair[1].start, pair[1].observation_id))
    below = under(row["id"], known, others={other["id"] for other, _ in roots} - {row["id"]})
    steps = [*([row] if row.get("type") in LEAVES else []), *below]
    return Trace(
        root=root,
        input=payload(row.get("input")),
        output=payload(row.get("output")),
        observations=tuple(sorted((_step(step, expanded) for step in steps), key=lambda step: (step.start, step.id))),
    )


def latest(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by id. The same id may come twice until the server merges, or when a span was sent again: the last holds."""
    newest: dict[str, Row] = {}
    for row in rows:
        known = newest.get(row["id"])
        if known is None or _age(row) >= _age(known):
            newest[row["id"]] = row
    return newest


def _age(row: Row) -> tuple[str, str]:
    return (row.get("updatedAt") or "", row.get("startTime") or "")


def under(root: str, rows: Sequence[Row], *, others: set[str]) -> list[Row]:
    """Rows below a root, the other roots given; where there are none, rows whose parents are missing are its, too."""
    parents = {row["id"]: row.get("parentObservationId") for row in rows}

    def top(row_id: str) -> str | None:
        seen: set[str] = set()
        at: str | None = row_id
        while at is not None and at not in seen:
            if at == root or at in others:
                return at
            seen.add(at)
            at = parents.get(at)
        return None

    tops = {row["id"]: top(row["id"]) for row in rows}
    mine = {root} if others else {root, None}
    return [row for row in rows if row["id"] != root and tops[row["id"]] in mine]


def _step(row: Row, expanded: frozenset[str]) -> Observation:
    return Observation(
        id=row["id"],
        type=str(row.get("type") or "span").lower(),
        name=text(row.get("name")) or "",
        parent_id=text(row.get("parentObservationId")),
        start=moment(row.get("startTime")) or datetime.fromtimestamp(0, UTC),
        end=moment(row.get("endTime")),
        level=text(row.get("level")) or "DEFAULT",
        input=payload(row.get("input")),
        output=payload(row.get("output")),
        model=text(row.get("model")),
        usage=tokens_of(row),
        cost_usd=cost_of(row),
        first_token=first_token_of(row),
        metadata=prompt(row) | metadata(row.get("metadata"), expanded=expanded),
    )


def _end(row: Row, trace_id: str, start: datetime) -> datetime | None:
    """The end of a root. A server in migration makes roots `t-TRACE` without one, long after the run was over."""
    end = moment(row.get("endTime"))
    return start if end is None and row["id"] == f"t-{trace_id}" else end
