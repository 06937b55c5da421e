"""From a ledger entry that ended to its row in the record. Nothing here does I/O, and no entry is refused a row."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from assay.worker.records.facts import TraceFacts
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState
from assay.worker.records.particulars import Spent, VerdictNote

IN_STORE = "in_store"
"""The reason of a trace whose scores the store had already when it was selected."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
"""The end of a verdict's key, e.g. `9f86d081…`, 64 digits: the hash of what was judged."""

_METRICS = {"risk": "hallucination_risk", "faithfulness": "faithfulness", "groundedness": "groundedness"}
"""Columns of scores that have one of their own."""

_FACT_COLUMNS = frozenset(TraceFacts.model_fields) & frozenset(HistoryRow.model_fields)
"""Facts that have a column of their name."""


class Origin(NamedTuple):
    """Where the traces of a deployment lie: the store's kind and what it calls the project."""

    store: str
    project: str


def row_of(entry: LedgerEntry, origin: Origin) -> HistoryRow:
    """The row of a final entry.

    Scores are those of scored entries alone: one that was judged, and whose scores never came to be shown, has none.
    """
    facts = _facts(entry)
    row = {
        "store": origin.store,
        "project": origin.project,
        **_promised(entry),
        **facts,
        "pi": entry.promise.pi * facts.get("upstream_pi", 1.0),
        **_ended(entry),
        **_spent(entry),
        **(_judged(entry) if entry.state is LedgerState.SCORED else _unanswered(entry)),
    }
    return HistoryRow.model_validate(row)


def _promised(entry: LedgerEntry) -> dict[str, Any]:
    promise = entry.promise
    return {
        "trace_id": promise.trace_id,
        "observation_id": promise.observation_id or "",
        "rubric": promise.rubric,
        "rubric_hash": promise.rubric_hash,
        "calibration_hash": promise.calibration_hash,
        "use_case": promise.use_case,
        "window": promise.window,
        "pi": promise.pi,
        "stratum": promise.stratum,
        "sample": promise.sample,
        "started_at": promise.start,
        "ended_at": promise.end,
        "selected_at": promise.selected_at,
    }


def _facts(entry: LedgerEntry) -> dict[str, Any]:
    """What the trace says of itself. The ledger knows a little of it by itself, where the trace was never read."""
    facts = entry.particulars.facts or (entry.judgement.facts if entry.judgement else TraceFacts())
    promise, known = entry.promise, facts.model_dump(exclude_none=True, include=set(_FACT_COLUMNS))
    known.setdefault("environment", promise.environment)
    if promise.end is not None and promise.end >= promise.start:
        known.setdefault("duration_s", (promise.end - promise.start).total_seconds())
    return known


def _ended(entry: LedgerEntry) -> dict[str, Any]:
    from_store = entry.state is LedgerState.SCORED and entry.reason == IN_STORE
    return {
        "state": entry.state.value,
        "reason": entry.judgement.state if from_store and entry.judgement else entry.reason,
        "changed_at": entry.changed_at,
        "attempts": entry.attempts,
        "from_store": from_store,
    }


def _spent(entry: LedgerEntry) -> dict[str, Any]:
    """What judging took. An older Assay counted the cost of what was scored, and nothing else."""
    spent = entry.particulars.spent
    if spent is None:
        judgement = entry.judgement if entry.state is LedgerState.SCORED else None
        return {"judge_cost_usd": judgement.cost_usd if judgement else None}
    return _counted(spent)


def _counted(spent: Spent) -> dict[str, Any]:
    return {
        "judge_calls": spent.calls,
        "judge_input_tokens": spent.input_tokens,
        "judge_output_tokens": spent.output_tokens,
        "judge_cost_usd": spent.cost_usd,
    }


def _judged(entry: LedgerEntry) -> dict[str, Any]:
    judgement = entry.judgement
    if judgement is None:
        return {}  # found in the store, which does not say how it was judged
    return {
        "revision": judgement.revision,
        "judge": judgement.judge,
        "scores": {name: value for name, value in judgement.values.items() if name not in _METRICS.values()},
        **{column: _share(judgement.values.get(name)) for column, name in _METRICS.items()},
        "degraded": judgement.degraded,
        "needs_review": judgement.needs_review,
        "sample_hash": _sample_hash(judgement),
        "screening": judgement.screening.model_dump(mode="json") if judgement.screening else None,
        "pi2": judgement.screening.pi2 if judgement.screening else None,
        **_noted(entry.particulars.note),
    }


def _noted(note: VerdictNote | None) -> dict[str, Any]:
    if note is None:
        return {}
    return {
        "tier": note.tier,
        "judge_model": note.model,
        "calibrated": note.calibrated,
        "flagged_kind": note.kind,
        "rule_hits": note.rule_hits,
        "worst": {"span": list(note.span), "evidence": [list(p) for p in note.evidence]} if note.span else None,
    }


def _unanswered(entry: LedgerEntry) -> dict[str, Any]:
    """What a first tier concluded of a trace that came to no score."""
    unanswered = entry.unanswered
    if unanswered is None:
        return {}
    return {
        "revision": unanswered.revision,
        "pi2": unanswered.screening.pi2,
        "unanswered": unanswered.model_dump(mode="json"),
    }


def _share(value: float | str | None) -> float | None:
    """A number from 0 to 1. A score that somebody edited in the store may be anything."""
    if isinstance(value, str) or value is None or not math.isfinite(value):
        return None
    return value if 0.0 <= value <= 1.0 else None


def _sample_hash(judgement: Judgement) -> str | None:
    """sha256 over what was judged: the last part of the key under which the verdict was kept."""
    digest = judgement.verdict_key.rpartition(":")[2]
    return digest if _SHA256.fullmatch(digest) else None
