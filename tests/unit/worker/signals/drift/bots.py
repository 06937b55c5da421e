"""Rows of the record of a bot whose questions are about a few topics."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from assay.worker.ports.history import History
from assay.worker.records.history import HistoryRow
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.signals.rows import START, row
from tests.unit.worker.statistics.topic_vectors import TopicTraffic

FEW_SPLITS = 299
"""With 14 tests the smallest adjusted p is 0.047: still drift, in a third of the time."""

MONDAY = START
"""2026-11-23."""


@lru_cache(maxsize=2)
def _topics(seed: int) -> TopicTraffic:
    return TopicTraffic(seed)


def traffic(
    n: int,
    *,
    since: datetime = MONDAY,
    days: float = 7.0,
    seed: int = 0,
    newtopic: float = 0.0,
    german: float = 0.2,
    refusals: float = 0.04,
    longer: float = 1.0,
    name: str = "t",
    **over: Any,
) -> list[HistoryRow]:
    """Rows of n traces, spread evenly over some days."""
    rng = np.random.default_rng(seed)
    topics = _topics(1)
    topics.rng = np.random.default_rng([seed, 2])
    questions, answers = topics.draw(n, newtopic=newtopic), topics.draw(n, newtopic=newtopic)
    lengths = np.exp(rng.normal(5, 0.5, n))
    rows = []
    for at in range(n):
        language = "de" if rng.random() < german else "en"
        usual: dict[str, Any] = {
            "started_at": since + timedelta(days=days * at / n),
            "reason": "refusal" if rng.random() < refusals else "judged",
            "question_chars": int(lengths[at] / 2),
            "answer_chars": int(lengths[at] * longer),
            "question_language": language,
            "answer_language": language,
            "question_vector": written(questions[at]),
            "answer_vector": written(answers[at]),
            "vectors_from": "hashed-1",
            "passages": int(rng.poisson(3)),
            "model_asked": "gpt-x",
            "model_served": "gpt-x-2026",
            "pi": 0.5,
        }
        rows.append(row(f"{name}{seed}-{at}", **{**usual, **over}))
    return rows


def written(vector: Any) -> str:
    """A vector as the record keeps it."""
    scaled = np.round(127 * vector / np.abs(vector).max()).astype(np.int8)
    return base64.b64encode(scaled.tobytes()).decode()


async def record_of(*parts: Sequence[HistoryRow]) -> History:
    """A record in memory that holds these rows."""
    history = memory_history()
    for part in parts:
        await history.writer.write(list(part))
    return history
