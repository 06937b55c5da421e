"""A rule's sentences and links as templates that Prometheus fills, and what it makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from assay.worker.alerts.rule import AlertRule
from assay.worker.config.alerting import Alerting

Unit = Literal["ratio", "seconds", "usd", "number"]
"""What a value is counted in."""

RUNBOOK = "docs/runbook.md"
"""Where the runbook lies in a checkout: what alerts name where no address of it is configured."""

WITH_TRACES = "assay-quality"
"""The dashboard of rules whose traces can be listed by how bad they are."""

_PLACE = re.compile(r"\{([a-z_]+)\}")
"""A place to be filled, e.g. `{use_case}` or `{value}`."""

_LABEL_VALUE = "value_label"
"""The place of the label that is itself called `value`."""

_FACTORS = frozenset({"assay_prompt_tokens_jump_ratio"})
"""Ratios that are told as factors: `4.1 times`, not `410 %`."""

_TEMPLATES: Mapping[Unit, str] = {
    "ratio": "{{ $value | humanizePercentage }}",
    "seconds": "{{ $value | humanizeDuration }}",
    "usd": '{{ $value | printf "%.2f" }} USD',
    "number": '{{ $value | printf "%.4g" }}',
}

_PERIODS: Mapping[str, str] = {"15m": "1h", "1h": "6h", "3d": "3d", "7d": "7d"}
"""How far back to look for a rule's window. Others: a day."""

_SMALLER = "munp"
"""Of parts of a second, e.g. `625ms`, `125us`."""

_UNITS_OF_DURATION = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def unit_of(rule: AlertRule) -> Unit:
    """What the value of a rule, that of its first condition, is counted in."""
    if not rule.all_of:
        return "number"
    first = rule.all_of[0]
    name = re.sub(r"_(lower|upper)_bound$", "", first.metric)
    if first.is_age or name.endswith("_seconds"):
        return "seconds"
    if name.endswith("_usd"):
        return "usd"
    return "ratio" if name.endswith("_ratio") and name not in _FACTORS else "number"


def templated_annotations(rule: AlertRule, unit: Unit, alerting: Alerting) -> dict[str, str]:
    """Sentences and links, with what Prometheus fills: `{{ $labels.use_case }}`, `{{ $value | … }}`."""
    labels = {name: "{{ $labels." + name + " }}" for name in rule.by}
    return _annotations(rule, labels, _TEMPLATES[unit], alerting, written=as_it_stands)


def as_it_stands(text: str) -> str:
    """Text of a person in a template, whose braces mean themselves: `{{` opens what Prometheus fills."""
    return text.replace("{{", '{{"{{"}}')


def filled_annotations(rule: AlertRule, labels: Mapping[str, str], value: str, alerting: Alerting) -> dict[str, str]:
    """The same as they come out, for the test of a rule.

    Args:
        rule: the rule.
        labels: of its series.
        value: as `value_text` has it.
        alerting: has the addresses.
    """
    return _annotations(rule, {name: labels[name] for name in rule.by}, value, alerting, written=str)


def value_text(value: float, unit: Unit) -> str:
    """A value as Prometheus writes it: `23.5%`, `1h 5m 0s`, `12.30 USD`."""
    if unit == "ratio":
        return f"{value * 100:.4g}%"
    if unit == "usd":
        return f"{value:.2f} USD"
    return _duration(int(value), value) if unit == "seconds" else f"{value:.4g}"


def _annotations(
    rule: AlertRule, labels: Mapping[str, str], value: str, alerting: Alerting, *, written: Callable[[str], str]
) -> dict[str, str]:
    runbook = written(alerting.runbook_url or RUNBOOK)
    return {
        "summary": _fill(rule.summary, labels, value),
        "description": _fill(rule.description, labels, value),
        "runbook_url": f"{runbook}#{rule.runbook}",
        **_other_links(rule, labels, written(alerting.dashboards_url or "")),
    }


def _other_links(rule: AlertRule, labels: Mapping[str, str], dashboards: str) -> dict[str, str]:
    links = {}
    if dashboards:
        case = f"?var-use_case={labels['use_case']}" if "use_case" in labels else ""
        links["dashboard_url"] = f"{dashboards.rstrip('/')}/d/{rule.dashboard}{case}"
    if "use_case" in labels and rule.dashboard == WITH_TRACES:
        window = rule.all_of[0].where.get("window", "") if rule.all_of else ""
        period = _PERIODS.get(window, "24h")
        links["worst_traces"] = f"assay flagged --use-case {labels['use_case']} --since {period}"
    return links


def _duration(seconds: int, value: float) -> str:
    if seconds == 0 and value:
        prefixes = iter(_SMALLER)
        prefix = ""
        while value < 1 and (smaller := next(prefixes, "")):
            prefix, value = smaller, value * 1000
        return f"{value:.4g}{prefix}s"
    if seconds < _UNITS_OF_DURATION[2][0]:
        return f"{value:.4g}s"
    parts: list[str] = []
    for length, letter in _UNITS_OF_DURATION:
        number, seconds = divmod(seconds, length)
        if number or parts:
            parts.append(f"{number}{letter}")
    return " ".join(parts)


def _fill(text: str, labels: Mapping[str, str], value: str) -> str:
    def place(match: re.Match[str]) -> str:
        name = match.group(1)
        return value if name == "value" else labels["value" if name == _LABEL_VALUE else name]

    return _PLACE.sub(place, text)
