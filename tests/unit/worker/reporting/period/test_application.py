"""What a request takes: weighted means, and a jump that is named only where there is one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.reporting.period.application import jumps
from assay.worker.reporting.period.application_words import NO_USE, application_lines
from assay.worker.reporting.period.prompts import JUMP, JUMP_NUMBER, PromptRows, furthest_jump
from assay.worker.reporting.period.quantities import usd
from assay.worker.reporting.period.records import PromptUse
from assay.worker.signals.cost.totals import request_mean
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import hajek_mean
from tests.unit.worker.reporting.period.history_rows import a_row, read


def use(
    version: str | None, tokens: float, n: int = 100, *, half: float = 50.0, name: str | None = "answer"
) -> PromptUse:
    estimate = Estimate(value=tokens, low=tokens - half, high=tokens + half, n=n)
    return PromptUse(prompt_name=name, prompt_version=version, n=n, tokens=estimate, cost_usd=None)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0.01, 1)), min_size=2, max_size=30))
def test_each_request_is_one_draw(pairs: list[tuple[float, float]]) -> None:
    values, pi = (np.array(column) for column in zip(*pairs, strict=True))
    estimate = request_mean(values, pi)
    known = hajek_mean(values, pi, clusters=np.arange(values.size, dtype=np.uint64))
    assert estimate is not None
    assert known is not None
    assert estimate.value == pytest.approx(known.value)
    assert estimate.high - estimate.value >= 1.95 * known.variance**0.5 - 1e-6 * known.value
    assert estimate.low <= estimate.value <= estimate.high


def test_one_value_has_no_interval_and_unknown_ones_do_not_count() -> None:
    assert request_mean(np.array([3.0, np.nan]), np.array([1.0, 1.0])) is None
    estimate = request_mean(np.array([3.0, np.nan, 5.0]), np.array([1.0, 0.1, 1.0]))
    assert estimate is not None
    assert (estimate.value, estimate.n) == (4.0, 2)


def test_what_one_request_tells_is_not_unknown() -> None:
    (row,) = read(a_row(1, prompt_version="1"), a_row(2, prompt_version="2", first_token_s=None)).use_cases[0].revisions
    told = [line.text for line in application_lines(row)]
    assert told[0] == "answer 1: 1,000 tokens (one request), 0.002000 USD (one request)"
    assert told[-1] == "0.50 s, of the one request that tells it"
    (nothing,) = read(a_row(1, input_tokens=None, cost_usd=None, duration_s=None)).use_cases[0].revisions
    assert [line.text for line in application_lines(nothing)][:2] == [NO_USE, "not known: no trace tells it"]


@given(st.floats(1e-12, 1e12))
def test_money_is_never_shown_as_nothing_and_to_three_digits(value: float) -> None:
    shown = float(usd(value).removesuffix(" USD").replace(",", ""))
    assert shown == pytest.approx(value, rel=0.005)
    assert usd(0) == "0 USD"
    assert usd(1_234_567.891) == "1,234,567.89 USD"


def test_a_fourfold_jump_is_named_with_both_n() -> None:
    assert list(jumps([use("11", 1_000, 580), use("12", 1_100), use("13", 5_300, 60)])) == [
        "prompt answer, version 13 takes 5.3 times the tokens of version 11: "
        "5,300 (n=60) against 1,000 (n=580) a request"
    ]


@pytest.mark.parametrize(
    "uses",
    [
        [use("11", 1_000), use("12", 3_900)],
        [use("11", 1_000), use("12", 5_000, JUMP_NUMBER - 1)],
        [use("11", 1_000), use(None, 5_000)],
        [use("11", 1_000), use("12", 5_000, name="title")],
        [use("11", 1_000, half=900), use("12", 5_000, half=3_500)],
        [use("11", 0, half=0), use("12", 5_000)],
    ],
    ids=["less", "few", "unknown version", "another prompt", "intervals meet", "none"],
)
def test_what_is_no_jump_is_not_named(uses: list[PromptUse]) -> None:
    assert list(jumps(uses)) == []


VERSIONS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(18, 22)), max_size=12)


@given(VERSIONS)
def test_the_jump_is_the_furthest_of_all_pairs(versions: list[tuple[int, int, int]]) -> None:
    uses = [use(str(at), value, n, half=half) for at, (value, half, n) in enumerate(versions)]
    able = [(item, item.tokens) for item in uses if item.tokens and item.n >= JUMP_NUMBER]
    pairs = [
        (more.value / less.value, low, high)
        for low, less in able
        for high, more in able
        if less.value > 0 and more.value >= JUMP * less.value and more.low > less.high
    ]
    jump = furthest_jump(uses, "tokens")
    assert (jump.ratio if jump else None) == max((ratio for ratio, *_ in pairs), default=None)
    assert jump is None or tuple(jump) in pairs


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), min_size=1, max_size=12))
def test_versions_that_may_have_jumped_are_found_before_any_is_estimated(means: list[tuple[str, int]]) -> None:
    names: dict[int, tuple[str | None, str | None]] = {at: (name, str(at)) for at, (name, _) in enumerate(means)}
    tokens = np.array([float(mean) for _, mean in means] * JUMP_NUMBER)
    columns = {"pi": np.full(tokens.size, 0.1), "input_tokens": tokens, "output_tokens": np.zeros(tokens.size)}
    rows = PromptRows(columns | {"cost_usd": np.full(tokens.size, np.nan)}, np.arange(tokens.size) % len(means), names)
    far = {
        side
        for low, (name, less) in enumerate(means)
        for high, (other, more) in enumerate(means)
        if name == other and more >= JUMP * less > 0
        for side in (low, high)
    }
    assert {int(rows.prompt(at)[1] or "") for at in rows.may_jump()} == far


def test_a_report_tells_tokens_and_waits_of_the_traffic() -> None:
    light = [a_row(number, pi=0.1, input_tokens=100, output_tokens=0) for number in range(30)]
    heavy = [a_row(number, pi=1.0, input_tokens=1_000, output_tokens=0, duration_s=9.0) for number in range(30, 60)]
    (row,) = read(*light, *heavy).use_cases[0].revisions
    (prompt,) = row.application.prompts
    assert prompt.tokens is not None
    assert prompt.tokens.value == pytest.approx((300 * 100 + 30 * 1_000) / 330)
    assert row.application.duration.n == 60
    assert row.application.duration.p50 is not None
    assert row.application.duration.p95 is not None
    assert (row.application.duration.p50.value, row.application.duration.p95.value) == (2.0, 9.0)
