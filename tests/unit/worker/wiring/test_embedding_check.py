"""An embedding model that cannot be used is refused before a start, as judges are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import Deployment
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.wiring.embedding import check_embedding
from assay.worker.wiring.judges import check_deployment

ENDPOINTS = """\
in-house: {url: "http://gw/v1"}
claude: {url: "https://api.anthropic.com", protocol: anthropic}
"""


def check(home: Path, endpoint: str = "in-house", model: str = "mystery-embed", **yaml: Any) -> None:
    (home / "endpoints.yaml").write_text(ENDPOINTS)
    files = read_judge_files(ConfigRoot(path=home, is_named=True), Settings())
    use_cases = [{"name": "bot", **yaml.pop("use_case", {})}]
    drift = {"embeddings": {"endpoint": endpoint, "model": model}}
    deployment = Deployment.model_validate({"use_cases": use_cases, "drift": drift, **yaml})
    check_embedding(deployment, files, Settings(openai_base_url=""))


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("in-hose", r"drift\.embeddings\.endpoint: in-hose is unknown; did you mean 'in-house'\?"),
        ("elsewhere", r"drift\.embeddings\.endpoint: elsewhere is unknown"),
        ("claude", r"drift\.embeddings: endpoint claude speaks anthropic"),
    ],
)
def test_an_endpoint_that_cannot_embed_is_refused(tmp_path: Path, endpoint: str, words: str) -> None:
    check(tmp_path)
    with pytest.raises(ConfigurationError, match=words):
        check(tmp_path, endpoint)


BUDGET = {"limits": {"usd_per_day": 5}}
FREE = {"limits": {"usd_per_day": 5, "endpoints": {"in-house": {"free": True}}}}
OF_BOT = {"use_case": {"budget_usd_per_month": 5}}
FORBIDDEN = {"use_case": {"budget_usd_per_month": 5, "judges_allowed": ["local"]}}


@pytest.mark.parametrize(("yaml", "key"), [(BUDGET, "limits.usd"), (OF_BOT, "use_cases.bot.budget_usd")])
def test_a_budget_that_is_to_pay_for_a_model_without_a_price_is_refused(
    tmp_path: Path, yaml: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"{key}_per_day or _per_month: model mystery-embed has no price"):
        check(tmp_path, **yaml)


@pytest.mark.parametrize("yaml", [{}, FREE, FORBIDDEN])
def test_no_price_is_needed_where_no_budget_pays(tmp_path: Path, yaml: dict[str, Any]) -> None:
    check(tmp_path, **yaml)


def test_a_start_checks_it(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\ndrift: {embeddings: {endpoint: gone, model: m}}\n")
    settings = Settings(data_dir=tmp_path / ".assay")
    with pytest.raises(ConfigurationError, match=r"drift\.embeddings\.endpoint: gone is unknown"):
        check_deployment(ConfigRoot(path=tmp_path, is_named=True), settings)
