"""A use case takes traces of its own store alone."""

from __future__ import annotations

import pytest

from assay.worker.config.deployment import Deployment
from assay.worker.flow.selection import first_match, matching_use_cases
from tests.builders import make_root

DEPLOYMENT = Deployment.model_validate(
    {
        "stores": [{"name": "chat", "kind": "sqlite"}, {"name": "rag", "kind": "sqlite", "path": "rag.db"}],
        "use_cases": [{"name": "bot"}, {"name": "docs", "store": "rag"}, {"name": "named", "store": "chat"}],
    }
)


@pytest.mark.parametrize(("store", "names"), [("", ["bot", "named"]), ("rag", ["docs"]), ("gone", [])])
def test_use_cases_of_a_traces_store_match(store: str, names: list[str]) -> None:
    root = make_root(store=store)
    assert [case.name for case in matching_use_cases(root, DEPLOYMENT)] == names
    first = first_match(root, DEPLOYMENT)
    assert (first.name if first else None) == (names[0] if names else None)


def test_store_of_a_trace_says_nothing_where_there_is_one_store() -> None:
    alone = Deployment.model_validate({"use_cases": [{"name": "bot"}]})
    assert [case.name for case in matching_use_cases(make_root(store="x"), alone)] == ["bot"]
