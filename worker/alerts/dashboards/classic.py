"""A dashboard as Grafana's classic JSON, which every version since 8 takes in. The newest one reads it, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from assay.worker.alerts.dashboards.classic_panels import SOURCE, panel_json
from assay.worker.alerts.dashboards.classic_variables import datasource_json, variable_json
from assay.worker.alerts.dashboards.panel import Dashboard, Mark, Panel, Row

SCHEMA_VERSION = 39
"""Of the classic model as Grafana 10 and 11 write it. Later ones bring it up to date when they read it."""

COLUMNS = 24
"""Of Grafana's grid."""


def dashboard_text(dashboard: Dashboard) -> str:
    """The file of a dashboard."""
    return json.dumps(dashboard_json(dashboard), indent=1, ensure_ascii=False) + "\n"


def dashboard_json(dashboard: Dashboard) -> dict[str, Any]:
    """The classic model. It has no number: Grafana gives one, and the uid is what stays."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["assay"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": dashboard.since, "to": "now"},
        "timezone": "",
        "links": [_other_dashboards()],
        "annotations": {"list": [_builtin(), *(_annotation(mark) for mark in dashboard.marks)]},
        "templating": {"list": [datasource_json(), *(variable_json(each) for each in dashboard.variables)]},
        "panels": list(_panels(dashboard.rows)),
    }


def link_json(title: str, url: str, *, tooltip: str = "") -> dict[str, Any]:
    """A link of a panel or a dashboard, with all its keys."""
    return {
        "type": "link",
        "title": title,
        "tooltip": tooltip,
        "url": url,
        "icon": "external link",
        "tags": [],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "targetBlank": True,
    }


def _other_dashboards() -> dict[str, Any]:
    link = link_json("Assay", "", tooltip="The other dashboards of Assay")
    return {**link, "type": "dashboards", "icon": "dashboard", "tags": ["assay"], "targetBlank": False} | {
        "includeVars": True,
        "keepTime": True,
    }


def _builtin() -> dict[str, Any]:
    """People's own annotations, as Grafana has them on every dashboard."""
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }


def _annotation(mark: Mark) -> dict[str, Any]:
    """A query's series as marks. Older versions read `expr`, newer ones `target`; both are the data source's own."""
    return {
        "datasource": SOURCE,
        "enable": True,
        "iconColor": mark.color,
        "name": mark.name,
        "expr": mark.expression,
        "titleFormat": mark.title,
        "step": "60s",
        "target": {"refId": "Anno", "expr": mark.expression, "interval": "60s"},
    }


def _panels(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """Headings and panels, placed from left to right and from top to bottom."""
    numbers, y = count(1), 0
    for row in rows:
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
        yield {
            "id": next(numbers),
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": place,
        }
        y += 1
        for line in _lines(row.panels):
            x = 0
            for panel in line:
                place = {"h": panel.height, "w": panel.width, "x": x, "y": y}
                yield {"id": next(numbers), "gridPos": place, **panel_json(panel, link_json)}
                x += panel.width
            y += max(panel.height for panel in line)


def _lines(panels: tuple[Panel, ...]) -> Iterator[list[Panel]]:
    """Panels side by side, as many as fit."""
    line: list[Panel] = []
    for panel in panels:
        if sum(each.width for each in line) + panel.width > COLUMNS:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line
