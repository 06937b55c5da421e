"""Rows of a record as several kinds of traffic make them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.judges.text.fingerprints import HASHED, hashed_vector
from assay.worker.history.packed import packed_of
from assay.worker.history.rows import parameters
from assay.worker.records.history import HistoryRow, microseconds

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

SHAPES = ("plain", "cascades", "distinct", "wide")
"""What rows are like. `cascades`: judged by two tiers, each row with its own JSON. `distinct`: prompt version, release,
models, environment and tag of its own in every row. `wide`: a session of its own in every row, 300 use cases, 100
projects, 20 revisions, of which two judge each use case, and three long tags."""


def template() -> dict[str, Any]:
    """One row as the table holds it, with every usual column set."""
    row = HistoryRow.model_validate(
        {
            "store": "langfuse",
            "project": "cm2x0000abcd",
            "trace_id": "-",
            "rubric": "grounding",
            "rubric_hash": "a" * 64,
            "calibration_hash": "b" * 64,
            "use_case": "-",
            "window": "2026-11-20T10:00Z/300",
            "pi": 0.1,
            "stratum": "base",
            "started_at": NOW,
            "ended_at": NOW,
            "selected_at": NOW,
            "changed_at": NOW,
            "trace_name": "support-chat",
            "environment": "production",
            "release": "v41",
            "level": "DEFAULT",
            "tags": ("billing", "web"),
            "prompt_name": "answer",
            "model_asked": "gpt-5-mini",
            "provider": "openai",
            "model_served": "gpt-5-mini-2026-08-07",
            "finish_reason": "stop",
            "first_token_s": 0.4,
            "cached_tokens": 512,
            "cost_from": "trace",
            "model_calls": 2,
            "passages": 5,
            "state": "scored",
            "reason": "judged",
            "attempts": 1,
            "revision": "c" * 64,
            "judge": "llm",
            "tier": "llm",
            "judge_model": "gpt-5-mini",
            "scores": {"grounding_state": "judged"},
            "sample_hash": "d" * 64,
            "worst": {"span": [3, 40], "evidence": [[0, 10, 60]]},
            "calibrated": True,
            "judge_calls": 1,
            "judge_input_tokens": 1400,
            "judge_output_tokens": 120,
            "judge_cost_usd": 0.0006,
            "question_chars": 80,
            "answer_chars": 900,
            "question_language": "en",
            "answer_language": "en",
            "question_vector": hashed_vector("how long may a refund of a ticket for the night ferry take"),
            "answer_vector": hashed_vector("a refund of a ticket takes up to ten days after we have received the form"),
            "vectors_from": HASHED,
            "feature": "support",
            "user_tier": "pro",
        }
    )
    return parameters(row)


def of_shape(shape: str, digest: bytes, number: int) -> dict[str, Any]:
    """What rows of a shape have beside, or in place of, the usual."""
    chance = digest[6] / 256
    if shape == "cascades":
        why = "escalated" if chance > 0.7 else "audited" if chance > 0.66 else "passed"
        scores = {"hallucination_risk": chance * 0.9 + number * 1e-9, "groundedness": 1 - chance, "faithfulness": 1.0}
        screening = {"scores": scores, "pi2": 1.0 if why == "escalated" else 0.05, "why": why, "phase2": True}
        lost = why != "passed" and digest[7] < 16
        silent = {"revision": "c" * 64, "calibrated": True, "screening": {**screening, "phase2": False}}
        ended = {"state": "dead", "reason": "judge_unavailable", "revision": None} if lost else {}
        first = {"unanswered": json.dumps(silent)} if lost else {"screening": json.dumps(screening)}
        return {**ended, **first, "pi2": screening["pi2"]}
    if shape == "distinct":
        name = digest.hex()
        models = {"model_asked": f"model-{name[:12]}", "model_served": f"model-{name[:20]}"}
        return {
            **models,
            "prompt_version": name,
            "release": name[:40],
            "environment": f"preview-{name[:16]}",
            "tags": json.dumps([f"build-{name[:16]}", "web"]),
        }
    if shape == "wide":
        return {
            "session_id": f"session-{number}",
            "use_case": f"use-case-{number % 300}",
            "project": f"project-{digest[7] % 100}",
            "revision": f"{(number % 300 + (chance > 0.5)) % 20:064x}",
            "tags": json.dumps([f"{digest[9 + k] % 50:-<190}" for k in range(3)]),
        }
    return {}


def rows(count: int, days: int, shape: str = "plain") -> Iterator[dict[str, Any]]:
    """So many rows in the order in which they ended, spread over the days before `NOW`."""
    fields, begin, step = template(), microseconds(NOW - timedelta(days=days)), days * 86_400_000_000 // count
    for number in range(count):
        digest = hashlib.sha256(b"%d" % number).digest()
        start, chance = begin + number * step + digest[0] * 1000, digest[1] / 256
        values = {
            **fields,
            "row_key": digest[:16],
            "trace_id": digest[16:].hex(),
            "session_id": f"session-{number // 4}",
            "use_case": f"use-case-{digest[2] % 5}",
            "prompt_version": str(digest[3] % 4),
            "started_at": start,
            "ended_at": start + 2_500_000,
            "selected_at": start + 300_000_000,
            "changed_at": start + 330_000_000,
            "duration_s": 2.5 * chance + number * 1e-9,
            "input_tokens": 900 + digest[4],
            "output_tokens": 150 + digest[5],
            "cost_usd": chance / 1000,
            "risk": chance,
            "faithfulness": 1 - chance / 2,
            "groundedness": 1 - chance / 3,
            **of_shape(shape, digest, number),
        }
        yield {**values, "packed": packed_of(values)}
