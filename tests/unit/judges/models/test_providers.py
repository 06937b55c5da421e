"""Every provider as a scripted server: what two samples come to, and how many requests they take."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from assay.judges.errors import EvaluationError
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.request_form import KNOWN_FORMS
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric, parse_rubric
from tests.builders import make_sample
from tests.chat_models import open_model
from tests.servers.providers.clouds import CLOUDS
from tests.servers.providers.gateways import GATEWAYS
from tests.servers.providers.own_servers import OWN_SERVERS
from tests.servers.providers.provider import Provider, ProviderServer

PROVIDERS = (*CLOUDS, *OWN_SERVERS, *GATEWAYS)
PRICES = PriceTable.load()
DEFAULT_MAX_TOKENS = 2048
TABLE = Path(__file__).parents[4] / "docs/reference/endpoints.md"
ROW = re.compile(r"^\| ([^|]+) \| (works|setting needed|cannot) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
"""A row of the table, e.g. `| OpenAI | works | | 1, then 1 | platform.openai.com |`."""


def rubric_with(max_tokens: int) -> Rubric:
    return parse_rubric(
        f"{{name: grounding, judge: {{tiers: [llm], llm: {{model: m, max_tokens: {max_tokens}}}}}}}", source="test"
    )


def judged_twice(server: ProviderServer, provider: Provider, *, settings: dict[str, Any], max_tokens: int) -> list[Any]:
    """What each of two samples comes to, and the requests it takes."""
    KNOWN_FORMS.clear()  # a port may come twice

    async def run() -> list[Any]:
        url = server.origin + provider.path.partition("?")[0].removesuffix("/chat/completions")
        model = open_model(url=url, key="k", **settings)
        judge = LlmJudge(model, PRICES)
        came: list[Any] = []
        for _ in range(2):
            before = len(server.requests)
            try:
                verdict = await judge.assess(make_sample(), rubric_with(max_tokens))
                came.append(("scored" if verdict.claims else "empty", len(server.requests) - before))
            except EvaluationError as exc:
                came.append((type(exc).__name__, len(server.requests) - before))
        await judge.close()
        return came

    return asyncio.run(run())


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_provider_comes_to_what_the_table_says(provider: Provider) -> None:
    with ProviderServer(provider) as server:
        came = judged_twice(server, provider, settings=provider.settings, max_tokens=provider.max_tokens)
    outcome = provider.without[0][0] if provider.works == "cannot" else "scored"
    assert came == [(outcome, provider.calls[0]), (outcome, provider.calls[1])]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_provider_that_can_work_takes_one_call_from_the_second_sample_on(provider: Provider) -> None:
    assert provider.works == "cannot" or provider.calls[1] == 1


@pytest.mark.parametrize(
    "provider", [each for each in PROVIDERS if each.works == "setting needed"], ids=lambda provider: provider.name
)
def test_setting_is_needed(provider: Provider) -> None:
    """Without it samples fail, or take more requests."""
    with ProviderServer(provider) as server:
        came = judged_twice(server, provider, settings={}, max_tokens=DEFAULT_MAX_TOKENS)
    assert tuple(came) == provider.without
    assert came != [("scored", provider.calls[0]), ("scored", provider.calls[1])]


def row_of(provider: Provider) -> tuple[str, ...]:
    """The row of a provider in the table."""
    needed = [f"`{name}: {json.dumps(value)}`" for name, value in provider.settings.items()]
    needed += [f"rubric: `max_tokens: {provider.max_tokens}`"] if provider.max_tokens != DEFAULT_MAX_TOKENS else []
    calls = "–" if provider.works == "cannot" else f"{provider.calls[0]}, then {provider.calls[1]}"
    return provider.name, provider.works, ", ".join(needed) or "–", calls, provider.source


def test_table_in_the_docs_is_what_the_servers_show() -> None:
    rows = ROW.findall(TABLE.read_text(encoding="utf-8"))
    assert sorted(rows) == sorted(row_of(provider) for provider in PROVIDERS)
