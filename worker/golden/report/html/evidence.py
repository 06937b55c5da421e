"""The weekly series as geometry: how strong the evidence is, run by run, that the pass rate fell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from assay.worker.golden.runs.series import Series

HEIGHT = 190
_TOP, _BOTTOM = 16, 22
_LOWEST, _HIGHEST = 0.1, 1e6
"""What is drawn: less is as good as none, more changes nothing about an alarm."""


@dataclass(frozen=True)
class Evidence:
    """One run of the series. `state`: calm; restart, from which the evidence is gathered anew; or alarm."""

    x: float
    y: float
    state: str
    title: str


@dataclass(frozen=True)
class EvidenceChart:
    """Everything the drawing is made of; its x are those of the chart of pass rates above it."""

    points: tuple[Evidence, ...]
    line: str
    alarm_at: float
    ticks: tuple[tuple[float, str], ...]
    summary: str
    cells: Mapping[str, tuple[str, str]]
    height: int = HEIGHT


def evidence_chart(series: Series, places: Mapping[str, float]) -> EvidenceChart | None:
    """The chart of a series; `places` are the x of the runs by their id. None where none of its runs has a place.

    The scale is logarithmic. An e-value below 1 is a restart: whatever spoke for a fall before is forgotten.
    """
    shown = [point for point in series.points if point.run_id in places]
    if not shown:
        return None
    top = max(10 * series.threshold, min(_HIGHEST, max(point.e_value for point in shown)))

    def height(e_value: float) -> float:
        share = math.log(min(max(e_value, _LOWEST), top) / _LOWEST) / math.log(top / _LOWEST)
        return round(_TOP + (1 - share) * (HEIGHT - _TOP - _BOTTOM), 1)

    points = tuple(
        Evidence(
            x=places[point.run_id],
            y=height(point.e_value),
            state=_state(point.e_value, series.threshold),
            title=f"{point.run_id} · e = {_number(point.e_value)} · {point.pass_rate:.1%} passed, n = {point.answers}",
        )
        for point in shown
    )
    return EvidenceChart(
        points=points,
        line=" ".join(f"{point.x},{point.y}" for point in points),
        alarm_at=height(series.threshold),
        ticks=tuple((height(e_value), f"{e_value:,}") for e_value in (1, 10, 100, 10_000, 1_000_000) if e_value <= top),
        summary=_summary(series),
        cells=_cells(series),
    )


def _state(e_value: float, threshold: float) -> str:
    return "alarm" if e_value >= threshold else "restart" if e_value < 1 else "calm"


def _number(e_value: float) -> str:
    return f"{e_value:,.0f}" if 1000 <= e_value < _HIGHEST else f"{e_value:.3g}"


def _summary(series: Series) -> str:
    alarm = "no alarm" if series.alarm is None else f"alarm at run {series.alarm}"
    limit = 0.0 if series.limit is None else 1 - series.limit
    return (
        f"Evidence that the pass rate of {series.target} lies below {limit:.1%}, over {len(series.points)} runs after "
        f"{len(series.reference)} that said what is normal: {alarm}; an alarm comes at e = {series.threshold:g}."
    )


def _cells(series: Series) -> Mapping[str, tuple[str, str]]:
    """What the table says of a run in the series: its e-value, and its part."""
    cells = dict.fromkeys(series.reference, ("–", "reference"))
    for point in series.points:
        state = _state(point.e_value, series.threshold)
        cells[point.run_id] = (_number(point.e_value), {"calm": "watched", "restart": "starts anew"}.get(state, state))
    return cells
