"""Recording rules: what we know of the application under the names its own dashboards may already use."""

from __future__ import annotations

from typing import Any

from assay.worker.records.metrics import quality, slo

_DAY = '{window="24h"}'
_BY = "max by (use_case) "

RECORDED = {
    "use_case:llm_request_duration_seconds:p95": _BY + f"({quality.DURATION_P95.name}{_DAY})",
    "use_case:llm_time_to_first_token_seconds:p95": _BY + f"({quality.FIRST_TOKEN_P95.name}{_DAY})",
    "use_case:llm_cost_usd:sum_24h": _BY + f"({quality.COST.name}{_DAY})",
    "use_case:llm_cost_usd:avg": _BY + f"({quality.REQUEST_COST.name}{_DAY})",
    "use_case_prompt:llm_tokens:avg": (
        f"max by (use_case, prompt_name, prompt_version) ({quality.REQUEST_TOKENS.name}{_DAY})"
    ),
    "use_case:llm_refusal:ratio": _BY + f"({quality.REFUSALS.name}{_DAY})",
    "use_case:llm_hallucination:ratio": _BY + f"({quality.FLAGGED.name}{_DAY})",
    "use_case:llm_faithfulness:median": f"min by (use_case) ({quality.FAITHFULNESS.name}{_DAY})",
    "use_case:llm_goodput:ratio": f"min by (use_case) ({slo.GOODPUT.name}{_DAY})",
}
"""Expressions by name: level, what the application calls it, and how it is aggregated. All are of 24 hours."""


def recording_rules() -> list[dict[str, Any]]:
    """The group of them."""
    rules = [{"record": name, "expr": expression} for name, expression in RECORDED.items()]
    return [{"name": "assay-recorded", "rules": rules}]
