"""What a judgement may cost before any was paid."""

from __future__ import annotations

import pytest

from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.wiring.first_costs import FIRST_USAGE, first_cost_usd


def test_local_judge_costs_nothing() -> None:
    assert first_cost_usd(Rubric(name="grounding")) == 0.0


def test_each_model_is_asked_once_at_its_price() -> None:
    text = "name: g\njudge: {tiers: [local, llm], llm: {model: gpt-5.4-mini}}\n"
    cost = PriceTable.load().cost("gpt-5.4-mini", FIRST_USAGE)
    assert cost is not None
    assert first_cost_usd(parse_rubric(text, source="g.yaml")) == pytest.approx(cost)
