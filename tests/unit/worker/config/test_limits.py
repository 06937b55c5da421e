"""The section `limits` of assay.yaml, and what is refused there."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import parse_deployment
from assay.worker.limits.call_rules import CallRules
from assay.worker.ports.call_limits import ALL, Budget, Scope

YAML = """\
limits:
  usd_per_day: 50
  endpoints:
    default:
      requests_per_minute: 500
      models: {small: {tokens_per_minute: 1000}}
use_cases:
  - {name: contracts, budget_usd_per_month: 20}
  - {name: rest}
"""


def test_calls_are_held_by_their_endpoint_and_model_and_paid_by_their_use_case_and_all(tmp_path: Path) -> None:
    path = tmp_path / "assay.yaml"
    path.write_text(YAML)
    rules = CallRules.of(parse_deployment(path))
    assert rules.scopes("default", "large") == (Scope("", requests=500),)
    assert rules.scopes("default", "small") == (Scope("", requests=500), Scope("small", tokens=1000))
    assert rules.scopes("in-house", "small") == ()
    assert rules.budgets_of("contracts") == (Budget(ALL, per_day=50), Budget("contracts", per_month=20))
    assert rules.budgets_of("rest") == rules.budgets_of("") == (Budget(ALL, per_day=50),)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("usd_per_day: 50", "usd_per_day: 0", "limits.usd_per_day"),
        ("usd_per_day: 50", "usd_per_day: 50\n  usd_per_month: 10", "raise it, or lower usd_per_day"),
        ("requests_per_minute: 500", "requests_per_minut: 500", "requests_per_minute"),
        ("requests_per_minute: 500", "concurrency: 0", "limits.endpoints.default.concurrency"),
        ("default:", "Default Endpoint:", "limits.endpoints"),
        ("budget_usd_per_month: 20", "budget_usd_per_month: -1", "budget_usd_per_month"),
        (
            "budget_usd_per_month: 20",
            "budget_usd_per_month: 2, budget_usd_per_day: 5",
            "raise it, or lower budget_usd_per_day",
        ),
    ],
)
def test_mistakes_name_file_key_and_remedy(tmp_path: Path, before: str, after: str, problem: str) -> None:
    path = tmp_path / "assay.yaml"
    path.write_text(YAML.replace(before, after))
    with pytest.raises(ConfigurationError) as caught:
        parse_deployment(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)
