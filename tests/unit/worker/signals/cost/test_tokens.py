"""A prompt's version that takes four times the tokens is told as soon as twenty requests on both sides tell theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest

from assay.worker.records.history import HistoryRow
from assay.worker.records.metrics import quality
from assay.worker.signals.cost.samples import cost_samples
from assay.worker.signals.cost.tokens import FEWEST, token_jumps
from assay.worker.signals.windows import DAY
from tests.unit.worker.signals.cost.spending import NOW, cost_rows, spent

SPREAD = float(np.sqrt(np.log(1.25)))
"""Of the logarithm: tokens vary by half of their mean."""


def version(
    name: str, tokens: float, n: int, began: datetime, rng: np.random.Generator, prompt: str | None = "answer"
) -> Iterator[HistoryRow]:
    for number, own in enumerate(tokens * rng.lognormal(-(SPREAD**2) / 2, SPREAD, n)):
        yield spent(
            0,
            0.01,
            trace_id=f"{prompt}-{name}-{number}",
            prompt_name=prompt,
            prompt_version=name,
            input_tokens=round(own),
            output_tokens=100,
            pi=0.1,
            started_at=began + number * timedelta(minutes=1),
        )


def test_four_fold_jump_is_above_two_by_its_lower_bound_from_twenty_requests_on() -> None:
    rng, above = np.random.default_rng(11), 0
    for _ in range(60):
        old = version("v41", 1000, FEWEST, NOW - timedelta(days=3), rng)
        new = version("v42", 4000, FEWEST, NOW - timedelta(hours=1), rng)
        (jump,) = token_jumps(cost_rows([*old, *new]), NOW)
        assert (jump.prompt_version, jump.before, jump.ratio.n) == ("v42", "v41", 20)
        above += jump.ratio.low > 2
    assert FEWEST == 20
    assert above >= 58


def test_what_did_not_change_is_never_told_as_twice_as_much() -> None:
    rng = np.random.default_rng(12)
    for _ in range(60):
        same = [*version("v41", 1000, 20, NOW - timedelta(days=3), rng), *version("v42", 1000, 20, NOW, rng)]
        (jump,) = token_jumps(cost_rows(same), NOW)
        assert jump.ratio.low < 1.6


def test_too_few_requests_tell_nothing_and_a_short_lived_version_is_passed_over() -> None:
    rng = np.random.default_rng(13)
    old, few = (
        version("v41", 1000, 30, NOW - timedelta(days=5), rng),
        version("v42", 900, 19, NOW - timedelta(days=2), rng),
    )
    new = list(version("v43", 4000, 25, NOW - timedelta(hours=2), rng))
    (jump,) = token_jumps(cost_rows([*old, *few, *new]), NOW)
    assert (jump.prompt_version, jump.before) == ("v43", "v41")
    assert not list(token_jumps(cost_rows(new), NOW))


def test_a_version_is_news_for_a_week_and_other_prompts_are_not_compared() -> None:
    rng = np.random.default_rng(14)
    rows = [
        *version("v41", 1000, 20, NOW - timedelta(days=20), rng),
        *version("v42", 4000, 20, NOW - timedelta(days=8), rng),
    ]
    rows += version("v42", 4000, 20, NOW, rng, prompt="rewrite")
    rows += version("v1", 4000, 20, NOW, rng, prompt=None)
    assert not list(token_jumps(cost_rows(rows), NOW))


def test_jump_is_a_metric_within_one_computation() -> None:
    rng = np.random.default_rng(15)
    rows = [
        *version("v41", 1000, 20, NOW - timedelta(days=3), rng),
        *version("v42", 4000, 20, NOW - timedelta(hours=1), rng),
    ]
    samples = cost_samples(cost_rows(rows), "bot", NOW, None)[DAY]
    (lower,) = (sample for sample in samples if sample.name == quality.TOKEN_JUMP.lower)
    assert lower.labels == {"use_case": "bot", "prompt_name": "answer", "prompt_version": "v42"}
    assert lower.value > 2
    tokens = {s.labels["prompt_version"]: s.value for s in samples if s.name == quality.REQUEST_TOKENS.name}
    assert tokens["v42"] == pytest.approx(4100, rel=0.5)
