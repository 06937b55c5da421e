"""What a judgement may cost where none was paid yet, by the price table."""

from __future__ import annotations

from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import Usage
from assay.worker.config.price_file import packaged_prices

FIRST_USAGE = Usage(calls=1, prompt_tokens=4000, completion_tokens=500)
"""Twice the tokens in that a grounding prompt of five passages has (2,000), and an answer on 25 sentences. Too high
judges fewer traces on the first morning only: after 20 judgements what they really cost takes over."""


def first_cost_usd(rubric: Rubric, prices: PriceTable | None = None) -> float:
    """US dollars, each of the rubric's models being asked once. A model without a price counts nothing."""
    table = prices or packaged_prices()
    asked = [named.model for tier in rubric.judge.tiers for named in rubric.judge.models(tier)]
    return sum(table.cost(model, FIRST_USAGE) or 0.0 for model in asked)
