"""A trend as geometry: the rate of each day, with a band of its intervals, on the axis of the whole period."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from assay.worker.reporting.period.records import DayRate
from assay.worker.reporting.period.scale import SCALE_TOPS, scale_top
from assay.worker.reporting.period.words import no_rate_words, percent

WIDTH, HEIGHT = 720, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 34
_LABELS = 7
"""Dates below the chart."""


@dataclass(frozen=True)
class Point:
    """One day: where it is drawn, its interval's ends, and its line of the table below the chart."""

    x: float
    y: float
    high: float
    low: float
    title: str


@dataclass(frozen=True)
class Trend:
    """Everything the drawing is made of, in the units of a box of `width` × `height`.

    Attributes:
        bands, lines: points of each stretch of days without a gap.
        rows: what the table says: day, rate, judged.
    """

    points: tuple[Point, ...]
    bands: tuple[str, ...]
    lines: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str, str], ...]
    rows: tuple[tuple[str, str, str], ...]
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def trend_of(days: Sequence[DayRate], first: date, last: date, *, name: str) -> Trend | None:
    """The drawing of a revision's days. None where fewer than two have a rate."""
    known = [(day.day, day.rate) for day in days if day.rate is not None]
    if len(known) < 2:
        return None
    top = scale_top([rate for _, rate in known])
    parts = SCALE_TOPS[top]
    step = (WIDTH - _LEFT - _RIGHT - 16) / max(1, (last - first).days)

    def across(day: date) -> float:
        return round(_LEFT + 8 + step * (day - first).days, 1)

    def height(share: float) -> float:
        return round(_TOP + (1 - share / top) * (HEIGHT - _TOP - _BOTTOM), 1)

    placed = [
        (day, Point(across(day), height(rate.value), height(rate.high), height(rate.low), f"{day}: {percent(rate)}"))
        for day, rate in known
    ]
    stretches = list(_stretches(placed))
    return Trend(
        points=tuple(point for _, point in placed),
        bands=tuple(_band(points) for points in stretches if len(points) > 1),
        lines=tuple(" ".join(f"{point.x},{point.y}" for point in points) for points in stretches if len(points) > 1),
        ticks=tuple((height(top * part / parts), _tick(top * part / parts)) for part in range(parts + 1)),
        dates=tuple(_dates(first, last, across)),
        rows=tuple((str(day.day), _row_words(day), f"{day.n:,}") for day in days),
        summary=f"{name.capitalize()} by UTC day from {first} to {last}, with 95 % intervals as a band.",
    )


def _row_words(day: DayRate) -> str:
    return percent(day.rate) if day.rate is not None else f"no rate: {no_rate_words(day.n, day.with_risk)}"


def _stretches(placed: Sequence[tuple[date, Point]]) -> Iterator[list[Point]]:
    """Days that follow each other. No line is drawn over a day without a rate."""
    stretch: list[Point] = []
    for at, (day, point) in enumerate(placed):
        if at and day - placed[at - 1][0] > timedelta(days=1):
            yield stretch
            stretch = []
        stretch.append(point)
    yield stretch


def _band(points: Sequence[Point]) -> str:
    there = [f"{point.x},{point.high}" for point in points]
    back = [f"{point.x},{point.low}" for point in reversed(points)]
    return " ".join(there + back)


def _tick(share: float) -> str:
    return f"{round(100 * share, 2):g}%"


def _dates(first: date, last: date, across: Callable[[date], float]) -> Iterator[tuple[float, str, str]]:
    """The dates below the chart, evenly spread, with how each is anchored."""
    days = (last - first).days
    count = min(_LABELS, days + 1)
    for at in range(count):
        day = first + timedelta(days=round(at * days / max(1, count - 1)))
        anchor = "start" if at == 0 else "end" if at == count - 1 else "middle"
        yield across(day), f"{day:%d %b}", anchor
