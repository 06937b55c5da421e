"""The run history as geometry: pass rates over the kept runs with intervals, and where runs stop being comparable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.golden.report.html.evidence import EvidenceChart, evidence_chart
from assay.worker.golden.runs.run_store import RunSummary
from assay.worker.golden.runs.series import Series
from assay.worker.statistics.intervals import Interval, wilson

WIDTH, HEIGHT = 1100, 270
MOST_RUNS = 40
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 34, 38
_LABEL = 165


@dataclass(frozen=True)
class Point:
    """One run: where it is drawn, its interval's ends, and its line of the table below the chart."""

    x: float
    y: float
    high: float
    low: float
    kind: str
    mine: bool
    current: bool
    title: str
    row: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """Everything the drawing is made of, in the units of a box of WIDTH × HEIGHT."""

    points: tuple[Point, ...]
    lines: tuple[tuple[str, bool], ...]
    ticks: tuple[tuple[float, str], ...]
    breaks: tuple[tuple[float, str], ...]
    left_out: int
    summary: str
    dates: tuple[str, str]
    evidence: EvidenceChart | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def history_chart(
    history: Sequence[RunSummary], *, run_id: str, target: str, series: Series | None = None
) -> Chart | None:
    """The chart of the latest runs, with the evidence of their series; None where fewer than two have a pass rate.

    Lines join runs of one target under one evaluator revision on one state of the set: rates are never pooled or
    compared across them. Intervals are Wilson's over items (repeats of an item count once).
    """
    known = [(run, interval) for run in history if (interval := _interval(run)) is not None]
    shown = known[-MOST_RUNS:]
    if len(shown) < 2:
        return None
    floor = math.floor(min(interval.low for _, interval in shown) * 10) / 10
    floor = min(floor, 0.9)
    step = (WIDTH - _LEFT - _RIGHT - 24) / (len(shown) - 1)
    places = [_LEFT + 12 + step * index for index in range(len(shown))]

    def height(share: float) -> float:
        return round(_TOP + (1 - share) / (1 - floor) * (HEIGHT - _TOP - _BOTTOM), 1)

    place_of = {run.run_id: round(x, 1) for (run, _), x in zip(shown, places, strict=True)}
    evidence = None if series is None else evidence_chart(series, place_of)
    points = tuple(
        Point(
            x=round(x, 1),
            y=height(_rate(run)),
            high=height(interval.high),
            low=height(interval.low),
            kind=run.verdict.value if run.verdict is not None else "run",
            mine=run.target == target,
            current=run.run_id == run_id,
            title=" · ".join(_row(run, interval)),
            row=_row(run, interval) + (() if evidence is None else evidence.cells.get(run.run_id, ("–", "not in it"))),
        )
        for x, (run, interval) in zip(places, shown, strict=True)
    )
    runs = [run for run, _ in shown]
    mine = sum(point.mine for point in points)
    return Chart(
        points=points,
        lines=_lines(runs, points, target),
        ticks=tuple((height(share), f"{share:.0%}") for share in _tick_shares(floor)),
        breaks=_breaks(runs, points),
        left_out=len(known) - len(shown),
        summary=f"Pass rates of the last {len(points)} kept runs, oldest first; {mine} of them are of {target}.",
        dates=(f"{runs[0].finished:%Y-%m-%d}", f"{runs[-1].finished:%Y-%m-%d}"),
        evidence=evidence,
    )


def _interval(run: RunSummary) -> Interval | None:
    return wilson(run.passed / run.repeats, (run.passed + run.failed) / run.repeats)


def _rate(run: RunSummary) -> float:
    return run.passed / (run.passed + run.failed)


def _row(run: RunSummary, interval: Interval) -> tuple[str, ...]:
    return (
        f"{run.finished:%Y-%m-%d %H:%M} UTC",
        run.target,
        run.verdict.value if run.verdict is not None else "run",
        f"{_rate(run):.1%} [{interval.low:.1%}, {interval.high:.1%}]",
        f"n = {run.passed + run.failed}" + (f", {run.missing} missing" if run.missing else ""),
        f"evaluator {run.revision[:12]}",
    )


def _tick_shares(floor: float) -> list[float]:
    step = 0.1 if floor >= 0.5 else 0.25
    shares = [1 - step * index for index in range(int((1 - floor) / step + 1e-9) + 1)]
    return [share for share in shares if share >= floor - 1e-9]


def _lines(runs: Sequence[RunSummary], points: Sequence[Point], target: str) -> tuple[tuple[str, bool], ...]:
    """The points of each line, and whether it is this target's."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for run, point in zip(runs, points, strict=True):
        lines.setdefault((run.target, run.set_digest, run.revision), []).append(f"{point.x},{point.y}")
    return tuple((" ".join(line), key[0] == target) for key, line in lines.items() if len(line) > 1)


def _breaks(runs: Sequence[RunSummary], points: Sequence[Point]) -> tuple[tuple[float, str], ...]:
    breaks: list[tuple[float, str]] = []
    for index in range(1, len(runs)):
        before, after = runs[index - 1], runs[index]
        changed = [
            word
            for word, same in (
                ("set", before.set_digest == after.set_digest),
                ("judge", before.revision == after.revision),
            )
            if not same
        ]
        if changed:
            x = round((points[index - 1].x + points[index].x) / 2, 1)
            # Words of two changes close together would lie on each other.
            is_clear = not breaks or x - max(at for at, words in breaks if words) > _LABEL
            breaks.append((x, f"{' and '.join(changed)} changed" if is_clear else ""))
    return tuple(breaks)
