"""A model is priced under each of its names, and under no other's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.price_names import price_names
from assay.judges.prices import Price, PriceTable

TABLE = PriceTable.load()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o", "gpt-4o"),
        ("azure/gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        ("openrouter/openai/gpt-4o-2024-11-20", "gpt-4o"),
        ("azure/gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("litellm_proxy/o3", "o3"),
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("anthropic/claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("openrouter/anthropic/claude-opus-4.5", "claude-opus-4-5"),
        ("bedrock/anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
        ("bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
        ("vertex_ai/claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini/gemini-2.5-pro-001", "gemini-2.5-pro"),
        ("openrouter/google/gemini-2.5-flash-lite", "gemini-2.5-flash-lite"),
        ("vertex_ai/publishers/google/gemini-3.5-flash", "gemini-3.5-flash"),
        ("ANTHROPIC/Claude-Haiku-4.5", "claude-haiku-4-5"),
        (
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1",
            "claude-opus-4-6",
        ),
        ("openai:gpt-5-mini", "gpt-5-mini"),
        ("bedrock:us-gov.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
        ("google-gla:gemini-2.5-flash", "gemini-2.5-flash"),
        ("amazon-bedrock/ca.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("ft:gpt-4o:org::id", "ft:gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:org:suffix:id", "ft:gpt-4o-mini"),
        ("openai/ft:gpt-4.1-2025-04-14:org::id", "ft:gpt-4.1"),
    ],
)
def test_a_model_is_found_under_each_of_its_names(name: str, model: str) -> None:
    assert TABLE.price(name) == TABLE.models[model]


@pytest.mark.parametrize(
    "name",
    [
        *("openai/gpt-4o:free", "claude-opus-4-5:thinking", "gpt-4o-audio-preview", "gpt-5-chat-latest", "o3-pro"),
        *("gemini-2.5-flash-image", "google/gemini-2.5-flash:free", "gemini-2.5-pro-preview-05-06"),
        *("accounts/fireworks/models/gpt-4o", "together_ai/gpt-4o", "gpt-4o-mini-search-preview"),
        *("gemini-2.5-flash-8b", "claude-sonnet-latest", "gpt-4-turbo", "gpt-4.1-long"),
        *("groq/gpt-4o", "my-gpt-4o", "gpt-4o-mine", "ft:gpt-3.5-turbo:org::id", "claude-haiku-5-5"),
        *("", " ", "openai/", "anthropic.", "us.anthropic.", "-2024-08-06"),
    ],
)  # fmt: skip
def test_a_name_that_may_mean_another_model_has_no_price(name: str) -> None:
    assert TABLE.price(name) is None


def test_a_tuned_model_is_never_priced_as_the_one_it_came_from() -> None:
    table = PriceTable(checked="2026-11", models={"gpt-4o": Price(input=1, cached_input=1, output=1)})
    assert table.price("ft:gpt-4o:org::id") is None


def test_a_tables_own_name_comes_first() -> None:
    own = Price(input=0, cached_input=0, output=0)
    table = TABLE.model_copy(update={"models": {**TABLE.models, "azure/gpt-4o": own, "House": own}})
    assert table.price("azure/gpt-4o") == own
    assert table.price("House") == own


@given(st.text("abgpto4-./:@2 ", max_size=30))
def test_every_name_is_itself_first_and_few(name: str) -> None:
    names = list(price_names(name))
    assert names[0] == name
    assert len(names) <= 5
