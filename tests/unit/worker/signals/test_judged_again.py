"""A trace that is judged again, by an edited rubric or by another one, tells of itself no second time, anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.alerts.digest.names_in_traffic import Week, read_weeks
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.metrics import quality
from assay.worker.reporting.compare.question import Question, Side
from assay.worker.reporting.compare.selected import End, read_selected
from assay.worker.signals.cost.totals import whole_total
from assay.worker.signals.drift.reading import Asked, read_observations
from assay.worker.signals.once import EachOnce, best_of_each
from assay.worker.signals.windows import DAY
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.signals.cost.spending import EVER, NOW, cost_rows, spent
from tests.unit.worker.signals.kept_signals import recent, told
from tests.unit.worker.signals.test_window_samples import kept_of

TRACES = [
    spent(n, cost, pi=0.5, feature=feature, input_tokens=10 * n, output_tokens=n, started_at=NOW - timedelta(hours=n))
    for n, (cost, feature) in enumerate([(1.0, "search"), (2.0, "search"), (None, "chat"), (4.0, None)] * 12)
]


def again(rows: Sequence[HistoryRow], **over: Any) -> list[HistoryRow]:
    """The same traces, judged an hour later by an edited rubric, by one that scores the observation, and in vain."""
    later = {"changed_at": NOW + timedelta(hours=1), **over}
    ways: list[dict[str, Any]] = [
        {"rubric_hash": "edited"},
        {"rubric": "tone", "observation_id": "root", "rubric_hash": "t"},
        {"rubric_hash": "broken", "state": "dead", "reason": "age", "cost_usd": None, "feature": None},
    ]
    return [row.model_copy(update={**later, **way}) for row in rows for way in ways]


def test_its_cost_counts_once() -> None:
    once, twice = cost_rows(TRACES), cost_rows([*TRACES, *again(TRACES[::5])])
    assert (once.size, twice.size) == (48, 48)
    assert whole_total(twice) == whole_total(once)
    assert sorted(twice.facts["feature"].tolist()) == sorted(once.facts["feature"].tolist())


def test_a_trace_of_two_samples_has_the_larger_probability() -> None:
    rows = [*TRACES, *again(TRACES, pi=1.0), *again([spent(1_000, 3.0)], pi=0.1)]
    whole = cost_rows(rows)
    assert (whole.size, set(whole.pi.tolist())) == (49, {0.1, 1.0})


def test_one_id_in_two_projects_is_two_traces() -> None:
    assert cost_rows([*TRACES, *(row.model_copy(update={"project": "other"}) for row in TRACES)]).size == 96


def test_drift_looks_at_it_once_and_prefers_what_tells_most() -> None:
    async def lengths(rows: Sequence[HistoryRow]) -> tuple[int, float]:
        record = memory_history()
        await record.writer.write(rows)
        seen = await read_observations(record.reader, Asked(EVER))
        return seen.traces, float(np.nansum(seen.observations.numbers["question_chars"]))

    known = again(TRACES, question_chars=7, vectors_from="hashed-1")
    assert asyncio.run(lengths([*TRACES, *known])) == (48, 7.0 * 48)


def test_waits_models_and_opinions_are_told_once() -> None:
    traces = [recent(n, duration_s=float(n), model_served=f"m{n % 2}", rubric_hash="a") for n in range(1, 101)]
    edited = [row.model_copy(update={"rubric_hash": "b"}) for row in traces[50:]]
    once, twice = (asyncio.run(kept_of(rows)) for rows in (traces, [*traces, *edited]))
    for metric in (quality.DURATION_P95, quality.MODEL_SERVED):
        assert dict(told(twice, metric)) == dict(told(once, metric))
    assert twice[quality.DURATION_P95.name, "bot", DAY] == 95


def test_a_digest_tells_features_and_models_of_traces_and_what_each_judgement_took() -> None:
    async def week(rows: Sequence[HistoryRow]) -> Week:
        record = memory_history()
        await record.writer.write([row.model_copy(update={"judge_cost_usd": 0.5, "model_served": "m"}) for row in rows])
        query = HistoryQuery(since=NOW - timedelta(days=7), until=NOW + timedelta(hours=1))
        return (await read_weeks(record.reader, query)).now["bot"]

    complaints = [spent(900 + n, 50.0, feature="search", sample="boost", stratum="feedback") for n in range(3)]
    once, twice = (asyncio.run(week(rows)) for rows in (TRACES, [*TRACES, *again(TRACES), *complaints]))
    assert twice.features == once.features
    assert (once.traces, twice.traces, twice.names["model", "m"]) == (48, 51, 51)
    assert once.judge_usd == 24.0
    assert twice.judge_usd == pytest.approx(24.0 * 4 + 1.5)


def test_a_comparison_counts_the_newest_end_of_each_trace() -> None:
    async def ends(rows: Sequence[HistoryRow]) -> tuple[float, int, int]:
        record = memory_history()
        await record.writer.write(rows)
        span = {"since": NOW - timedelta(days=7), "until": NOW + timedelta(hours=1)}
        question = Question(by=None, a=Side(name="a", **span), b=Side(name="b", **span), rubrics=("grounding",))
        side = (await read_selected(record.reader, question)).a["bot", "grounding"]
        return float(np.nansum(side.column("cost_usd"))), side.sessions().size, int(side.ended(End.UNANSWERED).sum())

    edited = [row.model_copy(update={"rubric_hash": "b", "changed_at": NOW + timedelta(hours=1)}) for row in TRACES]
    failed = [row.model_copy(update={"state": "dead", "reason": "age"}) for row in edited[:4]]
    assert asyncio.run(ends(TRACES)) == asyncio.run(ends([*TRACES, *edited])) == (84.0, 48, 0)
    assert asyncio.run(ends([*TRACES, *failed, *edited[4:]])) == (84.0, 48, 4)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30), st.integers(0, 30))
def test_each_stays_once_and_the_best_of_it(drawn: list[tuple[int, int]], cut: int) -> None:
    drawn.sort(key=lambda pair: pair[0])
    traces, better = (np.array([pair[at] for pair in drawn], dtype=np.int64) for at in (0, 1))
    kept = best_of_each(traces, better)
    assert dict(zip(traces[kept].tolist(), better[kept].tolist(), strict=True)) == {
        trace: max(value for other, value in drawn if other == trace) for trace, _ in drawn
    }
    assert int(kept.sum()) == len({trace for trace, _ in drawn})
    once = EachOnce()
    parts = [once.of(traces[part], better[part]) for part in (slice(cut), slice(cut, None))]
    assert sorted(traces[np.concatenate(parts)].tolist()) == sorted({trace for trace, _ in drawn})
