"""A team's own prices over the packaged ones, wherever prices count."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.prices import PriceTable
from assay.judges.rubric import parse_rubric
from assay.judges.schema import Usage
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.price_file import packaged_prices
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.limits.call_rules import CallRules
from assay.worker.wiring.first_costs import FIRST_USAGE, first_cost_usd
from assay.worker.wiring.judges import check_deployment

OWN = """\
checked: 2026-10-01
models:
  our-model: {input: 1.0, cached_input: 0.5, output: 2.0}
  gpt-5.4-mini: {input: 100.0, cached_input: 100.0, output: 100.0}
"""
USE_CASES = "use_cases: [{name: all, match: {}, rubrics: [r], budget_usd_per_day: 5}]\n"


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text(USE_CASES + "prices: own-prices.yaml\n")
    (tmp_path / "own-prices.yaml").write_text(OWN)
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "r.yaml").write_text("name: r\njudge: {tiers: [llm], llm: {model: our-model}}\n")
    return ConfigRoot(path=tmp_path, is_named=True)


def prices(root: ConfigRoot) -> PriceTable:
    return read_judge_files(root, load_settings()).prices


def test_own_prices_stand_over_the_packaged_ones(root: ConfigRoot) -> None:
    table = prices(root)
    usage = Usage(calls=1, prompt_tokens=1_000_000)
    assert table.cost("our-model", usage) == 1.0
    assert table.cost("gpt-5.4-mini", usage) == 100.0
    assert table.price("gpt-6-luna") == packaged_prices().price("gpt-6-luna") is not None
    assert table.checked <= packaged_prices().checked
    assert table.content_hash() != packaged_prices().content_hash()


@pytest.mark.parametrize(
    ("entry", "served", "asked"),
    [
        ("openai/gpt-5.4-mini", "openai/gpt-5.4-mini-2026-01-01", "openai/gpt-5.4-mini"),
        ("openai/gpt-5.4-mini", "gpt-5.4-mini-2026-01-01", "openai/gpt-5.4-mini"),
        ("openai/gpt-5.4-mini", "openai/gpt-5.4-mini-2026-01-01", "other"),
        ("gpt-5.4-mini", "openai/gpt-5.4-mini-2026-01-01", "openai/gpt-5.4-mini"),
        ("My-Model", "my-model", "my-model"),
        ("My-Deployment", "gpt-5.4-mini", "my-deployment"),
        ("groq/Llama-4", "groq/llama-4", "groq/llama-4"),
    ],
)
def test_own_price_stands_before_a_packaged_one_under_every_name(
    root: ConfigRoot, entry: str, served: str, asked: str
) -> None:
    table = f"checked: 2026-10\nmodels: {{{entry}: {{input: 100, cached_input: 100, output: 100}}}}\n"
    (root.path / "own-prices.yaml").write_text(table)
    bill = prices(root).bill([(served, asked, Usage(calls=1, prompt_tokens=1_000_000))])
    assert bill.cost_usd == 100.0
    assert bill.basis == "own prices as of 2026-10"


def test_packaged_price_stands_where_an_own_one_means_another_model(root: ConfigRoot) -> None:
    entry = "my-router/gpt-5.4-mini"
    (root.path / "own-prices.yaml").write_text(
        f"checked: 2026-10\nmodels: {{{entry}: {{input: 100, cached_input: 100, output: 100}}}}\n"
    )
    usage = Usage(calls=1, prompt_tokens=1_000_000)
    bill = prices(root).bill([("gpt-5.4-mini", "gpt-5.4-mini", usage)])
    assert bill.cost_usd == packaged_prices().cost("gpt-5.4-mini", usage)
    assert bill.basis == "list prices as of 2026-10"
    mixed = prices(root).bill([("gpt-5.4-mini", "gpt-5.4-mini", usage), (entry, entry, usage)])
    assert mixed.basis == "own and list prices as of 2026-10"


def test_own_prices_count_for_budgets_and_first_costs(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    check_deployment(root, load_settings())  # a budget needs a price of our-model, which is in the team's file alone
    assert CallRules.of(root.deployment(), prices(root)).bound_usd("default", "our-model", 10**6, 0) == 1.0
    rubric = parse_rubric("name: r\njudge: {tiers: [llm], llm: {model: our-model}}\n", source="r.yaml")
    assert first_cost_usd(rubric, prices(root)) == prices(root).cost("our-model", FIRST_USAGE)
    (root.path / "assay.yaml").write_text(USE_CASES)
    with pytest.raises(ConfigurationError, match="our-model has no price"):
        check_deployment(root, load_settings())


def test_file_may_be_named_by_the_environment(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.path / "assay.yaml").write_text(USE_CASES)
    assert prices(root).price("our-model") is None
    monkeypatch.setenv("ASSAY_PRICES_FILE", str(root.path / "own-prices.yaml"))
    assert prices(root).price("our-model") is not None
    (root.path / "assay.yaml").write_text(USE_CASES + "prices: own-prices.yaml\n")
    assert prices(root).price("our-model") is not None, "the same file twice is no contradiction"
    (root.path / "assay.yaml").write_text(USE_CASES + "prices: other.yaml\n")
    with pytest.raises(ConfigurationError, match=r"other\.yaml and ASSAY_PRICES_FILE .*leave one out"):
        prices(root)


@pytest.mark.parametrize(("text", "told"), [("models: {m: 3}", "own-prices.yaml"), ("checked: [", "own-prices.yaml")])
def test_file_that_is_no_table_is_named(root: ConfigRoot, text: str, told: str) -> None:
    (root.path / "own-prices.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        prices(root)
