"""Items that move together: their sums carry the test, and an interval is no narrower than they allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.clusters import cluster_sizes, cluster_sums, design_effect, mean_cluster_size
from assay.worker.statistics.noninferiority import drop_interval, tango
from assay.worker.statistics.paired import drop_p_value, mcnemar_exact
from assay.worker.statistics.permutation import sign_flip_counts
from assay.worker.statistics.power import minimum_detectable_cluster_drop, minimum_detectable_drop, noninferiority_power
from assay.worker.statistics.repeats import measured_flips, share_together

CONVERSATIONS = (9, 9, 8, 8, 8, 8, 8, 7, 6, 5, 4, 4, 4)
"""The shape of the packaged set: 88 turns of 13 conversations."""

DROPS = st.lists(st.integers(-1, 1), min_size=1, max_size=40)


def named(sizes: tuple[int, ...]) -> list[int]:
    """The cluster of each item."""
    return [cluster for cluster, size in enumerate(sizes) for _ in range(size)]


@given(DROPS)
def test_items_that_stand_alone_give_mcnemar_exactly(drops: list[int]) -> None:
    sums = cluster_sums(drops, range(len(drops)))
    assert sums == drops
    assert drop_p_value(sums) == mcnemar_exact(drops.count(1), drops.count(-1))
    # Exactly, and not by another path that agrees to twelve digits.
    assert drop_p_value(drops) == pytest.approx(sign_flip_counts(drops), abs=1e-12)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 6)), min_size=1, max_size=40), st.randoms())
def test_sums_do_not_depend_on_the_order_of_items(rows: list[tuple[int, int]], order: object) -> None:
    shuffled = sorted(rows, key=lambda _: order.random())  # type: ignore[attr-defined]  # random.Random
    first, second = (cluster_sums(*zip(*pairs, strict=True)) for pairs in (rows, shuffled))
    assert sorted(first) == sorted(second)
    assert sum(first) == sum(drop for drop, _ in rows)
    assert drop_p_value(first) == pytest.approx(drop_p_value(second), abs=1e-12)


def test_three_clusters_can_never_reach_five_per_cent_and_five_can() -> None:
    for clusters, least in ((3, 1 / 8), (4, 1 / 16), (5, 1 / 32)):
        everything = cluster_sums([1] * 60, [n % clusters for n in range(60)])
        assert drop_p_value(everything) == pytest.approx(least)


def test_clusters_that_flip_as_one_are_blocked_too_often_by_mcnemar_and_not_by_their_sums() -> None:
    generator, blocked, alone, releases = np.random.default_rng(3), 0, 0, 3000
    clusters = np.asarray(named((10,) * 20))
    for _ in range(releases):
        before, after = (generator.random(20) < 0.05 for _ in range(2))
        drops = (after.astype(int) - before)[clusters].tolist()
        blocked += drop_p_value(cluster_sums(drops, clusters.tolist())) <= 0.05
        alone += drop_p_value(drops) <= 0.05
    assert blocked / releases <= 0.05
    assert alone / releases > 0.10


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 30))
def test_the_interval_of_items_that_stand_alone_is_tangos(b: int, c: int, same: int) -> None:
    drops = [1.0] * b + [-1.0] * c + [0.0] * (same + 1)
    assert drop_interval(drops, range(len(drops))) == tango(b, c, len(drops))


@given(st.lists(st.tuples(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), st.integers(0, 9)), min_size=2, max_size=60))
def test_the_design_effect_lies_between_one_and_the_size_of_a_cluster(rows: list[tuple[float, int]]) -> None:
    changes, clusters = zip(*rows, strict=True)
    size = mean_cluster_size(cluster_sizes(clusters))
    assert 1 <= design_effect(changes, clusters) <= size + 1e-9


def test_where_nothing_changed_a_cluster_counts_as_one_item() -> None:
    clusters = named((4,) * 50)
    assert design_effect([0.0] * 200, clusters) == pytest.approx(4)
    assert drop_interval([0.0] * 200, clusters).high == pytest.approx(tango(0, 0, 50).high)
    scattered = [1.0 if n % 20 == 0 else 0.0 for n in range(200)]
    assert design_effect(scattered, clusters) < 2


@pytest.mark.parametrize("as_one", [False, True])
def test_the_upper_end_of_the_interval_holds_in_clusters(as_one: bool) -> None:  # a case
    generator, clusters, drop = np.random.default_rng(5), np.asarray(named((4,) * 50)), 0.1
    missed = 0
    for _ in range(600):
        draws = generator.random(50)[clusters] if as_one else generator.random(200)
        changes = np.where(draws < 0.02 + drop, 1.0, np.where(draws > 0.98, -1.0, 0.0))
        missed += drop_interval(changes.tolist(), clusters.tolist()).high < drop
    assert missed / 600 <= 0.07


# --- how often items flip -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("flip", [0.02, 0.05])
def test_flips_are_measured_without_bias(flip: float) -> None:
    generator = np.random.default_rng(9)
    usual = (1 - (1 - 4 * flip) ** 0.5) / 2
    rates = []
    for _ in range(200):
        trials = generator.random((100, 5)) >= usual
        flips = measured_flips(trials.tolist(), range(100))
        assert flips is not None
        rates.append(flips.rate)
        assert flips.together == 0
    assert np.mean(rates) == pytest.approx(flip, abs=0.003)


def test_what_moves_together_is_measured() -> None:
    generator, clusters = np.random.default_rng(11), np.asarray(named((4,) * 50))
    shares = []
    for _ in range(100):
        whole = (generator.random((5, 50)) < 0.05)[:, clusters]
        shares.append(share_together((~whole).T.tolist(), clusters.tolist()))
    assert np.mean(shares) > 0.9
    alone = [share_together((generator.random((200, 5)) >= 0.05).tolist(), clusters.tolist()) for _ in range(100)]
    assert np.mean(alone) < 0.15


def test_one_run_and_runs_that_agree_measure_no_flips() -> None:
    assert measured_flips([[True], [False]], "ab") is None
    same = measured_flips([[True] * 5, [False] * 5], "ab")
    assert same is not None
    assert (same.rate, same.together) == (0, 0)


# --- what a gate can see ------------------------------------------------------------------------------------------


def caught(sizes: tuple[int, ...], usual: float, drop: float, generator: np.random.Generator) -> bool:
    """Whether a release with this drop is rejected, when answers flip with `usual`, each by itself."""
    clusters, n = named(sizes), sum(sizes)
    before = generator.random(n) >= usual
    dropped = generator.random(n) < drop / (1 - 2 * usual)
    after = dropped ^ (generator.random(n) >= usual)
    lost = (before.astype(int) - after).tolist()
    return drop_p_value(cluster_sums(lost, clusters)) <= 0.05


@pytest.mark.parametrize("sizes", [CONVERSATIONS, (4,) * 50, (1,) * 100], ids=["88 in 13", "200 in 50", "100 alone"])
@pytest.mark.parametrize("flip", [0.02, 0.05])
def test_a_drop_of_the_size_that_is_printed_is_caught_with_the_power_that_is_promised(
    sizes: tuple[int, ...], flip: float
) -> None:
    generator, clusters = np.random.default_rng(17), named(sizes)
    usual = (1 - (1 - 4 * flip) ** 0.5) / 2
    hits, releases = 0, 0
    for _ in range(8):
        trials = generator.random((len(clusters), 5)) >= usual
        flips = measured_flips(trials.tolist(), clusters)
        assert flips is not None
        drop = minimum_detectable_drop(
            len(clusters), flip_rate=round(flips.rate, 3), sizes=sizes, together=round(flips.together, 1)
        )
        assert drop is not None
        hits += sum(caught(sizes, usual, drop, generator) for _ in range(150))
        releases += 150
    assert hits / releases == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize("sizes", [CONVERSATIONS, (10,) * 20, (90, *(1,) * 10)], ids=["88 in 13", "200 in 20", "giant"])
def test_a_drop_of_whole_clusters_is_caught_with_the_power_that_is_promised(sizes: tuple[int, ...]) -> None:
    generator, n, clusters = np.random.default_rng(23), sum(sizes), np.asarray(named(sizes))
    drop = minimum_detectable_cluster_drop(sizes, flip_rate=0.02)
    spread = minimum_detectable_drop(n, flip_rate=0.02, sizes=sizes)
    assert drop is not None
    assert spread is not None
    assert drop > spread
    usual, hits = (1 - (1 - 4 * 0.02) ** 0.5) / 2, {drop: 0, spread: 0}
    for size in hits:
        for _ in range(400):
            order = generator.permutation(len(sizes))
            before = np.cumsum([0, *(sizes[cluster] for cluster in order)])[:-1]
            gone = np.isin(clusters, order[before < size / (1 - 2 * usual) * n])
            fails = [(generator.random(n) < usual) ^ side for side in (np.zeros(n, dtype=bool), gone)]
            sums = cluster_sums((fails[1].astype(int) - fails[0]).tolist(), clusters.tolist())
            hits[size] += drop_p_value(sums) <= 0.05
    assert hits[drop] / 400 >= 0.75
    assert hits[spread] / 400 < 0.7


@pytest.mark.parametrize("sizes", [(), (15,) * 4, (50, 1, 1)])
def test_of_too_few_clusters_no_drop_of_whole_ones_is_promised(sizes: tuple[int, ...]) -> None:
    assert minimum_detectable_cluster_drop(sizes, flip_rate=0.02) is None


def test_the_assumed_two_per_cent_would_promise_too_much_at_five() -> None:
    """Why the rate is measured."""
    generator, usual = np.random.default_rng(19), (1 - 0.8**0.5) / 2
    drop = minimum_detectable_drop(100, flip_rate=0.02)
    assert drop is not None
    assert np.mean([caught((1,) * 100, usual, drop, generator) for _ in range(800)]) < 0.72


def test_clusters_see_less_and_clusters_that_move_together_see_least() -> None:
    alone = minimum_detectable_drop(88, flip_rate=0.05)
    apart = minimum_detectable_drop(88, flip_rate=0.05, sizes=CONVERSATIONS)
    together = minimum_detectable_drop(88, flip_rate=0.05, sizes=CONVERSATIONS, together=0.5)
    assert alone is not None
    assert apart is not None
    assert together is not None
    assert alone < apart + 0.002 < together
    assert minimum_detectable_drop(88, flip_rate=0.05, sizes=(1,) * 88) == alone
    assert minimum_detectable_drop(60, flip_rate=0.02, sizes=(20, 20, 20)) is None
    assert minimum_detectable_drop(60, flip_rate=0.25, sizes=(2,) * 30) is None


def test_an_unchanged_release_is_shown_no_worse_less_often_by_clusters() -> None:
    alone = noninferiority_power(200, 0.05, flip_rate=0.02)
    assert noninferiority_power(200, 0.05, flip_rate=0.02, sizes=(1,) * 200) == alone
    assert noninferiority_power(200, 0.05, flip_rate=0.02, sizes=(4,) * 50) < alone
    assert noninferiority_power(200, 0.05, flip_rate=0.25, sizes=(4,) * 50) < 0.5
