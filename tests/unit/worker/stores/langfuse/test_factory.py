"""What the folder tells of itself: the plan to begin with, and which keys are missing."""

from __future__ import annotations

import pytest

from assay.worker.stores.langfuse.factory import FACTORY, LangfuseVariables


@pytest.mark.parametrize(
    ("url", "plan"),
    [
        (None, "hobby"),
        ("https://us.cloud.langfuse.com", "hobby"),
        ("https://langfuse.example.org", "self-hosted"),
        ("https://notlangfuse.com", "self-hosted"),
    ],
)
def test_smallest_plan_is_taken_in_the_cloud(url: str | None, plan: str) -> None:
    assert FACTORY.first_section(LangfuseVariables(langfuse_base_url=url)).plan == plan
