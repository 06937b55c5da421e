"""What judgements take: measured, estimated or unknown, and never 0 for unknown. What a plan tells of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import Scored, Tier, Usage, Verdict
from assay.worker.cli.plan_view import budget_line, cost_line, plan_lines, precision_lines, store_line
from assay.worker.config.deployment import Deployment
from assay.worker.flow.backfill.range_plan import PlannedRubric, PlannedUseCase, RangePlan
from assay.worker.flow.verdicts import KeptVerdict, pack
from assay.worker.records.ledger import Judgement, LedgerState
from assay.worker.records.traces import TraceKey
from assay.worker.setup.judge_cost import CostTotals, JudgeCost
from assay.worker.setup.plan import PlannedAudit, PlanReport, StoreLoad
from assay.worker.setup.plan_budgets import planned_budgets
from assay.worker.setup.plan_costs import CostEstimator
from assay.worker.setup.plan_precision import precision_of
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_trace
from tests.contract.state.making import promise, transition
from tests.fakes import FlakyStore

LOCAL = Rubric(name="grounding")
LLM = Rubric.model_validate({"name": "grounding", "judge": {"tiers": ["llm"], "llm": {"model": "gpt-5.4-mini"}}})
PANEL = Rubric.model_validate(
    {"name": "grounding", "judge": {"tiers": ["panel"], "panel": {"models": ["gpt-5.4-mini", "nobody-knows"]}}}
)


def cost(
    rubric: Rubric, judgements: int = 100, *, measured: int = 0, usd: float | None = 0.01, **over: Any
) -> JudgeCost:
    """The cost by a rubric, where some judgements were measured and the store has three traces."""

    async def main() -> JudgeCost:
        state, store = memory_state(), FlakyStore(make_trace(f"t{n}") for n in range(3))
        for n in range(measured):
            verdict = Verdict(
                judge="llm",
                tier=Tier.LLM,
                usage=Usage(calls=1, prompt_tokens=1000, completion_tokens=50),
                cost_usd=usd,
                cost_basis="cost unknown: no price for mine" if usd is None else "",
            )
            outcome = Scored(scores={}, not_applicable={}, state="judged", comment="", revision="r", verdict=verdict)
            await state.verdicts.keep_all({f"k{n}": pack(KeptVerdict(trace_id=f"m{n}", outcome=outcome))}, ttl_s=60)
            version = {"rubric_hash": rubric.content_hash(), **over}
            await state.ledger.promise([promise(f"m{n}", start=NOW, **version)], now=NOW, due=NOW)
            judgement = Judgement(verdict_key=f"k{n}", revision="r", judge="llm", state="judged", values={})
            change = transition(f"m{n}", LedgerState.OPEN, LedgerState.SCORED, judgement=judgement)
            await state.ledger.apply("grounding", [change], now=NOW)
        estimator = CostEstimator(state.ledger_reader, state.verdicts, store, PriceTable.load())
        keys = [TraceKey(trace_id=f"t{n}", start=NOW - timedelta(hours=2)) for n in range(3)]
        return await estimator.cost(rubric, judgements, keys, NOW.date())

    return asyncio.run(main())


def test_local_judge_is_free_and_says_why() -> None:
    free = cost(LOCAL)
    assert (free.prompt_tokens, free.completion_tokens, free.cost_usd) == (0, 0, 0.0)
    assert "no model is asked" in free.basis


def test_measured_judgements_are_scaled() -> None:
    measured = cost(LLM, measured=20)
    assert (measured.prompt_tokens, measured.completion_tokens) == (100_000, 5_000)
    assert measured.cost_usd == pytest.approx(1.0)
    assert measured.basis == "measured on 20 judgements"


def test_measured_judgements_without_a_price_have_tokens_and_no_cost() -> None:
    measured = cost(LLM, measured=20, usd=None)
    assert (measured.prompt_tokens, measured.cost_usd) == (100_000, None)
    assert "no price for mine" in measured.basis
    assert "USD unknown" in cost_line(measured)


@pytest.mark.parametrize("over", [{"measured": 4}, {"measured": 20, "rubric_hash": "another version"}, {}])
def test_too_few_or_another_version_is_estimated_from_traces(over: dict[str, Any]) -> None:
    estimated = cost(LLM, **over)
    assert "estimated from the prompts of 3 traces" in estimated.basis
    assert estimated.prompt_tokens is not None
    assert 100 * 200 < estimated.prompt_tokens < 100 * 3000
    assert estimated.cost_usd is not None
    assert 0.0 < estimated.cost_usd < 1.0


def test_one_model_without_a_price_makes_the_cost_unknown_and_is_named() -> None:
    estimated = cost(PANEL)
    assert estimated.cost_usd is None
    assert "no price for nobody-knows" in estimated.basis
    assert estimated.prompt_tokens == 2 * (cost(LLM).prompt_tokens or 0)


def test_no_work_costs_nothing_whatever_the_model() -> None:
    assert cost(PANEL, judgements=0).cost_usd == 0.0


def test_totals_are_unknown_where_a_part_is() -> None:
    parts = [cost(LOCAL), cost(PANEL)]
    assert CostTotals.of(parts).cost_usd is None
    assert CostTotals.of(parts).prompt_tokens == parts[1].prompt_tokens
    assert CostTotals.of([]) == CostTotals(prompt_tokens=0, completion_tokens=0, cost_usd=0.0)


def test_precision_is_half_the_interval_of_five_per_cent() -> None:
    """docs of statistics: 200 judged, 5 %: 2.7 to 9.0."""
    plan = RangePlan(
        start=NOW - timedelta(days=1),
        end=NOW,
        use_cases=(PlannedUseCase(use_case="bot", traces=1000, lowest_rate=0.2, highest_rate=0.2),),
        rubrics=(
            PlannedRubric(use_case="bot", rubric="grounding", selected=150, known=50, passed_over=800),
            PlannedRubric(use_case="bot", rubric="safety"),
        ),
    )
    known, unknown = precision_of(plan)
    assert known.points == pytest.approx((9.0 - 2.7) / 2, abs=0.1)
    assert (known.judged, known.traces) == (200, 1000)
    assert unknown.points is None


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (StoreLoad(reads=9, writes=1), "a file on this machine"),
        (StoreLoad(reads=9, writes=1, reads_per_minute=27, minutes=0.3), "under a minute at 27 reads a minute"),
        (StoreLoad(reads=2700, writes=1, reads_per_minute=27, minutes=100.0), "about 100 minutes at 27 reads a minute"),
    ],
)
def test_store_load_is_told_under_its_limits(load: StoreLoad, said: str) -> None:
    assert said in store_line(load)


LONG = " ".join(f"Fact number {i} holds for the whole of the valley and its people." for i in range(300))


@pytest.mark.parametrize(("policy", "calls"), [("skip", 0), ("sample", 200)])
def test_traces_that_take_too_many_calls_are_planned_as_the_rubric_has_them_judged(policy: str, calls: int) -> None:
    llm = {"model": "gpt-5.4-mini", "max_calls": 2, "too_expensive": policy}
    rubric = Rubric.model_validate({"name": "grounding", "judge": {"tiers": ["llm"], "llm": llm}})
    store = FlakyStore([make_trace("t0", output={"answer": LONG})])
    state = memory_state()
    estimator = CostEstimator(state.ledger_reader, state.verdicts, store, PriceTable.load())
    keys = [TraceKey(trace_id="t0", start=NOW - timedelta(hours=2))]
    planned = asyncio.run(estimator.cost(rubric, 100, keys, NOW.date()))
    assert planned.calls == calls
    assert ("more than the rubric allows" in planned.basis) is (policy == "skip")


@pytest.mark.parametrize(("max_usd", "calls"), [(0.000001, 0), (10.0, 300)])
@pytest.mark.parametrize("tier", ["llm", "panel"])
def test_traces_that_cost_too_much_are_planned_as_skipped(tier: str, max_usd: float, calls: int) -> None:
    options = {"model": "gpt-5.4-mini"} if tier == "llm" else {"models": ["gpt-5.4-mini", "gpt-6-luna"]}
    judge = {"tiers": [tier], tier: {**options, "max_usd": max_usd}}
    rubric = Rubric.model_validate({"name": "grounding", "judge": judge})
    store = FlakyStore([make_trace("t0", output={"answer": LONG})])
    state = memory_state()
    estimator = CostEstimator(state.ledger_reader, state.verdicts, store, PriceTable.load())
    keys = [TraceKey(trace_id="t0", start=NOW - timedelta(hours=2))]
    planned = asyncio.run(estimator.cost(rubric, 100, keys, NOW.date()))
    assert bool(planned.calls) is bool(calls)
    assert ("more than the rubric allows" in planned.basis) is (not calls)


def plan_of(work: dict[str, int], days: int = 1) -> RangePlan:
    rows = tuple(PlannedRubric(use_case=case, rubric="grounding", selected=count) for case, count in work.items())
    cases = tuple(PlannedUseCase(use_case=case, traces=1, lowest_rate=1, highest_rate=1) for case in work)
    return RangePlan(start=NOW, end=NOW + timedelta(days=days), use_cases=cases, rubrics=rows)


def test_budgets_stand_beside_their_part_of_the_costs() -> None:
    deployment = Deployment.model_validate(
        {
            "store": {"kind": "sqlite"},
            "limits": {"usd_per_month": 60},
            "use_cases": [
                {"name": "a", "budget_usd_per_day": 1, "rubrics": ["grounding"]},
                {"name": "b", "budget_usd_per_month": 300, "rubrics": ["grounding"]},
                {"name": "c", "rubrics": ["grounding"]},
            ],
        }
    )
    costs = [JudgeCost(rubric="grounding", tiers=("llm",), judgements=100, cost_usd=20.0, basis="")]
    budgets = planned_budgets(plan_of({"a": 30, "b": 60, "c": 10}, days=2), costs, deployment)
    told = [
        (budget.use_case, budget.usd_per_day, round(budget.cost_usd or 0, 6), budget.is_short) for budget in budgets
    ]
    assert told == [
        ("a", 1.0, 6.0, True),  # 6 USD in two days, 2 allowed
        ("b", 10.0, 12.0, False),
        (None, 2.0, 20.0, True),
    ]
    assert budget_line(budgets[0]) == (
        "budget of a: 1.00 USD a day, the plan takes about 3.00 USD a day; "
        "what is over waits for the next day, or lower the rate"
    )
    assert budget_line(budgets[1]).endswith("the plan takes about 6.00 USD a day")
    rounded, lowered = (budgets[1].model_copy(update={"pays": pays}) for pays in (1 - 1e-15, 0.9996))
    assert budget_line(rounded) == budget_line(budgets[1]), "it pays for all, but for how floats add"
    assert budget_line(lowered).endswith("so sweeps lower them to 99.96%")


def test_budget_beside_an_unknown_cost_is_not_called_kept() -> None:
    costs = [JudgeCost(rubric="grounding", tiers=("llm",), judgements=100, cost_usd=None, basis="")]
    deployment = Deployment.model_validate(
        {"store": {"kind": "sqlite"}, "use_cases": [{"name": "a", "budget_usd_per_day": 1, "rubrics": ["grounding"]}]}
    )
    (budget,) = planned_budgets(plan_of({"a": 100}), costs, deployment)
    assert (budget.cost_usd, budget.is_short) == (None, False)
    assert "not known" in budget_line(budget)


def test_advice_on_a_cascades_audit_share_stands_below_the_precision() -> None:
    fields = {"share": 0.05, "best": 0.13, "narrower": 0.14, "more_traces": 0.78, "audited": 212, "screened": 4000}
    audit = PlannedAudit.model_validate({"use_case": "bot", "rubric": "cascade", **fields})
    plan = plan_of({"bot": 10})
    report = PlanReport(
        scope="day", basis="", plan=plan, totals=CostTotals.of([]), store=StoreLoad(reads=1, writes=1), audits=(audit,)
    )
    (line,) = precision_lines(report)
    assert line.startswith("bot (cascade): judge.audit_share 0.13 instead of 0.05 would make the interval 14% narrower")
    assert report.model_dump(mode="json")["audits"] == [{**fields, "use_case": "bot", "rubric": "cascade"}]


def test_what_people_are_asked_for_is_told() -> None:
    report = PlanReport(
        scope="day",
        basis="",
        plan=plan_of({"bot": 10}),
        totals=CostTotals.of([]),
        store=StoreLoad(reads=1, writes=1),
        reviews={"bot": 20},
    )
    assert "reviews of bot: people get all flagged answers, and about 20 others a day by chance" in plan_lines(report)
