"""Panels as classic JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from string import ascii_uppercase
from typing import Any

from assay.worker.alerts.dashboards.panel import LOWER, UPPER, Column, Panel, Query, Step

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The data source that a person chose above the panels."""

TRACES = ("Traces in the store", "${trace_store:raw}")
RUNBOOK = "${runbook:raw}"

_BAND_OPACITY = 18
"""Percent."""

_NO_STEPS = (Step(None, "green"),)

MakeLink = Callable[[str, str], dict[str, Any]]


def panel_json(panel: Panel, link: MakeLink) -> dict[str, Any]:
    """One panel, without its number and its place."""
    shown = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "links": list(_links(panel, link)),
        "targets": [
            _target(panel, query, letter) for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": list(_overrides(panel))},
        "options": _OPTIONS[panel.kind](panel),
    }
    return shown | ({"transformations": _side_by_side(panel)} if panel.kind == "table" else {})


def _links(panel: Panel, link: MakeLink) -> Iterator[dict[str, Any]]:
    if panel.links_traces:
        yield link(*TRACES)
    if panel.runbook:
        yield link("Runbook", f"{RUNBOOK}#{panel.runbook}")


def _target(panel: Panel, query: Query, letter: str) -> dict[str, Any]:
    is_table = panel.kind == "table"
    is_now = panel.kind != "timeseries"
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "editorMode": "code",
        "format": "table" if is_table else "time_series",
        "instant": is_now,
        "range": not is_now,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": _thresholds(panel.steps or _NO_STEPS),
        "links": [_data_link(*TRACES)] if panel.links_traces else [],
        "mappings": [_words(panel)] if panel.words else [],
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "custom": _CUSTOM[panel.kind](panel),
    }
    ends = {"min": panel.least, "max": panel.most}
    return defaults | {key: value for key, value in ends.items() if value is not None}


def _thresholds(steps: tuple[Step, ...]) -> dict[str, Any]:
    return {"mode": "absolute", "steps": [{"color": step.color, "value": step.value} for step in steps]}


def _words(panel: Panel) -> dict[str, Any]:
    return {
        "type": "value",
        "options": {
            f"{value:g}": {"text": text, "color": color, "index": at}
            for at, (value, text, color) in enumerate(panel.words)
        },
    }


def _data_link(title: str, url: str, *, elsewhere: bool = True) -> dict[str, Any]:
    return {"title": title, "url": url, "targetBlank": elsewhere}


def _graph_field(panel: Panel) -> dict[str, Any]:
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 2,
        "fillOpacity": 25 if panel.stacked else 0,
        "showPoints": "auto",
        "pointSize": 4,
        "spanNulls": False,
        "axisBorderShow": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
    }


def _table_field(_: Panel) -> dict[str, Any]:
    return {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}


_CUSTOM: dict[str, Callable[[Panel], dict[str, Any]]] = {
    "timeseries": _graph_field,
    "table": _table_field,
    "stat": lambda _: {},
}


def _overrides(panel: Panel) -> Iterator[dict[str, Any]]:
    """How single series differ: bounds as a band, what is aimed at as a dashed line; columns of a table."""
    roles = {query.role for query in panel.queries}
    if "upper" in roles:
        hidden = {"legend": True, "tooltip": False, "viz": False}
        edge = {"custom.lineWidth": 0, "custom.hideFrom": hidden, "custom.showPoints": "never"}
        shade = {"color": {"mode": "fixed", "fixedColor": "blue"}}
        band = {"custom.fillBelowTo": LOWER, "custom.fillOpacity": _BAND_OPACITY}
        yield _override(UPPER, {**edge, **shade, **band})
        yield _override(LOWER, {**edge, **shade})
        value = next(query.legend for query in panel.queries if query.role == "value")
        yield _override(value, shade)
    for query in panel.queries:
        if query.role == "limit":
            dashes = {"custom.lineStyle": {"fill": "dash", "dash": [8, 8]}, "custom.lineWidth": 1}
            yield _override(query.legend, {**dashes, "color": {"mode": "fixed", "fixedColor": "red"}})
    yield from (_override(column.name, _of_column(column)) for column in panel.columns)


def _of_column(column: Column) -> dict[str, Any]:
    properties: dict[str, Any] = {"unit": column.unit} if column.unit else {}
    if column.steps:
        properties |= {"thresholds": _thresholds(column.steps), "custom.cellOptions": {"type": "color-text"}}
    if column.url:
        properties["links"] = [_data_link("Show", column.url, elsewhere=False)]
    return properties


def _override(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _side_by_side(panel: Panel) -> list[dict[str, Any]]:
    """The queries' values as columns of one table, with their legends as headings."""
    many = len(panel.queries) > 1
    values = {
        f"Value #{letter}" if many else "Value": query.legend
        for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
    }
    hidden = {"Time": True, "__name__": True}
    order = {name: at for at, name in enumerate(panel.order)}
    organized = {"id": "organize", "options": {"excludeByName": hidden, "renameByName": values, "indexByName": order}}
    return [*([{"id": "merge", "options": {}}] if many else []), organized]


def _graph_options(_: Panel) -> dict[str, Any]:
    legend = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _stat_options(panel: Panel) -> dict[str, Any]:
    return {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": "auto" if len(panel.queries) == 1 else "value_and_name",
        "wideLayout": True,
    }


def _table_options(_: Panel) -> dict[str, Any]:
    return {"showHeader": True, "cellHeight": "sm", "frameIndex": 0, "sortBy": []}


_OPTIONS: dict[str, Callable[[Panel], dict[str, Any]]] = {
    "timeseries": _graph_options,
    "stat": _stat_options,
    "table": _table_options,
}
