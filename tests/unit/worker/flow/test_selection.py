"""Selection: the hash's vectors, nesting, strata, rates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.hash_sampling import hash64, is_below
from assay.worker.config.use_cases import Defaults, Match, Stratum, UseCase
from assay.worker.flow import selection
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
    ("volumes", "pace", "was_full", "expected"),
    [
        ([], 100_000.0, False, (0.10, "configured")),
        ([], 100.0, False, (0.5, "min_per_day")),
        ([], 10.0, False, (1.0, "min_per_day")),
        ([], 0.0, False, (0.10, "configured")),
        ([900, 1000], 0.0, False, (1.0, "low_traffic")),
        ([1200], 0.0, True, (1.0, "low_traffic")),
        ([1200], 0.0, False, (0.10, "configured")),
        ([1600], 0.0, True, (0.10, "configured")),
    ],
)
def test_rate_follows_traffic(volumes: list[int], pace: float, was_full: bool, expected: tuple[float, str]) -> None:
    rate = selection.resolve_rate(
        UseCase(name="bot"), DEFAULTS, daily_volumes=volumes, pace_per_day=pace, was_full=was_full
    )
    assert (rate.rate, rate.why) == expected


def test_high_stakes_use_cases_take_the_higher_default() -> None:
    case = UseCase(name="bot", stakes="high")
    rate = selection.resolve_rate(case, DEFAULTS, daily_volumes=[50_000], pace_per_day=0, was_full=False)
    assert rate.rate == 0.25
