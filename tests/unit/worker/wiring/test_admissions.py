"""Limits and budgets that assay.yaml asks for, held against the rubrics and endpoints that are there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.models.admission import CallBound
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.wiring.admissions import check_limits, command_admissions, models_of


def check(model: str = "gpt-6-luna", *, tiers: tuple[str, ...] = ("llm",), **yaml: Any) -> None:
    llm = {"llm": {"model": model, "endpoint": "in-house"}} if "llm" in tiers else {}
    chosen = Rubric.model_validate({"name": "r", "judge": {"tiers": tiers, **llm}})
    use_cases = [{"name": "bot", "rubrics": [chosen.name], **yaml.pop("use_case", {})}]
    deployment = Deployment.model_validate({"use_cases": use_cases, **yaml})
    check_limits(deployment, {chosen.name: chosen}, Settings(openai_base_url=""))


def test_limits_of_endpoints_that_are_there_pass() -> None:
    check(limits={"endpoints": {"default": {"concurrency": 1}, "in-house": {"requests_per_minute": 3}}})


def test_limits_of_an_endpoint_that_is_none_are_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"assay.yaml: limits.endpoints.in-hous: unknown; did you mean.*in-house"
    ):
        check(limits={"endpoints": {"in-hous": {"concurrency": 1}}})


@pytest.mark.parametrize(
    ("yaml", "key"),
    [
        ({"limits": {"usd_per_day": 5}}, r"limits.usd_per_day"),
        ({"use_case": {"budget_usd_per_month": 5}}, r"use_cases.bot.budget_usd_per_day"),
    ],
)
def test_budget_on_a_model_without_a_price_is_refused(yaml: dict[str, Any], key: str) -> None:
    check(**yaml)
    with pytest.raises(ConfigurationError, match=rf"assay.yaml: {key}.*mystery-1 has no price.*price file"):
        check("mystery-1", **yaml)


def test_budget_needs_no_price_where_calls_cost_nothing() -> None:
    check("mystery-1", limits={"usd_per_day": 5, "endpoints": {"in-house": {"free": True}}})


def test_judge_that_asks_no_model_needs_no_price() -> None:
    check(tiers=("local",), limits={"usd_per_day": 5})
    assert list(models_of(Rubric.model_validate({"name": "r", "judge": {"tiers": ["local"]}}))) == []


@pytest.mark.parametrize("model", ["gpt-*", "gpt-6-lnua"])
def test_limit_of_a_model_that_holds_nothing_by_a_slip_is_refused(model: str) -> None:
    with pytest.raises(ConfigurationError, match=r"limits.endpoints.in-house.models.gpt-.*(patterns|gpt-6-luna)"):
        check(limits={"endpoints": {"in-house": {"models": {model: {"concurrency": 1}}}}})


@pytest.mark.parametrize("model", ["mystery-9", "gpt-6-astra", "gpt-5.4-mini"])
def test_limit_of_a_model_that_nobody_asks_yet_passes(model: str) -> None:
    check(limits={"endpoints": {"in-house": {"models": {model: {"concurrency": 1}}}}})


def test_limits_of_an_endpoint_that_only_the_files_describe_pass(tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("spare: {url: 'http://gw/v1'}\n")
    files = read_judge_files(ConfigRoot(path=tmp_path, is_named=True), Settings())
    deployment = Deployment.model_validate(
        {"use_cases": [{"name": "bot"}], "limits": {"endpoints": {"spare": {"concurrency": 1}}}}
    )
    rubrics = {"grounding": Rubric.model_validate({"name": "grounding"})}
    check_limits(deployment, rubrics, Settings(), files)
    with pytest.raises(ConfigurationError, match=r"limits\.endpoints\.spare: unknown"):
        check_limits(deployment, rubrics, Settings())


def test_calls_at_once_are_those_of_the_endpoints_settings(tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("narrow: {url: 'http://gw/v1', concurrency: 1}\n")
    admissions = command_admissions(ConfigRoot(path=tmp_path, is_named=True), Settings())

    async def admitted_beside_another(endpoint: str) -> bool:
        admission = admissions.of(endpoint, "m")
        first = await admission.admit(CallBound(prompt_tokens=1, completion_tokens=1))
        second = asyncio.create_task(admission.admit(CallBound(prompt_tokens=1, completion_tokens=1)))
        for _ in range(50):
            await asyncio.sleep(0)
        is_admitted = second.done()
        await first.rejected()
        await (await second).rejected()
        return is_admitted

    async def run() -> list[bool]:
        try:
            return [await admitted_beside_another("narrow"), await admitted_beside_another("wide")]
        finally:
            await admissions.close()

    assert asyncio.run(run()) == [False, True]
