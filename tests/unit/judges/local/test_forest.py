from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.local.forest import LEAVES, Forest
from benchmarks.boosted_trees import forest_of
from tests.examples import examples

STORED = json.loads((Path(__file__).parent / "lightgbm_trees.json").read_text())
"""Trees that LightGBM grew and dumped, rows, and the log-odds it gave for them."""

VALUES = st.integers(-3, 3).map(float)


def trees(leaves: int) -> st.SearchStrategy[dict[str, Any]]:
    """A tree of at most so many leaves, as LightGBM dumps it."""
    leaf = st.fixed_dictionaries({"leaf_value": st.integers(-50, 50).map(lambda n: n / 10)})
    if leaves == 1:
        return leaf
    grown = st.integers(1, leaves - 1).flatmap(
        lambda left: st.fixed_dictionaries(
            {
                "split_feature": st.integers(0, 2),
                "threshold": VALUES,
                "left_child": trees(left),
                "right_child": trees(leaves - left),
            }
        )
    )
    return st.one_of(leaf, grown)


def walked(node: dict[str, Any], row: list[float]) -> float:
    while "leaf_value" not in node:
        node = node["left_child" if row[node["split_feature"]] <= node["threshold"] else "right_child"]
    return float(node["leaf_value"])


def test_forest_says_what_lightgbm_said_of_the_same_trees() -> None:
    forest = forest_of(STORED["model"])
    assert forest.log_odds(STORED["rows"]) == pytest.approx(STORED["log_odds"], abs=1e-6)


@settings(max_examples=examples(100))
@given(st.lists(trees(LEAVES), min_size=1, max_size=4), st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1))
def test_forest_ends_at_the_leaves_a_walk_ends_at(grown: list[dict[str, Any]], rows: list[list[float]]) -> None:
    forest = forest_of({"tree_info": [{"tree_structure": tree} for tree in grown]})
    expected = [sum(walked(tree, row) for tree in grown) for row in rows]
    assert forest.log_odds(rows) == pytest.approx(expected, abs=1e-9)


def test_forest_reads_as_it_was_written() -> None:
    forest = forest_of(STORED["model"])
    again = Forest.model_validate_json(forest.model_dump_json())
    assert np.array_equal(again.log_odds(STORED["rows"]), forest.log_odds(STORED["rows"]))
