"""Every store is documented, and what the one table says of it is what its factory says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assay.worker.config.settings import names_of
from assay.worker.ports.capabilities import WithRequestBudget, WithSessionScores, WithTraceImport
from assay.worker.ports.datasets import WithDatasets
from assay.worker.ports.experiments import WithExperiments
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.stores.registry import sink_factories

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
CONNECT = ROOT / "docs" / "how-to" / "connect-a-store.md"
EXAMPLE = ROOT / ".env.example"

COLUMNS: dict[str, Any] = {
    "takes traces in": WithTraceImport,
    "review queues": WithReviewQueues,
    "datasets": WithDatasets,
    "experiments": WithExperiments,
    "links": WithTraceLinks,
    "session scores": WithSessionScores,
    "request budget": WithRequestBudget,
}
"""The columns of the table that are capabilities."""

every_kind = pytest.mark.parametrize("kind", sink_factories())


@cache
def table() -> dict[str, dict[str, str]]:
    """The rows by kind, each by the names of the columns."""
    lines = (REFERENCE / "stores.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    titles = rows[0]
    of_kinds = [dict(zip(titles, row, strict=True)) for row in rows if row[0].startswith("[")]
    return {row["kind"].partition("]")[0].strip("["): row for row in of_kinds}


def page_of(kind: str) -> Path:
    """The page that the table leads to."""
    return REFERENCE / table()[kind]["kind"].partition("(")[2].strip(")")


def yes(is_so: object) -> str:
    return "yes" if is_so else "no"


def test_the_table_has_a_row_for_each_store_and_for_nothing_else() -> None:
    assert set(table()) == set(sink_factories())


@every_kind
def test_the_table_says_what_the_factory_says(kind: str) -> None:
    factory, row = sink_factories()[kind], table()[kind]
    expected = {column: yes(capability in factory.capabilities) for column, capability in COLUMNS.items()}
    expected |= {
        "reads traces": yes(factory.gives_traces),
        "writes scores": "yes",
        "shows them again": yes(factory.reads_back),
        "stability": stability(kind),
    }
    assert {column: row[column] for column in expected} == expected
    assert row["each score once"] in {"yes", "adds"}
    assert row["met for real"]


def stability(kind: str) -> str:
    """What the folder's README says."""
    readme = (ROOT / "worker" / "stores" / kind / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^\| stability \| (alpha|beta|stable) \|", readme, re.MULTILINE)
    assert found, "the README has no line `| stability | ... |`"
    return found[1]


@every_kind
def test_every_store_has_a_page_that_says_how_stable_it_is_and_how_to_connect(kind: str) -> None:
    text = page_of(kind).read_text(encoding="utf-8")
    assert re.search(rf"kind: {kind}\b|`{kind}`", text)
    told = re.search(r"stability[:| ]+\**(alpha|beta|stable)\b", text, re.IGNORECASE)
    assert told, "the page has no `Stability: ...`"
    assert told[1] == stability(kind)


@every_kind
def test_every_variable_of_a_store_is_documented(kind: str) -> None:
    known = "".join(page.read_text(encoding="utf-8") for page in (CONNECT, EXAMPLE, page_of(kind)))
    fields = sink_factories()[kind].variables.model_fields.values()
    names = {name for field in fields for name in names_of(field.validation_alias)}
    assert {name for name in names if not re.search(rf"\b{name}\b", known)} == set()


@every_kind
def test_connecting_is_told_in_one_place(kind: str) -> None:
    factory = sink_factories()[kind]
    text = CONNECT.read_text(encoding="utf-8")
    assert page_of(kind).name in text
    assert factory.is_embedded or re.search(rf"kind: {kind}\b", text)


@every_kind
def test_a_store_that_needs_keys_can_be_chosen_by_them(kind: str) -> None:
    factory = sink_factories()[kind]
    aliases = {name for field in factory.variables.model_fields.values() for name in names_of(field.validation_alias)}
    assert set(factory.keys) <= aliases
    firsts = [names_of(field.validation_alias)[0] for field in factory.variables.model_fields.values()]
    every = {name: "https://x.example" for name in firsts if not name.endswith("_PORT")}
    assert factory.is_embedded or factory.is_chosen(factory.variables.model_validate(every))
    assert factory.is_embedded or not factory.is_chosen(factory.variables.model_validate({}))
