"""The price table: exact sums, and unknown is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.prices import Price, PriceTable
from assay.judges.schema import Usage

TABLE = PriceTable(checked="2026-11", models={"m": Price(input=2.0, cached_input=0.5, output=8.0)})
USAGE = Usage(calls=1, prompt_tokens=1_000_000, cached_tokens=400_000, completion_tokens=500_000)


def test_cost_counts_cached_tokens_once() -> None:
    assert TABLE.cost("m", USAGE) == pytest.approx(0.6 * 2.0 + 0.4 * 0.5 + 0.5 * 8.0)


def test_cost_is_unknown_for_an_unknown_model() -> None:
    assert TABLE.cost("other", USAGE) is None
    assert TABLE.cost("", USAGE) is None
    assert TABLE.cost("m-large", USAGE) is None


def test_cost_is_unknown_when_the_endpoint_reported_no_tokens() -> None:
    assert TABLE.cost("m", Usage(calls=1)) is None


def test_cost_is_zero_without_a_call() -> None:
    assert TABLE.cost("other", Usage()) == 0.0


def test_cost_takes_no_more_cached_tokens_than_there_were() -> None:
    usage = Usage(calls=1, prompt_tokens=10, cached_tokens=1000)
    assert TABLE.cost("m", usage) == pytest.approx(10 * 0.5 / 1e6)


@pytest.mark.parametrize("name", ["m", "m-2024-08-06", "m-20240806"])
def test_price_is_found_by_the_name_without_its_date(name: str) -> None:
    assert TABLE.price(name) == TABLE.models["m"]


def test_price_of_a_listed_snapshot_is_its_own() -> None:
    table = PriceTable.load()
    old, new = table.price("gpt-4o-2024-05-13"), table.price("gpt-4o-2024-08-06")
    assert old is not None
    assert old != new
    assert new == table.price("gpt-4o")


def test_shipped_table_is_dated_and_consistent() -> None:
    table = PriceTable.load()
    assert table.checked
    # Decision models write no text: their output costs nothing.
    assert all(0 < p.cached_input <= p.input and (p.input < p.output or p.output == 0) for p in table.models.values())
    assert all(p.cache_write is None or p.cache_write > p.input for p in table.models.values())


def test_content_hash_changes_with_a_price() -> None:
    other = PriceTable(checked="2026-11", models={"m": Price(input=2.0, cached_input=0.5, output=8.1)})
    assert other.content_hash() != TABLE.content_hash()
    assert PriceTable.parse(TABLE.model_dump_json(), source="x").content_hash() == TABLE.content_hash()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "prices.yaml"),
        ("- a", "prices.yaml"),
        ("a: [", "not YAML"),
        ("{checked: 2026-11, modells: {}}", "modells"),
        ("{checked: 2026-11, models: {m: {input: 1, cached_input: 1}}}", "models.m.output"),
        ("{checked: 2026-11, models: {m: {input: .nan, cached_input: 1, output: 1}}}", "models.m.input"),
        ("{checked: 2026-11, models: {m: {input: nan, cached_input: 1, output: 1}}}", "models.m.input"),
        ("{checked: 2026-11, models: {m: {input: -1, cached_input: 1, output: 1}}}", "models.m.input"),
        ("{checked: lately}", "is no month and no day; write e.g. 2026-11"),
        ("{checked: 2026-13}", "is no month and no day"),
        ("{checked: '2026-W11-1'}", "is no month and no day"),
        ("{checked: 2026-11, models: {m: {input: 1.0e300, cached_input: 1, output: 1}}}", "models.m.input"),
        ("{checked: 2026-11, own: [m]}", "own"),
        ("{models: {}}", "checked"),
    ],
)
def test_broken_table_names_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"prices\.yaml") as caught:
        PriceTable.load(path)
    assert named in str(caught.value)


def test_unreadable_table_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        PriceTable.load(tmp_path / "absent.yaml")


def test_own_table_replaces_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("{checked: 2026-11-05, models: {house: {input: 0, cached_input: 0, output: 0}}}", encoding="utf-8")
    table = PriceTable.load(path)
    assert table.cost("house", USAGE) == 0.0
    assert table.cost("gpt-4o", USAGE) is None
