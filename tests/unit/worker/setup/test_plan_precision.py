"""How well a plan's rates will be known: from assumptions where nothing was measured, else from the record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.cli.plan_view import days_words
from assay.worker.flow.backfill.range_plan import PlannedRubric, PlannedUseCase, RangePlan
from assay.worker.setup.judge_cost import JudgeCost
from assay.worker.setup.plan_budgets import day_shares
from assay.worker.setup.plan_precision import ASSUMED, Measured, Precision, precision_of
from assay.worker.setup.plan_record import RecordedCost, cost_from_record, measured_rates, recorded_costs
from assay.worker.state.memory.history import memory_history
from assay.worker.statistics.sample_size import size_per_side
from tests.unit.worker.reporting.compare.rows import NOW, release

PAIR = ("bot", "grounding")


def plan_of(judged: int, *, days: int = 1) -> RangePlan:
    case = PlannedUseCase(use_case="bot", traces=5000, lowest_rate=0.1, highest_rate=0.1)
    row = PlannedRubric(use_case="bot", rubric="grounding", selected=judged)
    return RangePlan(start=NOW, end=NOW + timedelta(days=days), use_cases=(case,), rubrics=(row,))


def measured(**over: float) -> Measured:
    fields = {"rate": 0.05, "answers": 400, "answered": 1.0, "design_effect": 1.0, "of": "flagged", "days": 5}
    return Measured.model_validate({**fields, **over})


def precision(judged: int, known: Measured | None = None, *, days: int = 1) -> Precision:
    (row,) = precision_of(plan_of(judged, days=days), {} if known is None else {PAIR: known})
    return row


def test_two_points_take_as_many_days_as_the_two_sided_test_takes_answers() -> None:
    """5 % to 7 %, two-sided 5 %, power 80 %: 2,213 on each side."""
    needed = size_per_side(0.05, 0.07, sides=2)
    assert needed == pytest.approx(2213, abs=2)
    row = precision(500)
    assert row.days_to_see == pytest.approx(needed / 500)
    assert (row.assumed_rate, row.basis) == (0.05, ASSUMED)
    assert precision(0).days_to_see is None


def test_a_range_of_days_is_told_by_the_day() -> None:
    assert precision(5000, days=10).days_to_see == precision(500).days_to_see


def test_sessions_and_traces_without_a_risk_widen_what_is_known() -> None:
    plain = precision(500, measured())
    for known in (measured(design_effect=2.0), measured(answered=0.5)):
        wider = precision(500, known)
        assert wider.points == pytest.approx(precision(250).points)
        assert wider.days_to_see == pytest.approx(2 * (plain.days_to_see or 0))
    assert "2 of them are worth one independent answer" in measured(design_effect=2.0).basis


@given(rate=st.floats(0.0, 1.0), effect=st.floats(0.2, 8.0), judged=st.integers(1, 100_000))
def test_every_measured_rate_has_a_precision(rate: float, effect: float, judged: int) -> None:
    row = precision(judged, measured(rate=rate, design_effect=effect))
    assert row.points is not None
    assert 0 < row.points <= 50
    assert row.days_to_see is not None
    assert row.days_to_see > 0


@pytest.mark.parametrize(("days", "words"), [(None, ""), (0.4, "under 1"), (4.42, "4.4"), (44.2, "44")])
def test_days_are_told_as_a_table_has_room(days: float | None, words: str) -> None:
    assert days_words(days) == words


def test_the_record_tells_rate_sessions_and_silence() -> None:
    async def main() -> Measured:
        history = memory_history()
        lost = release("v1", 50, 0.0, seed=3, state="dead", reason="poison", risk=None, revision=None)
        await history.writer.write([*release("v1", 900, 0.1, session=6), *lost])
        return (await measured_rates(history.reader, NOW, lambda rubric: 0.5))[PAIR]

    known = asyncio.run(main())
    assert known.answers == 900
    assert known.answered == pytest.approx(900 / 950)
    assert known.rate == pytest.approx(0.1, abs=0.04)
    assert known.design_effect > 1.5
    assert "expected to have a problem" in known.basis


@pytest.mark.parametrize("n", [0, 99])
def test_a_few_answers_are_no_measurement(n: int) -> None:
    async def main() -> bool:
        history = memory_history()
        await history.writer.write(list(release("v1", n, 0.1)))
        return PAIR in await measured_rates(history.reader, NOW, lambda rubric: 0.5)

    assert not asyncio.run(main())


@pytest.mark.parametrize(("usd", "expected"), [(0.002, 1.0), (None, None)])
def test_recorded_judgements_tell_their_cost_by_version(usd: float | None, expected: float | None) -> None:
    async def main() -> RecordedCost:
        history = memory_history()
        paid: dict[str, Any] = {
            "judge_calls": 2,
            "judge_input_tokens": 900,
            "judge_output_tokens": 60,
            "judge_cost_usd": usd,
        }
        others = release("v1", 9, 0.1, seed=2, rubric_hash="another", **{**paid, "judge_cost_usd": 9.0})
        await history.writer.write([*release("v1", 50, 0.1, **paid), *others])
        return (await recorded_costs(history.reader, NOW))["grounding", "h1"]

    recorded = asyncio.run(main())
    cost = cost_from_record(JudgeCost(rubric="grounding", tiers=("llm",), judgements=500, basis=""), recorded)
    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens) == (1000, 450_000, 30_000)
    assert cost.cost_usd == (None if expected is None else pytest.approx(expected))
    assert "measured on 50 judgements in the record" in cost.basis


SPEND = st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 100.0), min_size=1)


@given(asked=SPEND, own=SPEND, of_all=st.one_of(st.none(), st.floats(0.01, 100.0)))
def test_no_budget_is_planned_to_be_exceeded_and_none_is_lowered_without_need(
    asked: dict[str, float], own: dict[str, float], of_all: float | None
) -> None:
    held: dict[str | None, float] = {name: usd for name, usd in own.items() if name in asked}
    shares = day_shares(asked, held if of_all is None else {**held, None: of_all})
    spent = {name: usd * shares[name] for name, usd in asked.items()}
    assert all(0 <= share <= 1 + 1e-9 for share in shares.values())
    assert all(spent[name] <= held.get(name, float("inf")) * (1 + 1e-6) for name in spent)
    assert of_all is None or sum(spent.values()) <= of_all * (1 + 1e-6)
    if of_all is None:
        assert all(share > 1 - 1e-9 for name, share in shares.items() if asked[name] < 0.97 * held.get(name, 1e9))


def test_a_short_budget_pays_for_its_share_of_the_day() -> None:
    assert day_shares({"a": 2.0}, {"a": 1.0}) == {"a": pytest.approx(0.49, abs=0.005)}
    both = day_shares({"a": 2.0, "b": 2.0}, {None: 1.0})
    assert both["a"] == both["b"] == pytest.approx(0.245, abs=0.003)
