"""Every query of the dashboards, asked of a real Prometheus that scrapes a fleet."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from assay.worker.alerts.dashboards.common import Given
from assay.worker.alerts.dashboards.files import FOLDER, dashboards, grafana_files
from assay.worker.config.deployment import Deployment
from tests.e2e.monitoring import Monitoring
from tests.scraping import asked

_VARIABLE = re.compile(r"\$\{?([a-z_]+)(?::raw)?\}?")
"""A variable of Grafana in a query: `$use_case`, `${owner:raw}`, `$__rate_interval`."""


class Asked(NamedTuple):
    """One query.

    Attributes:
        place: dashboard and panel, or what else asks it.
        expression: with values in place of variables.
        may_be_empty: whether it has no series most of the time.
    """

    place: str
    expression: str
    may_be_empty: bool


def queries_of(deployment: Deployment, values: Mapping[str, str]) -> Iterator[Asked]:
    """All queries of panels and marks, read from the files as Grafana reads them."""
    rare = {
        query.expression
        for dashboard in dashboards(Given(deployment))
        for row in dashboard.rows
        for panel in row.panels
        for query in panel.queries
        if query.is_rare
    }
    for name, text in grafana_files(deployment).items():
        if not name.startswith(FOLDER):
            continue
        board = json.loads(text)
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"]
                place = f"{board['uid']}: {panel['title']}: {target['legendFormat']}"
                yield Asked(place, with_values(expression, values), expression in rare)
        for mark in board["annotations"]["list"]:
            if "expr" in mark:
                yield Asked(f"{board['uid']}: {mark['name']}", with_values(mark["expr"], values), True)


def lookups_of(deployment: Deployment, values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What variables look up: the dashboard and variable, the series, and the label."""
    for name, text in grafana_files(deployment).items():
        board = json.loads(text) if name.startswith(FOLDER) else {"templating": {"list": []}}
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                series, label = variable["query"]["query"].removeprefix("label_values(")[:-1].rsplit(", ", 1)
                yield f"{board['uid']}: {variable['name']}", with_values(series, values), label


def with_values(expression: str, values: Mapping[str, str]) -> str:
    """A query as Grafana sends it."""
    return _VARIABLE.sub(lambda found: values[found[1]], expression)


def hold_dashboards(monitoring: Monitoring, deployment: Deployment, values: Mapping[str, str]) -> str:
    """Ask all. Fails where Prometheus refuses one, or where one that should have series has none.

    Args:
        monitoring: the Prometheus that knows the fleet.
        deployment: whose dashboards.
        values: of Grafana's variables.
    """
    begun, wrong = time.perf_counter(), []
    queries = list(queries_of(deployment, values))
    for query in queries:
        reply = asked(f"{monitoring.prometheus}/api/v1/query?query={quote(query.expression)}")
        if reply.status != 200:
            wrong.append(f"{query.place}: {reply.text}: {query.expression}")
        elif not reply.data["data"]["result"] and not query.may_be_empty:
            wrong.append(f"{query.place}: no series: {query.expression}")
    for place, series, label in lookups_of(deployment, values):
        found: Any = asked(f"{monitoring.prometheus}/api/v1/label/{label}/values?match[]={quote(series)}").data
        if values.get(place.split(": ")[1]) not in found["data"]:
            wrong.append(f"{place}: {found} of {series}")
    assert not wrong, "\n".join(wrong)
    never = sum(query.may_be_empty for query in queries)
    took = time.perf_counter() - begun
    return f"dashboards: {len(queries)} queries answered by Prometheus in {took:.1f} s, {never} of them may be empty"
