"""Did answers become worse: a day against the week before it, a week against the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from assay.worker.records.history import HistoryRow
from assay.worker.records.metrics import quality
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.state import memory_state
from tests.unit.worker.signals.kept_signals import NOW, keeper_of, recent, samples_of

BOT = ("bot", "grounding")


def days(faithful: Mapping[int, float], *, a_day: int = 60, seed: int = 1) -> list[HistoryRow]:
    """Rows of days by how long ago they were, with this share of faithful answers."""
    draws = np.random.default_rng(seed)
    rows = []
    for day, share in faithful.items():
        for number in range(a_day):
            start = NOW - timedelta(days=day, minutes=5 + number * 20)
            good = bool(draws.random() < share)
            rows.append(
                recent(
                    day * 10_000 + number,
                    started_at=start,
                    changed_at=start + timedelta(minutes=1),
                    faithfulness=1.0 if good else 0.2,
                    reason="judged" if good else "refusal",
                    session_id=f"s{day}-{number // 2}",
                )
            )
    return rows


def kept_of(rows: list[HistoryRow]) -> Mapping[tuple[str, ...], float]:
    """What one tick keeps of these."""

    async def main() -> Mapping[tuple[str, ...], float]:
        history, state = memory_history(), memory_state()
        await history.writer.write(rows)
        await keeper_of(history.reader, state).tick()
        return await samples_of(state.key_values)

    return asyncio.run(main())


def test_a_decline_is_shown_with_its_bounds() -> None:
    samples = kept_of(days({0: 0.65, **dict.fromkeys(range(1, 8), 0.92)}))
    assert samples[quality.DECLINE_P.name, *BOT] < 0.001
    assert -0.45 < samples[quality.DECLINE.lower, *BOT] < samples[quality.DECLINE.name, *BOT] < -0.15
    assert samples[quality.DECLINE.upper, *BOT] < 0


def test_an_improvement_is_no_decline() -> None:
    samples = kept_of(days({0: 0.97, **dict.fromkeys(range(1, 8), 0.7)}))
    assert samples[quality.DECLINE_P.name, *BOT] > 0.99


def test_without_a_decline_its_p_value_is_rarely_small() -> None:
    p_values = [
        kept_of(days(dict.fromkeys(range(8), 0.9), a_day=35, seed=seed))[quality.DECLINE_P.name, *BOT]
        for seed in range(24)
    ]
    assert sum(p < 0.01 for p in p_values) <= 2
    assert 0.25 < float(np.mean(p_values)) < 0.75


def test_too_few_traces_show_nothing() -> None:
    samples = kept_of(days({0: 0.2, **dict.fromkeys(range(1, 8), 0.95)}, a_day=25))
    assert (quality.DECLINE_P.name, *BOT) not in samples
    new = kept_of(days({0: 0.2, 1: 0.95}))
    assert (quality.DECLINE_P.name, *BOT) not in new


def test_refusals_of_two_weeks_are_compared() -> None:
    samples = kept_of(days({**dict.fromkeys(range(7), 0.9), **dict.fromkeys(range(7, 14), 0.98)}, a_day=40))
    assert 0.03 < samples[quality.REFUSAL_TREND.name, *BOT] < 0.13
    assert samples[quality.REFUSAL_TREND.lower, *BOT] > 0
