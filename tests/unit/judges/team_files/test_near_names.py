"""Which name was meant."""

from __future__ import annotations

import pytest

from assay.judges.team_files.near_names import did_you_mean, nearest

KEYS = ["environment", "trace_name", "release", "rate", "rubrics", "use_cases", "match"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("env", "environment"),
        ("rubric", "rubrics"),
        ("useCases", "use_cases"),
        ("use-cases", "use_cases"),
        ("RATE", "rate"),
        ("trace_names", "trace_name"),
        ("rat", "rate"),
        ("zebra", None),
        ("x", None),
        ("", None),
    ],
)
def test_a_name_is_taken_for_the_nearest_one_or_for_none(name: str, meant: str | None) -> None:
    assert nearest(name, KEYS) == meant


def test_a_long_list_is_cut_and_counted() -> None:
    assert did_you_mean("q", [f"name{n:02}" for n in range(20)]).endswith("name13 and 6 more")
    assert did_you_mean("q", []) == "known: none"
