"""Panels of a dashboard as HTML and SVG, in the style of the report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from assay.worker.golden.report import html as gate_page

STYLE = Path(gate_page.__path__[0]) / "templates" / "page.css"
OWN_STYLE = """
.grid { display: grid; grid-template-columns: repeat(24, minmax(0, 1fr)); gap: .6rem; }
main.wide, .top.wide { max-width: 110rem; }
.grid h2 { grid-column: 1 / -1; margin: 1.2rem 0 0; overflow-wrap: anywhere; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.panel { padding: .55rem .7rem; min-width: 0; }
.panel h3 { font-size: .92rem; overflow-wrap: anywhere; }
.panel svg { width: 100%; height: auto; display: block; }
.panel .keys { font-size: .76rem; color: var(--soft); overflow-wrap: anywhere; }
.panel .keys b { font-weight: 600; }
.panel .big { font-size: 1.5rem; font-weight: 700; font-variant-numeric: tabular-nums; }
.panel .sub { font-size: .8rem; color: var(--soft); font-weight: 400; }
.panel table { border-collapse: collapse; font-size: .82rem; width: 100%; }
.panel td, .panel th { text-align: left; padding: .15rem .4rem; border-top: 1px solid var(--line); }
.panel table { font-variant-numeric: tabular-nums; }
.panel .scroll { overflow-x: auto; }
.axis { font-size: 11px; fill: var(--soft); }
.gridline { stroke: var(--line); stroke-width: 1; }
.none { color: var(--soft); font-size: .85rem; padding: 1rem 0; }
@media (max-width: 60rem) { .panel { grid-column: 1 / -1 !important; } }
"""
COLORS = ("#3274d9", "#e0852b", "#5aa64b", "#b877d9", "#d64d4d", "#1fa8a0", "#c4a000", "#8a8f98")
TONES = {"green": "#2d9d5b", "yellow": "#c4a000", "orange": "#e0852b", "red": "#d64d4d"}
COLUMN, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 70, 210, 56, 8, 8, 22
"""The width of a column of the grid, and the rest of a drawing, in its own units."""
_UNITS: Mapping[str, tuple[str, float, str]] = {
    "percentunit": ("", 100.0, " %"),
    "currencyUSD": ("$", 1.0, ""),
    "bytes": ("", 2.0**-20, " MiB"),
    "reqps": ("", 1.0, " /s"),
}
"""What stands before a number, what it is multiplied by, what stands behind it."""

_LABEL = re.compile(r"\{\{(\w+)\}\}")
"""A label in a legend: `{{use_case}}`."""


class Series(NamedTuple):
    """What Prometheus answered: the query's legend, labels, and (Unix time, value)."""

    legend: str
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def name(self) -> str:
        """As Grafana would call it."""
        return _LABEL.sub(lambda match: self.labels.get(match[1], ""), self.legend)

    @property
    def last(self) -> float:
        """The latest value."""
        return self.points[-1][1]


class Drawn(NamedTuple):
    """A panel as HTML."""

    title: str
    html: str
    is_empty: bool


class Scale(NamedTuple):
    """From time and value to a place in the drawing."""

    width: int
    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        """Across."""
        return round(LEFT + (at - self.start) / (self.end - self.start) * (self.width - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Down."""
        share = (value - self.low) / (self.high - self.low)
        return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def page(title: str, description: str, values: Mapping[str, str], panels: Sequence[Drawn]) -> str:
    """The document."""
    style = STYLE.read_text(encoding="utf-8") + OWN_STYLE
    chosen = " · ".join(f"{name}: {value}" for name, value in values.items() if value != ".*")
    body = "\n".join(panel.html for panel in panels)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
        f'<div class="top wide"><p class="brand">Assay</p><h1>{escape(title)}</h1>'
        f'<p class="subtitle">{escape(description)}</p><p class="meta">{escape(chosen)}</p></div>'
        f'<main class="wide"><div class="grid">{body}</div></main></html>\n'
    )


def drawn_panel(
    panel: Mapping[str, Any],
    series: Sequence[Series],
    ends: tuple[float, float],
    marks: Sequence[tuple[float, str]] = (),
) -> Drawn:
    """One panel or heading. Marks are moments with their words."""
    title = panel["title"]
    if panel["type"] == "row":
        return Drawn(title, f"<h2>{escape(title)}</h2>", is_empty=False)
    known = [each for each in series if each.points]
    inside = {"timeseries": _graph, "stat": _stat, "table": _table}[panel["type"]](panel, known, ends)
    inside = inside.replace("<!-- marks -->", "".join(_marks(panel, marks, ends)))
    width = panel["gridPos"]["w"]
    heading = f'<h3 title="{escape(panel["description"])}">{escape(title)}</h3>'
    html = f'<div class="panel" style="grid-column: span {width}">{heading}{inside}</div>'
    return Drawn(title, html, is_empty=not known)


def words_of(value: float, unit: str) -> str:
    """A value in its unit."""
    if unit == "s":
        size, name = next(((s, n) for s, n in ((86400, "d"), (3600, "h"), (60, "min")) if abs(value) >= s), (1, "s"))
        return f"{value / size:.3g} {name}"
    if unit == "bool_yes_no":
        return "yes" if value else "no"
    before, factor, after = _UNITS.get(unit, ("", 1.0, ""))
    return f"{before}{factor * value:,.4g}{after}"


def _graph(panel: Mapping[str, Any], series: Sequence[Series], ends: tuple[float, float]) -> str:
    if not series:
        return '<p class="none">no data</p>'
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults["thresholds"]["steps"] if defaults["custom"]["thresholdsStyle"]["mode"] != "off" else []
    limits = [step for step in steps if step["value"] is not None]
    drawn = _stacked(series) if defaults["custom"]["stacking"]["mode"] == "normal" else list(series)
    values = [value for each in drawn for _, value in each.points if math.isfinite(value)]
    scale = Scale(COLUMN * panel["gridPos"]["w"], *ends, *_range(values + [step["value"] for step in limits], defaults))
    unit = defaults["unit"]
    parts = [*_axes(scale, unit), *_lines(drawn, scale), *(_limit(step, scale) for step in limits)]
    keys = [
        f'<b style="color:{color}">■</b> {escape(each.name)}: {escape(words_of(each.last, unit))}'
        for each, color in zip(series, _colors(series), strict=True)
        if each.legend not in {"upper bound", "lower bound"}
    ]
    svg = f'<svg viewBox="0 0 {scale.width} {HEIGHT}" role="img">{"".join(parts)}<!-- marks --></svg>'
    return f'{svg}<p class="keys">{" &nbsp; ".join(keys)}</p>'


def _stacked(series: Sequence[Series]) -> list[Series]:
    total: dict[float, float] = {}
    stacked = []
    for each in series:
        for at, value in each.points:
            total[at] = total.get(at, 0.0) + value
        stacked.append(each._replace(points=tuple((at, total[at]) for at, _ in each.points)))
    return stacked


def _range(values: Sequence[float], defaults: Mapping[str, Any]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.06 * (high - low) or abs(high) or 1.0
    return min(defaults.get("min", low - room), low), max(high + room, defaults.get("max", -math.inf))


def _axes(scale: Scale, unit: str) -> Iterator[str]:
    for part in range(5):
        value = scale.low + (scale.high - scale.low) * part / 4
        y = scale.y(value)
        yield f'<line class="gridline" x1="{LEFT}" x2="{scale.width - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="axis" x="{LEFT - 5}" y="{y + 4}" text-anchor="end">{escape(words_of(value, unit))}</text>'
    for part in range(1, 4):
        at = scale.start + (scale.end - scale.start) * part / 4
        day = f"{datetime.fromtimestamp(at, UTC):%a %H:%M}"
        yield f'<text class="axis" x="{scale.x(at)}" y="{HEIGHT - 6}" text-anchor="middle">{day}</text>'


def _marks(panel: Mapping[str, Any], marks: Sequence[tuple[float, str]], ends: tuple[float, float]) -> Iterator[str]:
    scale = Scale(COLUMN * panel["gridPos"]["w"], *ends, 0.0, 1.0)
    for at, words in marks:
        x = scale.x(at)
        line = (
            f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{TONES["orange"]}" stroke-width="1"/>'
        )
        yield f'<g>{line}<title>{escape(words)}</title><circle cx="{x}" cy="{TOP}" r="4" fill="{TONES["orange"]}"/></g>'


def _lines(series: Sequence[Series], scale: Scale) -> Iterator[str]:
    ends = {each.legend: each for each in series if each.legend in {"upper bound", "lower bound"}}
    if len(ends) == 2:
        there = [f"{scale.x(at)},{scale.y(value)}" for at, value in ends["upper bound"].points]
        back = [f"{scale.x(at)},{scale.y(value)}" for at, value in reversed(ends["lower bound"].points)]
        yield f'<polygon points="{" ".join(there + back)}" fill="{COLORS[0]}" opacity=".18"/>'
    for each, color in zip(series, _colors(series), strict=True):
        if each.legend in ends:
            continue
        points = " ".join(f"{scale.x(at)},{scale.y(value)}" for at, value in each.points if math.isfinite(value))
        dashes = ' stroke-dasharray="7 6"' if _is_limit(each) else ""
        yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"{dashes}/>'


def _is_limit(series: Series) -> bool:
    return series.legend in {"objective", "budget", "limit"} or series.legend.endswith("(objective)")


def _colors(series: Sequence[Series]) -> list[str]:
    palette = iter(COLORS * (1 + len(series) // len(COLORS)))
    return [
        TONES["red"]
        if _is_limit(each)
        else COLORS[0]
        if each.legend in {"upper bound", "lower bound"}
        else next(palette)
        for each in series
    ]


def _limit(step: Mapping[str, Any], scale: Scale) -> str:
    y, color = scale.y(step["value"]), TONES[step["color"]]
    return (
        f'<line x1="{LEFT}" x2="{scale.width - RIGHT}" y1="{y}" y2="{y}" stroke="{color}" stroke-width="1.5" '
        'stroke-dasharray="3 4"/>'
    )


def _stat(panel: Mapping[str, Any], series: Sequence[Series], _: tuple[float, float]) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    words = {value: option["text"] for mapping in defaults["mappings"] for value, option in mapping["options"].items()}
    cells = []
    for each in series:
        text = words.get(f"{each.last:g}") or words_of(each.last, defaults["unit"])
        tone = TONES[_tone(each.last, defaults["thresholds"]["steps"])]
        name = f' <span class="sub">{escape(each.name)}</span>' if len(series) > 1 else ""
        cells.append(f'<div class="big" style="color:{tone}">{escape(text)}{name}</div>')
    return "".join(cells) or '<p class="none">no data</p>'


def _tone(value: float, steps: Sequence[Mapping[str, Any]]) -> str:
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return str(reached[-1])


def _table(panel: Mapping[str, Any], series: Sequence[Series], _: tuple[float, float]) -> str:
    organize = panel["transformations"][-1]["options"]
    hidden = set(organize["excludeByName"])
    rows: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for each in series:
        labels = tuple(sorted((name, value) for name, value in each.labels.items() if name not in hidden))
        rows.setdefault(labels, {})[each.legend] = each.last
    if not rows:
        return '<p class="none">nothing</p>'
    legends = [legend for legend in organize["renameByName"].values() if legend not in hidden]
    order = organize["indexByName"]
    names = sorted({name for labels in rows for name, _ in labels}, key=lambda name: (order.get(name, 99), name))
    units = {
        each["matcher"]["options"]: {p["id"]: p["value"] for p in each["properties"]}.get("unit")
        for each in panel["fieldConfig"]["overrides"]
    }
    head = "".join(f"<th>{escape(name)}</th>" for name in [*names, *legends])
    lines = []
    for labels, values in rows.items():
        cells = [dict(labels).get(name, "") for name in names]
        for legend in legends:
            unit = units.get(legend) or panel["fieldConfig"]["defaults"]["unit"]
            cells.append(words_of(values[legend], unit) if legend in values else "")
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(lines)}</table></div>'
