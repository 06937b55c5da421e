"""Observations that belong together (turns of one conversation, questions on one document): they move together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Number = TypeVar("Number", int, float)


def cluster_sums(values: Sequence[Number], clusters: Sequence[Hashable]) -> list[Number]:
    """The sum of each cluster's values, in the order in which the clusters first appear.

    A test of sums over clusters needs nothing of the values inside one: they may move together in any way.

    Raises:
        ValueError: lengths differ.
    """
    sums: dict[Hashable, Number] = {}
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] = sums[cluster] + value if cluster in sums else value
    return list(sums.values())


def mean_cluster_size(sizes: Sequence[int]) -> float:
    """The size of the cluster that an item lies in on average, Σ m²/Σ m: 1 where every item stands alone."""
    return sum(size * size for size in sizes) / sum(sizes) if sizes else 1.0


def cluster_sizes(clusters: Sequence[Hashable]) -> list[int]:
    """How many observations each cluster has, in the order in which the clusters first appear."""
    return cluster_sums([1] * len(clusters), clusters)


def design_effect(changes: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """How many changed items are worth one independent change, at least 1: Σ S²/Σ d², with one pseudo-cluster.

    S is a cluster's sum of changes, d an item's change. Under no true change that is the variance of the sum over its
    variance with independent items (Kish 1965). A handful of changes tell little, so the sums begin with one cluster
    of average size that changed as one. Where nothing changed, items are thus taken to move with their whole cluster.

    Args:
        changes: of each item, in [−1, 1].
        clusters: of each item.
    """
    size = mean_cluster_size(cluster_sizes(clusters))
    together = sum(change * change for change in cluster_sums(list(changes), clusters))
    alone = sum(change * change for change in changes)
    return min(size, max(1.0, (together + size * size) / (alone + size)))
