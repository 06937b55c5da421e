"""Selection: the hash's vectors, nesting, strata, rates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.hash_sampling import hash64, is_below
from assay.worker.config.use_cases import Defaults, LowTraffic, Match, Stratum, UseCase
from assay.worker.flow import selection
from assay.worker.flow.selection import Volume
from tests.builders import make_deployment, make_root

DEFAULTS = Defaults()


@pytest.mark.parametrize(
    ("trace_id", "expected"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", "a4b7a9f76b360001"),
        ("0af7651916cd43dd8448eb211c80319c", "4316f9044dd8f851"),
        ("00000000000000000000000000000001", "12c587e4ef47229e"),
        ("ffffffffffffffffffffffffffffffff", "9453c66733e89529"),
        ("01936c3e-7b1a-7cc0-9a3f-2d1f6f0b8a11", "e08f1b08cf12b92e"),
        ("req_abc123", "66d59fe0ed59e17f"),
    ],
)
def test_hash64_gives_the_known_vectors(trace_id: str, expected: str) -> None:
    assert f"{hash64('eval-sampler-v1', trace_id):016x}" == expected


def test_another_salt_is_an_unrelated_draw() -> None:
    values = [hash64(f"eval-sampler-v{n}", "4bf92f3577b34da6a3ce929d0e0e4736") / 2**64 for n in (1, 2)]
    assert values == pytest.approx([0.6434274891900813, 0.10880119276369953], abs=1e-12)


@given(st.text(), st.floats(0.001, 1), st.floats(0.001, 1))
def test_smaller_rate_selects_a_subset_of_the_larger(trace_id: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    u64 = hash64("s", trace_id)
    assert is_below(u64, high) or not is_below(u64, low)


@given(st.text())
def test_rate_one_takes_every_trace(trace_id: str) -> None:
    assert is_below(hash64("s", trace_id), 1.0)


def test_share_selected_is_the_rate_over_many_ids() -> None:
    case = UseCase(name="bot")
    chosen = sum(selection.decide(make_root(f"id-{n}"), case, 0.2, "assay") is not None for n in range(5000))
    assert 0.18 < chosen / 5000 < 0.22


def test_stratum_raises_the_rate_and_marks_what_the_base_rate_would_not_have_taken() -> None:
    errors = Stratum(name="errors", when=Match(level=("ERROR",)), rate=1.0, allow_rate=True)
    case = UseCase(name="bot", strata=(errors,))
    chosen = [selection.decide(make_root(f"id-{n}", level="ERROR"), case, 0.1, "assay") for n in range(1000)]
    assert all(c is not None and c.pi == 1.0 and c.stratum == "errors" for c in chosen)
    base = sum(c is not None and c.sample == "base" for c in chosen)
    assert 60 < base < 140


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, True),
        ({"environment": ["prod*"]}, True),
        ({"environment": ["staging", "production"]}, True),
        ({"environment": ["staging"]}, False),
        ({"environment": ["production"], "trace_name": ["other-*"]}, False),
        ({"tags_any": ["leg*", "x"]}, True),
        ({"tags_any": ["medical"]}, False),
        ({"release": ["*"]}, True),
        ({"release": ["v2"]}, False),
        ({"metadata": {"tier": "gold"}}, True),
        ({"metadata": {"tier": "silver"}}, False),
    ],
)
def test_match_ands_keys_ors_values_and_globs(match: dict[str, Any], expected: bool) -> None:
    root = make_root(tags=("legal",), metadata={"tier": "gold"})
    assert selection.matches(root, Match.model_validate(match)) is expected


def test_first_use_case_in_file_order_wins_and_the_others_are_named() -> None:
    deployment = make_deployment(
        UseCase(name="a", match=Match(environment=("staging",))), UseCase(name="b"), UseCase(name="c")
    )
    assert [case.name for case in selection.matching_use_cases(make_root(), deployment)] == ["b", "c"]


@pytest.mark.parametrize("environment", ["assay", "langfuse-llm-as-a-judge", "sdk-experiment"])
def test_evaluators_own_traces_are_excluded(environment: str) -> None:
    assert selection.is_excluded(make_root(environment=environment), make_deployment())


def test_own_environment_is_excluded_even_if_the_list_is_emptied() -> None:
    assert selection.is_excluded(make_root(environment="assay"), make_deployment(exclude_environments=()))


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        # Nothing is known: whole, until the day's traces reach the bar.
        (Volume(in_window=1), (1.0, "volume_unknown")),
        (Volume(in_window=61), (1.0, "volume_unknown")),
        (Volume(in_window=999), (1.0, "volume_unknown")),
        (Volume(in_window=1000), (0.10, "configured")),
        (Volume(in_window=100_000), (0.10, "configured")),
        (Volume(in_window=1, in_day=998, taken_in_day=998), (1.0, "volume_unknown")),
        (Volume(in_window=1, in_day=999, taken_in_day=999), (0.10, "configured")),
        # Seen in part, a day had at least so many.
        (Volume(in_window=5, partial_days=(400,)), (1.0, "volume_unknown")),
        (Volume(in_window=5, partial_days=(4000,)), (0.10, "configured")),
        (Volume(in_window=5, partial_days=(100, 4000)), (0.10, "configured")),
        # Whole days are known. They go before days seen in part.
        (Volume(in_window=5, complete_days=(900, 1000)), (1.0, "low_traffic")),
        (Volume(in_window=5, complete_days=(900,), partial_days=(9000,)), (1.0, "low_traffic")),
        (Volume(in_window=500, complete_days=(450, 550)), (1.0, "low_traffic")),
        (Volume(in_window=5, complete_days=(1200,), was_whole=True), (1.0, "low_traffic")),
        (Volume(in_window=5, complete_days=(1200,)), (0.10, "configured")),
        (Volume(in_window=5, complete_days=(1600,), was_whole=True), (0.10, "configured")),
        (Volume(in_window=1499, complete_days=(900,), was_whole=True), (1.0, "low_traffic")),
        (Volume(in_window=1500, complete_days=(900,), was_whole=True), (0.10, "configured")),
        # Hysteresis is for what is known.
        (Volume(in_window=1200, was_whole=True), (0.10, "configured")),
    ],
)
def test_low_traffic_is_judged_whole_and_so_is_traffic_of_unknown_volume(
    volume: Volume, expected: tuple[float, str]
) -> None:
    rate = selection.resolve_rate(UseCase(name="bot"), DEFAULTS, volume)
    assert (rate.rate, rate.why) == expected


@pytest.mark.parametrize(
    ("rule", "volume", "rate"),
    [
        ({"most_per_window": 200}, Volume(in_window=300), 200 / 300),
        ({"most_per_window": 200}, Volume(in_window=200), 1.0),
        ({"most_per_day": 500}, Volume(in_window=600), 500 / 600),
        ({"most_per_day": 500}, Volume(in_window=300, in_day=400, taken_in_day=400), 100 / 300),
        ({"most_per_day": 500, "most_per_window": 50}, Volume(in_window=300, in_day=400, taken_in_day=400), 50 / 300),
        # What is left of the cap is less than the rate of the use case takes.
        ({"most_per_day": 500}, Volume(in_window=300, in_day=499, taken_in_day=499), 0.10),
        ({"most_per_day": 500}, Volume(in_window=300, in_day=600, taken_in_day=501), 0.10),
    ],
)
def test_caps_are_part_of_the_rate(rule: dict[str, int], volume: Volume, rate: float) -> None:
    defaults = Defaults.model_validate({"low_traffic": rule})
    resolved = selection.resolve_rate(UseCase(name="bot"), defaults, volume)
    assert resolved.rate == pytest.approx(rate, abs=1e-9)
    assert resolved.rate <= rate


VOLUMES = st.builds(
    lambda n, in_day, taken, days, was_whole: Volume(n, in_day, min(taken, float(in_day)), tuple(days), (), was_whole),
    st.integers(1, 10**7),
    st.integers(0, 10**7),
    st.floats(0, 10**6),
    st.lists(st.integers(0, 10**6), max_size=7),
    st.booleans(),
)
CAPS = st.none() | st.integers(1, 10**5)


@given(VOLUMES, st.integers(0, 10**5), CAPS, CAPS)
def test_no_rate_for_low_traffic_takes_more_than_its_caps(
    volume: Volume, bar: int, per_window: int | None, per_day: int | None
) -> None:
    rule = LowTraffic(below_per_day=bar, most_per_window=per_window, most_per_day=per_day)
    rate = selection.resolve_rate(UseCase(name="bot"), Defaults(low_traffic=rule, min_per_day=0), volume)
    assert 0.0 < rate.rate <= 1.0
    if rate.is_for_low_traffic:
        highest = 1.5 * bar
        taken = rate.rate * volume.in_window
        assert taken <= min(per_window or highest, highest) + 1e-6
        assert taken + volume.taken_in_day <= (per_day or highest) + 1e-6
        assert volume.day < highest
    else:
        assert (rate.rate, rate.why) == (0.10, "configured")


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (Volume(in_window=61), (50 / 61, "min_per_day")),
        (Volume(in_window=20), (1.0, "min_per_day")),
        (Volume(in_window=61, in_day=61, taken_in_day=50.0), (0.10, "configured")),
        (Volume(in_window=5, complete_days=(100,)), (0.5, "min_per_day")),
        (Volume(in_window=5, complete_days=(5000,)), (0.10, "configured")),
        (Volume(in_window=5000, complete_days=(100,)), (0.10, "configured")),
    ],
)
def test_a_day_has_its_least_number_where_low_traffic_is_off(volume: Volume, expected: tuple[float, str]) -> None:
    defaults = Defaults(low_traffic=LowTraffic(below_per_day=0))
    rate = selection.resolve_rate(UseCase(name="bot"), defaults, volume)
    assert rate.why == expected[1]
    assert rate.rate == pytest.approx(expected[0], abs=1e-9)


def test_high_stakes_use_cases_take_the_higher_default() -> None:
    case = UseCase(name="bot", stakes="high")
    rate = selection.resolve_rate(case, DEFAULTS, Volume(in_window=5, complete_days=(50_000,)))
    assert rate.rate == 0.25


def test_use_case_with_a_rate_above_the_capped_one_keeps_its_own() -> None:
    case = UseCase(name="bot", rate=0.9, allow_rate=True)
    defaults = Defaults(low_traffic=LowTraffic(most_per_window=100))
    assert selection.resolve_rate(case, defaults, Volume(in_window=900)).rate == 0.9
