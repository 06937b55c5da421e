"""What a plan says batches would save: never twice, and only where there are batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from assay.judges.prices import PriceTable
from assay.judges.rubric import ModelAt, Rubric
from assay.judges.schema import Scored, Tier, Usage, Verdict
from assay.worker.cli.plan_view import batch_lines
from assay.worker.flow.backfill.range_plan import RangePlan
from assay.worker.flow.verdicts import KeptVerdict, pack
from assay.worker.records.ledger import Judgement, LedgerState
from assay.worker.records.traces import TraceKey
from assay.worker.setup.judge_cost import CostTotals, JudgeCost
from assay.worker.setup.plan import PlanReport, StoreLoad
from assay.worker.setup.plan_costs import CostEstimator
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_trace
from tests.contract.state.making import promise, transition
from tests.fakes import FlakyStore

PRICES = PriceTable.load()
MODEL = "gpt-5.4-mini"
USAGE = Usage(calls=1, prompt_tokens=1000, completion_tokens=50)
LIST = PRICES.cost(MODEL, USAGE) or 0.0
ONE = Rubric.model_validate({"name": "grounding", "judge": {"tiers": ["llm"], "llm": {"model": MODEL}}})
PANEL = Rubric.model_validate(
    {"name": "grounding", "judge": {"tiers": ["panel"], "panel": {"models": [MODEL, "gpt-5.6-luna"]}}}
)


def verdict(share: float) -> Verdict:
    bill = PRICES.bill([(MODEL, MODEL, USAGE, share)])
    return Verdict(
        judge="llm",
        tier=Tier.LLM,
        usage=USAGE,
        model_requested=MODEL,
        cost_usd=bill.cost_usd,
        cost_basis=bill.basis,
    )


def cost(rubric: Rubric, shares: list[float], has_batches: Callable[[ModelAt], bool] = lambda _: True) -> JudgeCost:
    """What ten judgements cost, after some that paid these shares of the list price."""

    async def main() -> JudgeCost:
        state = memory_state()
        store = FlakyStore(make_trace(f"t{n}") for n in range(3))
        for n, share in enumerate(shares):
            scored = Scored(
                scores={}, not_applicable={}, state="judged", comment="", revision="r", verdict=verdict(share)
            )
            await state.verdicts.keep_all({f"k{n}": pack(KeptVerdict(trace_id=f"m{n}", outcome=scored))}, ttl_s=60)
            await state.ledger.promise(
                [promise(f"m{n}", start=NOW, rubric_hash=rubric.content_hash())], now=NOW, due=NOW
            )
            judgement = Judgement(verdict_key=f"k{n}", revision="r", judge="llm", state="judged", values={})
            change = transition(f"m{n}", LedgerState.OPEN, LedgerState.SCORED, judgement=judgement)
            await state.ledger.apply("grounding", [change], now=NOW)
        estimator = CostEstimator(state.ledger_reader, state.verdicts, store, PRICES, has_batches)
        keys = [TraceKey(trace_id=f"t{n}", start=NOW - timedelta(hours=2)) for n in range(3)]
        return await estimator.cost(rubric, 10, keys, NOW.date())

    return asyncio.run(main())


@pytest.mark.parametrize("shares", [[1.0] * 6, [0.5] * 6, [0.5, 0.0, 0.0, 0.5, 1.0, 1.0]])
def test_live_price_is_the_list_price_whatever_was_paid_for_what_was_measured(shares: list[float]) -> None:
    measured = cost(ONE, shares)
    assert measured.basis.startswith("measured on 6 judgements")
    assert measured.cost_usd == pytest.approx(10 * LIST)
    assert measured.batch_usd == pytest.approx(5 * LIST)


def test_batches_of_several_models_measure_nothing() -> None:
    """Their tokens are not told apart. What was judged at once measures as ever."""
    assert cost(PANEL, [0.5] * 6).basis.startswith("estimated")
    assert cost(PANEL, [1.0] * 6 + [0.5] * 6).basis.startswith("measured on 6 judgements")


def only_mini(model: ModelAt) -> bool:
    return model.model == MODEL


@pytest.mark.parametrize("shares", [[], [1.0] * 6])
def test_only_models_with_batches_are_cheaper(shares: list[float]) -> None:
    none = cost(ONE, shares, lambda _: False)
    assert none.batch_usd == none.cost_usd
    some = cost(PANEL, shares, only_mini)
    if shares:
        assert some.batch_usd is None, "nobody knows the part of each model"
    else:
        assert some.cost_usd is not None
        assert some.batch_usd is not None
        assert some.cost_usd / 2 < some.batch_usd < some.cost_usd


def told(**figures: float | None) -> list[str]:
    plan = RangePlan(start=NOW, end=NOW + timedelta(days=1), use_cases=(), rubrics=())
    cost = JudgeCost(rubric="r", tiers=("llm",), models=(MODEL,), judgements=10, basis="").model_copy(update=figures)
    load = StoreLoad(reads=1, writes=1)
    report = PlanReport(scope="range", basis="", plan=plan, costs=(cost,), totals=CostTotals.of([cost]), store=load)
    return list(batch_lines(report))


def test_plan_tells_of_batches_only_where_they_save_something() -> None:
    (line,) = told(cost_usd=4.0, batch_usd=3.0)
    assert line == "with backfill --batch: about 3.00 USD instead of 4.00; answers take up to 24 hours"
    for usd, batch in ((4.0, 4.0), (4.0, None), (None, None), (0.0, 0.0)):
        assert told(cost_usd=usd, batch_usd=batch) == []
