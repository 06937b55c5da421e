"""Which audit share a plan advises, against the variance that each share really gives for the same money."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from assay.worker.records.history import HistoryRow
from assay.worker.setup.plan_audit import AuditAdvice, CascadeCost, audit_advice, audit_advices, cascade_costs
from assay.worker.signals.traffic import ScreenedRows
from assay.worker.state.memory.history import memory_history
from assay.worker.statistics.phases import PhaseColumns
from assay.worker.statistics.two_phase import two_phase_rate
from tests.unit.worker.signals.rows import START, row

FIRST_USD, LATER_USD = 0.0002, 0.01
COSTS = CascadeCost(alone_usd=FIRST_USD, alone=1, both_usd=FIRST_USD + LATER_USD, both=1)


def screened(n: int, audit: float, seed: int) -> ScreenedRows:
    """A tenth goes on; of what is settled as good, one in fifteen is bad."""
    rng = np.random.default_rng(seed)
    goes_on = rng.random(n) < 0.1
    bad = np.where(goes_on, rng.random(n) < 0.5, rng.random(n) < 1 / 15)
    seen = goes_on | (rng.random(n) < audit)
    return ScreenedRows(
        first=np.where(goes_on, 0.6, 0.1),
        final=np.where(seen, np.where(bad, 0.9, 0.0), np.nan),
        seen=seen,
        chosen=seen,
        pi=np.full(n, 0.1),
        pi2=np.where(goes_on, 1.0, audit),
        clusters=np.arange(n),
        days=np.zeros(n, dtype=np.int64),
    )


def spread_for(audit: float, dollars: float) -> float:
    """Standard deviation of the estimate where so much money is spent at this share."""
    n = round(dollars / (FIRST_USD + 0.1 * LATER_USD + 0.9 * audit * LATER_USD))
    values = []
    for seed in range(150):
        rows = screened(n, audit, seed)
        first, final = (np.asarray(risk >= 0.5, dtype=np.float64) for risk in (rows.first, rows.final))
        rate = two_phase_rate(PhaseColumns(first, final, rows.seen, rows.chosen, rows.pi, rows.pi2))
        assert rate is not None
        values.append(rate.value)
    return float(np.std(values))


def advised(share: float) -> AuditAdvice:
    advice = audit_advice(screened(40_000, share, 3), COSTS, 0.5, share)
    assert advice is not None
    return advice


def test_the_advised_share_narrows_the_estimate_by_what_is_told() -> None:
    advice = advised(0.01)
    assert advice.best == pytest.approx(advised(0.3).best, rel=0.4), "whatever is in force"
    assert advice.narrower > 0.2
    measured = 1 - spread_for(advice.best, 12.0) / spread_for(0.01, 12.0)
    assert measured == pytest.approx(advice.narrower, abs=0.15)
    assert f"{advice.best:.2g} instead of 0.01" in advice.words
    assert "fewer traces" in advice.words


def test_a_share_that_is_about_best_is_left() -> None:
    best = advised(0.1).best
    advice = advised(round(best, 2))
    assert advice.narrower < 0.05
    assert "is about the best for its money" in advice.words


@pytest.mark.parametrize(
    "costs",
    [
        CascadeCost(),
        CascadeCost(alone_usd=1, alone=1),
        CascadeCost(alone_usd=1, alone=1, both_usd=1, both=1),
        CascadeCost(alone_usd=1, alone=1, both_usd=2, both=1, unpriced=1),
    ],
)
def test_without_known_prices_nothing_is_told(costs: CascadeCost) -> None:
    assert audit_advice(screened(4_000, 0.1, 1), costs, 0.5, 0.1) is None


def test_few_audits_tell_nothing() -> None:
    assert audit_advice(screened(200, 0.05, 1), COSTS, 0.5, 0.05) is None


def test_costs_come_from_the_record() -> None:
    def screening(*, on: bool) -> dict[str, Any]:
        return {"scores": {"hallucination_risk": 0.1}, "pi2": 0.1, "why": "audited" if on else "passed", "phase2": on}

    rows = [
        row("a", screening=screening(on=False), judge_cost_usd=0.001),
        row("b", screening=screening(on=True), judge_cost_usd=0.02),
        row("c", judge_cost_usd=5.0),
        row("d", screening=screening(on=True), use_case="other"),
    ]

    async def read() -> Any:
        history = memory_history()
        await history.writer.write(rows)
        return await cascade_costs(history.reader, START + timedelta(days=1))

    told = asyncio.run(read())
    assert told["bot", "grounding"].per_answer == pytest.approx((0.001, 0.019))
    assert told["other", "grounding"].per_answer is None


def recorded_day(audited: int) -> list[HistoryRow]:
    """Three hundred answers settled, some of them audited, and thirty that went on."""
    rows = []
    for number in range(330):
        goes_on, is_audited = number >= 300, number < audited
        why = "escalated" if goes_on else "audited" if is_audited else "passed"
        screening = {
            "scores": {"hallucination_risk": 0.6 if goes_on else 0.1},
            "pi2": 1.0 if goes_on else 0.2,
            "why": why,
            "phase2": why != "passed",
        }
        risk = 0.9 if (goes_on and number % 2) or (is_audited and number % 20 == 0) else 0.0
        usd = 0.0002 + (0.01 if why != "passed" else 0.0)
        rows.append(row(f"t{number}", risk=risk, screening=screening, judge_cost_usd=usd))
    return rows


@pytest.mark.parametrize(("audited", "share", "is_told"), [(60, 0.2, True), (10, 0.2, False), (60, None, False)])
def test_a_record_with_audited_rows_gives_advice(audited: int, share: float | None, *, is_told: bool) -> None:
    async def read() -> dict[tuple[str, str], AuditAdvice]:
        history = memory_history()
        await history.writer.write(recorded_day(audited))
        return await audit_advices(history.reader, START + timedelta(days=1), lambda _: 0.5, lambda _: share)

    told = asyncio.run(read())
    assert set(told) == ({("bot", "grounding")} if is_told else set())
    if is_told:
        advice = told["bot", "grounding"]
        assert (advice.audited, advice.screened, advice.share) == (60, 330, 0.2)
        assert 0 < advice.best < 1
