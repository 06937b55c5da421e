"""Releases in which whole sources fail: too few clusters to be shown to be worse, and never a pass."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from assay.worker.golden.gate.detectable_effect import DetectableEffect
from assay.worker.golden.report.wording.effects import effect_of, effect_words
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.sets.golden_set import GoldenSet
from tests.unit.worker.golden.golden_sets import (
    BAD,
    IDS,
    OK,
    compared,
    exam_of,
    frozen_set,
    item,
    run_release,
)


def in_sources(
    tmp_path: Path, sizes: tuple[int, ...], bad: Collection[int], old: Collection[int] = (), **rest: Any
) -> GoldenSet:
    """Forty items in sources of these sizes, the rest alone; the release fails the items `bad`, the baseline `old`."""
    source = [f"conversation {n}" for n, size in enumerate(sizes) for _ in range(size)]
    items = [
        item(name, tags=["all"], **({"source_id": source[n]} if n < len(source) else {})) for n, name in enumerate(IDS)
    ]
    sides = {
        side: {name: BAD if n in wrong else OK for n, name in enumerate(IDS)}
        for side, wrong in (("old", old), ("new", bad))
    }
    return frozen_set(tmp_path / "set", items, releases=sides, **rest)


def gate(golden: GoldenSet, repeats: int = 1) -> GateResult:
    old, new = run_release(golden, "old", repeats=repeats), run_release(golden, "new", repeats=repeats)
    return compared(old, new, golden, exam_of(golden))


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_release_that_fails_all_items_of_the_one_large_source_is_no_pass(tmp_path: Path, repeats: int) -> None:
    result = gate(in_sources(tmp_path, (30,), set(range(30))), repeats)
    assert (result.verdict, result.exit_code) == (GateVerdict.INCONCLUSIVE, 3)
    assert "30 items got worse in 1 of 11 clusters (source_id: conversation 0), 75.0 points" in result.reasons[0]
    assert "1 cluster alone cannot be told from chance at alpha 0.05 (p is at least 0.5)" in result.reasons[0]
    assert "look at the answers that got worse" in result.next_steps[0]
    assert "must_pass" in result.next_steps[0]


def test_four_whole_conversations_of_thirteen_are_no_pass_and_are_named(tmp_path: Path) -> None:
    result = gate(in_sources(tmp_path, (3,) * 12 + (4,), set(range(12))))
    assert result.verdict is GateVerdict.INCONCLUSIVE
    assert "in 4 of 13 clusters (source_id: conversation 0, conversation 1," in result.reasons[0]
    assert "(p is at least 0.0625)" in result.reasons[0]
    assert "no regression shown" in result.reasons[1]


def test_a_drop_whose_interval_leaves_out_zero_is_no_pass_though_it_is_small(tmp_path: Path) -> None:
    """Four pairs of twenty, seven items: 17.5 points, item by item p = 0.008."""
    result = gate(in_sources(tmp_path, (2,) * 20, set(range(7))))
    interval = result.primary.drop_interval
    assert interval is not None
    assert interval.low > 0
    assert result.verdict is GateVerdict.INCONCLUSIVE


def test_changes_by_chance_beside_a_large_source_do_not_make_it_a_pass(tmp_path: Path) -> None:
    """Six clusters worse, so that their number alone could be shown, and three better."""
    result = gate(in_sources(tmp_path, (26,), set(range(31)), set(range(31, 34))))
    assert (result.clusters_worse, result.clusters_better) == (6, 3)
    assert result.verdict is GateVerdict.INCONCLUSIVE
    assert "beside what changed elsewhere" in result.reasons[0]


@pytest.mark.parametrize("primary", ["groundedness", "hallucination_risk"])
def test_a_score_that_decides_is_held_to_the_same(tmp_path: Path, primary: str) -> None:
    result = gate(in_sources(tmp_path, (30,), set(range(30)), gate={"primary": primary}))
    assert result.verdict is GateVerdict.INCONCLUSIVE
    assert "30 items got worse in 1 of 11 clusters" in result.reasons[0]


@pytest.mark.parametrize(
    ("sizes", "bad"),
    [
        ((4,) * 10, 4),  # one conversation: of unchanged releases many have one
        ((), 4),  # items that stand alone: the exact test itself decides
        ((30,), 0),
        ((8,) * 5, 7),  # 17.5 points in one of five clusters
    ],
)
def test_what_chance_does_often_is_a_pass_as_before(tmp_path: Path, sizes: tuple[int, ...], bad: int) -> None:
    assert gate(in_sources(tmp_path, sizes, set(range(bad)))).verdict is GateVerdict.PASS


def test_what_the_test_shows_is_a_regression_and_nothing_less(tmp_path: Path) -> None:
    assert gate(in_sources(tmp_path, (4,) * 10, set(range(20)))).verdict is GateVerdict.REGRESSED


def test_a_margin_that_is_shown_decides_by_itself(tmp_path: Path) -> None:
    golden = in_sources(tmp_path, (2,) * 20, set(range(7)), gate={"mode": "non_inferiority", "margin": 0.6})
    assert gate(golden).verdict is GateVerdict.PASS


def test_every_report_says_two_drops_where_items_share_sources(tmp_path: Path) -> None:
    shared = effect_words(effect_of(gate(in_sources(tmp_path / "a", (4,) * 10, set()))))
    assert "that are spread over the items are caught" in shared
    assert "those that take whole clusters from" in shared
    few = DetectableEffect(metric="pass_rate", drop=0.4, cluster_drop=None, sizes=(12,) * 5, repeats=1, alpha=0.05)
    assert "no drop of whole clusters can be promised to be" in effect_words(few)
    alone = effect_words(effect_of(gate(in_sources(tmp_path / "c", (), set()))))
    assert "cluster" not in alone
    assert "spread" not in alone


def test_a_source_with_signs_that_terminals_obey_is_named_without_them(tmp_path: Path) -> None:
    items = [item(name, source_id="a\x1b[31mb\n" + "x" * 200 if n < 30 else f"s{n}") for n, name in enumerate(IDS)]
    sides = {"old": dict.fromkeys(IDS, OK), "new": {name: BAD if n < 30 else OK for n, name in enumerate(IDS)}}
    result = gate(frozen_set(tmp_path / "set", items, releases=sides))
    assert "a\N{REPLACEMENT CHARACTER}[31mb" in result.reasons[0]
    assert result.reasons[0].isprintable()
    assert "x" * 61 not in result.reasons[0]
