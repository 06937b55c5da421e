"""`collector` in assay.yaml."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from assay.worker.config.collecting import Collecting
from assay.worker.config.deployment import Deployment
from assay.worker.config.settings import Settings

CASES: dict[str, Any] = {"use_cases": [{"name": "bot"}]}


def test_without_the_section_there_is_no_collector() -> None:
    assert Deployment.model_validate(CASES).collector is None
    assert Deployment.model_validate({**CASES, "collector": {}}).collector == Collecting()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (None, r"collector: \{\}"),
        ({"keep_days": None}, "valid integer"),
        ({"keep_days": 0}, "greater than or equal to 1"),
        ({"keep_days": True}, "no number"),
        ({"body_mb": 1_000}, "less than or equal to 256"),
        ({"keep_day": 1}, "keep_day"),
    ],
)
def test_what_the_section_cannot_be_is_told(section: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Deployment.model_validate({**CASES, "collector": section})


def test_two_bodies_fit_into_what_is_held() -> None:
    assert Collecting().held_bytes == 2 * Collecting().body_bytes == 32_000_000
    assert Collecting(body_mb=100).held_bytes == 200_000_000


def test_a_token_from_a_file_and_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_COLLECTOR_TOKEN", "secret\n")
    token = Settings().collector_token
    assert token is not None
    assert token.get_secret_value() == "secret"
    for name in ("TOKEN", "PORT", "HOST"):
        monkeypatch.setenv(f"ASSAY_COLLECTOR_{name}", "")
    settings = Settings()
    assert (settings.collector_token, settings.collector_port, settings.collector_host) == (None, 4318, "127.0.0.1")
