"""Variables of a dashboard as classic JSON."""

from __future__ import annotations

from typing import Any

from assay.worker.alerts.dashboards.classic_panels import SOURCE
from assay.worker.alerts.dashboards.panel import Address, Choice, Lookup, Variable

ON_TIME_RANGE, ON_LOAD = 2, 1
"""When Grafana looks up a variable's values."""

_BY_NAME = 1
"""Values sorted by the alphabet."""


def datasource_json() -> dict[str, Any]:
    """Which Prometheus. No dashboard names one."""
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": ON_LOAD,
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "regex": "",
    }


def variable_json(variable: Variable) -> dict[str, Any]:
    """One of the others."""
    head = {"name": variable.name, "label": variable.label, "hide": 0}
    if isinstance(variable, Choice):
        return head | _choice(variable)
    if isinstance(variable, Lookup):
        return head | _lookup(variable)
    return head | _address(variable)


def _choice(choice: Choice) -> dict[str, Any]:
    options = [{"text": text, "value": value, "selected": at == 0} for at, (text, value) in enumerate(choice.options)]
    return {
        "type": "custom",
        "query": ",".join(_option(text, value) for text, value in choice.options),
        "options": options,
        "current": options[0],
        "includeAll": False,
        "multi": False,
    }


def _option(text: str, value: str) -> str:
    """As Grafana reads it again, e.g. `payments : bot|search`, with commas marked."""
    return value if text == value else f"{_marked(text.replace(' : ', ': '))} : {_marked(value)}"


def _marked(text: str) -> str:
    return text.replace(",", "\\,")


def _lookup(lookup: Lookup) -> dict[str, Any]:
    return {
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": lookup.expression, "refId": f"variable-{lookup.name}"},
        "refresh": ON_TIME_RANGE,
        "sort": _BY_NAME,
        "includeAll": False,
        "multi": False,
        "regex": "",
    }


def _address(address: Address) -> dict[str, Any]:
    chosen = {"text": address.url, "value": address.url, "selected": True}
    return {"type": "textbox", "query": address.url, "current": chosen, "options": [chosen]}
