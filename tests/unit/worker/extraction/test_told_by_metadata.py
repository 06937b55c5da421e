"""Feature and tier of the user, wherever an application writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import parse_deployment
from assay.worker.config.fact_names import FactNames
from assay.worker.extraction.told_by_metadata import MOST_CHARACTERS, told_by_metadata

USUAL = FactNames().feature
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("metadata", "paths", "name"),
    [
        ({"feature_id": "search"}, USUAL, "search"),
        ({"feature": "chat"}, USUAL, "chat"),
        ({"feature_id": "", "feature": "chat"}, USUAL, "chat"),
        ({"feature_id": {"x": 1}, "feature": ["a"]}, USUAL, None),
        ({"attributes": {"feature_id": "deep"}}, USUAL, "deep"),
        ({"app": {"feature": "x"}}, ("metadata.app.feature",), "x"),
        ({"app.feature": "x"}, ("metadata.app.feature",), "x"),
        ({"attributes": {"app": {"a.b": 7}}}, ("metadata.app.a.b",), "7"),
        ({"app": "text"}, ("metadata.app.feature",), None),
        ({"tier": True}, ("metadata.tier",), "true"),
        ({"tier": " two \n words "}, ("metadata.tier",), "two words"),
        ({"tier": "x" * 500}, ("metadata.tier",), "x" * MOST_CHARACTERS),
        ({}, USUAL, None),
    ],
)
def test_the_first_name_at_a_path_counts(metadata: dict[str, Any], paths: tuple[str, ...], name: str | None) -> None:
    assert told_by_metadata(metadata, paths) == name


@given(st.dictionaries(st.sampled_from(["app", "app.x", "attributes", "feature"]), values))
def test_no_metadata_breaks_it(metadata: dict[str, Any]) -> None:
    name = told_by_metadata(metadata, ("metadata.app.x.y", "metadata.feature"))
    assert name is None or 0 < len(name) <= MOST_CHARACTERS


def test_places_are_named_one_or_several(tmp_path: Any) -> None:
    path = tmp_path / "assay.yaml"
    path.write_text(
        "facts: {feature: metadata.app.name, user_tier: [metadata.plan, metadata.tier]}\nuse_cases: [{name: bot}]\n",
        encoding="utf-8",
    )
    facts = parse_deployment(path).facts
    assert (facts.feature, facts.user_tier) == (("metadata.app.name",), ("metadata.plan", "metadata.tier"))


@pytest.mark.parametrize("wrong", ["feature_id", "metadata", "metadata.", "metadata.a b", "[]", "{x: 1}", ""])
def test_what_is_no_place_is_told_with_its_key(tmp_path: Any, wrong: str) -> None:
    path = tmp_path / "assay.yaml"
    path.write_text(f"facts:\n  feature: {wrong}\nuse_cases: [{{name: bot}}]\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"assay\.yaml.*facts\.feature"):
        parse_deployment(path)
