"""Grows boosted trees with LightGBM, monotone where asked, and writes them as the local judge reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from assay.judges.local.forest import ALL_LEAVES, LEAVES, SPLITS, Forest
from benchmarks.logistic_fit import Table, rounded

THRESHOLD_DIGITS = 9
"""Significant digits of a threshold: values that lie on both sides of it differ by more."""

UNUSED = 1e300
"""Threshold of a split that a tree does not have: every value is below it, and it rules nothing out."""


class Growth(NamedTuple):
    """How trees are grown. Few leaves and a strong penalty, because labelled rows are few."""

    trees: int
    leaves: int
    rate: float


SENTENCE_TREES = Growth(250, 8, 0.04)
RESPONSE_TREES = Growth(150, 6, 0.05)


class _Split(NamedTuple):
    feature: int
    threshold: float
    kept: int


def grow(table: Table, growth: Growth) -> Forest:
    """Grow trees that keep to the signs of the table, the same each time."""
    import lightgbm  # only who fits the judge needs it

    parameters = {
        "objective": "binary",
        "num_leaves": growth.leaves,
        "learning_rate": growth.rate,
        "min_data_in_leaf": 30,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "feature_fraction": 0.5,
        "lambda_l2": 5,
        "monotone_constraints": table.signs.astype(int).tolist(),
        "seed": 7,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    rows = lightgbm.Dataset(table.rows, table.labels, weight=table.weights)
    return forest_of(lightgbm.train(parameters, rows, growth.trees).dump_model())


def forest_of(model: dict[str, Any]) -> Forest:
    """The trees of a model that LightGBM dumped."""
    splits: list[_Split] = []
    leaves: list[float] = []
    for tree in model["tree_info"]:
        own_splits, own_leaves = _flattened(tree["tree_structure"])
        splits += own_splits + [_Split(0, UNUSED, ALL_LEAVES)] * (SPLITS - len(own_splits))
        leaves += own_leaves + [0.0] * (LEAVES - len(own_leaves))
    return Forest(
        features=tuple(split.feature for split in splits),
        thresholds=tuple(float(f"{split.threshold:.{THRESHOLD_DIGITS}g}") for split in splits),
        kept=tuple(split.kept for split in splits),
        leaves=tuple(map(rounded, leaves)),
    )


def _flattened(root: dict[str, Any]) -> tuple[list[_Split], list[float]]:
    """The splits of one tree, and the values of its leaves from left to right."""
    leaves: list[float] = []

    def walk(node: dict[str, Any]) -> Iterator[_Split]:
        if "leaf_value" in node:
            leaves.append(node["leaf_value"])
            return
        first = len(leaves)
        below = list(walk(node["left_child"]))
        on_the_left = (1 << len(leaves)) - (1 << first)
        yield _Split(node["split_feature"], node["threshold"], ALL_LEAVES & ~on_the_left)
        yield from below
        yield from walk(node["right_child"])

    return list(walk(root)), leaves
