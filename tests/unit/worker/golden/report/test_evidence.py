"""The series on the page: the evidence of the e-process, its threshold, and what the table says of each run."""

from __future__ import annotations

from pathlib import Path

from assay.worker.golden.report.html.chart import history_chart
from assay.worker.golden.report.html.evidence import evidence_chart
from assay.worker.golden.report.html.page import run_page
from assay.worker.golden.runs.series import Series, SeriesPoint, build_series
from tests.unit.worker.golden.golden_pages import HOSTILE
from tests.unit.worker.golden.golden_sets import a_set, answers, run_release
from tests.unit.worker.golden.report.test_page import page_of, summary


def series_of(*values: float, **changes: object) -> Series:
    """A series with these e-values, one a run."""
    points = [SeriesPoint(run_id=f"w{n}", pass_rate=0.8, answers=100, e_value=value) for n, value in enumerate(values)]
    base = Series(target="bot", revision="rev", reference=("r0", "r1"), limit=0.2, points=tuple(points))
    return base.model_copy(update=changes)


def places(count: int) -> dict[str, float]:
    return {f"w{n}": 100.0 * n for n in range(count)}


def test_more_evidence_is_drawn_higher_and_the_alarm_lies_at_the_threshold() -> None:
    chart = evidence_chart(series_of(0.5, 3.0, 40.0, 250.0, 9000.0, alarm="w3"), places(5))
    assert chart is not None
    heights = [point.y for point in chart.points]
    assert heights == sorted(heights, reverse=True)
    assert heights[3] == chart.alarm_at
    assert [point.state for point in chart.points] == ["restart", "calm", "calm", "alarm", "alarm"]
    assert chart.line.split()[0] == f"0.0,{heights[0]}"
    assert "alarm at run w3" in chart.summary
    assert "below 80.0%" in chart.summary
    assert chart.cells["r1"] == ("–", "reference")
    assert chart.cells["w0"] == ("0.5", "starts anew")
    assert chart.cells["w3"] == ("250", "alarm")


def test_what_is_no_evidence_or_too_much_of_it_stays_on_the_drawing() -> None:
    chart = evidence_chart(series_of(0.0, 1e-300, 1e300), places(3))
    assert chart is not None
    assert all(0 < point.y < chart.height for point in chart.points)
    assert all(0 < y < chart.height for y, _ in chart.ticks)


def test_a_series_none_of_whose_runs_is_shown_draws_nothing() -> None:
    assert evidence_chart(series_of(), places(3)) is None
    assert evidence_chart(series_of(2.0), {"another": 5.0}) is None


def test_the_page_shows_the_series_of_its_own_target_below_the_pass_rates(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers()})
    run = run_release(golden, "old")
    mine = {"target": run.target, "set_digest": run.set_digest, "revision": run.revision, "origin": "schedule"}
    history = [summary(day, passed=80 if day < 8 else 40, failed=20 if day < 8 else 60, **mine) for day in range(10)]
    history.insert(3, summary(20, target=HOSTILE))
    series = build_series(history, set_digest=run.set_digest, target=run.target)
    assert series.alarm == "r8"
    page = page_of(run_page(run, golden.items, history))
    text = " ".join(page.text.split())
    assert f"alarm at run {series.alarm}" in text
    assert len(page.all("svg", role="img")) == 2
    assert [tag for tag, attrs in page.tags if "alarm" in (attrs.get("class") or "").split()] == ["g", "g"]
    for cell in ("e-value", "in the series", "reference", "starts anew", "not in it"):
        assert cell in text


def test_a_page_without_a_series_has_neither_its_drawing_nor_its_columns() -> None:
    history = [summary(1), summary(2)]
    chart = history_chart(
        history, run_id="r2", target="bot", series=build_series(history, set_digest="d", target="bot")
    )
    assert chart is not None
    assert chart.evidence is None
    assert {len(point.row) for point in chart.points} == {6}
