"""A recorder that kept some of the traces: what the report says of it, and where it says nothing."""

from __future__ import annotations

import pytest

from assay.worker.reporting.period.upstream import upstream_words
from tests.unit.worker.reporting.period.history_rows import a_row, read


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ((None, None), ""),
        ((1.0, 1.0), ""),
        ((1.0, None), ""),
        ((0.25, 0.25), "the recorder kept 1 in 4 of this traffic: rates are of all traffic"),
        ((1.0, 0.1), "kept between 1 in 1 and 1 in 10 of this traffic (1 in 5.5 on average)"),
        ((0.001, 0.001), "the recorder kept 1 in 1,000 of this traffic"),
        ((0.5, None), "of 10 traces 5 do not tell how the recorder sampled them"),
    ],
)
def test_it_is_told_by_the_scored_traces(kept: tuple[float | None, float | None], words: str) -> None:
    rows = [a_row(n, upstream_pi=kept[n % 2]) for n in range(10)]
    dead = [a_row(20 + n, state="dead", reason="poison", revision=None, risk=None) for n in range(5)]
    (case,) = read(*rows, *dead).use_cases
    told = upstream_words(case.coverage)
    assert words in told
    assert bool(words) == bool(told)
