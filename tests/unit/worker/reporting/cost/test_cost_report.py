"""A period's cost as people read it: each sum with its interval, what is unknown said, no text taken for markup."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from assay.worker.config.slos import ApplicationBudget
from assay.worker.history import reading
from assay.worker.history.opening import open_history
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.windows import Windows
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.windows import WindowRecord
from assay.worker.reporting.cost.reading import NO_COUNTS, CostReader
from assay.worker.reporting.cost.records import CostReport
from assay.worker.reporting.cost.terminal import cost_parts, dollars
from assay.worker.signals.cost.ticking import CostScope
from assay.worker.state.memory.history import memory_history
from assay.worker.state.memory.windows import MemoryWindows
from tests.unit.worker.signals.cost.spending import NOW, days_of, spent

WEEK = HistoryQuery(since=NOW - timedelta(days=7), until=NOW)


def told(
    rows: Sequence[HistoryRow],
    *,
    by: str | None = None,
    budget: float | None = None,
    windows: Windows | None = None,
    use_cases: tuple[str, ...] = (),
) -> CostReport:
    async def read() -> CostReport:
        record = memory_history()
        await record.writer.write(rows)
        own = ApplicationBudget() if budget is None else ApplicationBudget(budget_usd_per_month=budget)
        scope = CostScope({"bot": own}, ApplicationBudget())
        reader = CostReader(record.reader, windows, scope)
        query = WEEK.model_copy(update={"use_cases": use_cases})
        return await reader.read(query, NOW, by=by, others=["gone"])  # type: ignore[arg-type]

    return asyncio.run(read())


def shown(report: CostReport) -> str:
    console = Console(file=io.StringIO(), width=80)
    for part in cost_parts(report):
        console.print(part, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_use_cases_of_the_record_that_are_configured_no_more_are_told_too() -> None:
    report = told([spent(1, 1.0), spent(2, 2.0, use_case="gone")])
    assert [case.use_case for case in report.use_cases] == ["bot", "gone"]
    assert report.month is not None
    assert report.month.so_far is not None
    assert report.month.so_far.value == pytest.approx(3.0)
    only = told([spent(1, 1.0), spent(2, 2.0, use_case="gone")], use_cases=("gone",))
    assert ([case.use_case for case in only.use_cases], only.month) == (["gone"], None)
    assert told([]).use_cases == ()


def test_use_cases_without_traces_are_named() -> None:
    report = told([spent(1, 1.0, use_case="gone")])
    assert [case.use_case for case in report.use_cases] == ["gone"]
    assert "no traces in the record: bot" in shown(report)
    assert told([spent(1, 1.0)]).notes == (NO_COUNTS,)


def test_what_is_not_known_is_said_and_never_nothing() -> None:
    report = told([spent(1, None), spent(2, None)], by="feature")
    (case,) = report.use_cases
    assert (case.whole.total, case.whole.known_share, case.month.so_far) == (None, 0.0, None)
    words = shown(report)
    assert "all traffic    unknown for 2 requests, as the sample tells" in words
    assert "of 0% (0 of 2 traces)" in words
    assert "0.00 USD" not in words
    some = shown(told([spent(1, 1.0), spent(2, 3.0), spent(3, None)]))
    assert "of 67% (2 of 3 traces); the others are taken to cost as much" in " ".join(some.split())


@pytest.mark.parametrize(
    ("budget", "state"), [(400, "within"), (240, "over"), (290, "over"), (300.01, "within"), (None, None)]
)
def test_a_month_stands_beside_its_budget(budget: float | None, state: str | None) -> None:
    rows = days_of(lambda _: 10.0, NOW - timedelta(days=30), NOW)
    (case,) = told(rows, budget=budget).use_cases
    assert case.month.projected is not None
    assert case.month.projected.value == pytest.approx(300.0)
    assert case.month.state == state
    assert case.month.day_state == (None if budget is None else "within")


def test_todays_part_of_the_days_budget_is_told() -> None:
    rows = [*days_of(lambda _: 10.0, NOW - timedelta(days=20), NOW), spent(9000, 5.5, started_at=NOW)]
    (case,) = told(rows, budget=300).use_cases
    assert case.month.today is not None
    assert case.month.today.value == pytest.approx(10.5)
    assert case.month.day_state == "over"
    assert "105% of a day's budget" in shown(told(rows, budget=300))


def test_counts_of_sweeps_weigh_the_sample_and_their_absence_is_said() -> None:
    async def counted() -> MemoryWindows:
        windows = MemoryWindows()
        start = NOW - timedelta(hours=1)
        await windows.put(WindowRecord(start=start, end=NOW, seen={"bot": 30}))
        return windows

    rows = [spent(n, 1.0, pi=0.5) for n in range(10)]
    report = told(rows, windows=asyncio.run(counted()))
    (case,) = report.use_cases
    assert case.whole.total is not None
    assert (case.counted, case.whole.requests, case.whole.total.value, report.notes) == (True, 30.0, 30.0, ())

    class Away(MemoryWindows):
        async def between(self, *_: object) -> Sequence[WindowRecord]:
            raise StateUnavailable("away")

    for away in (None, Away()):
        report = told(rows, windows=away)
        assert report.notes == (NO_COUNTS,)
        assert report.use_cases[0].whole.requests == pytest.approx(20.0)


def test_names_from_traces_are_no_markup_and_fit_in_eighty_columns() -> None:
    rows = [spent(n, n / 7, feature="[red]x\x1b[2J" + "y" * 120, prompt_name="[bold]") for n in range(40)]
    words = shown(told(rows, by="feature"))
    assert "\x1b" not in words
    assert "[red]x" in words
    assert all(len(line) <= 80 for line in words.splitlines())
    many = shown(told([spent(n, 1.0 + n, feature=f"f{n}") for n in range(30)], by="feature"))
    assert "and 10 more; --json has all" in many
    assert told([spent(1, 1.0)], by="day").use_cases[0].parts[0].value == "2026-11-21"


@given(st.floats(1e-9, 1e9))
def test_money_has_cents_or_three_digits(value: float) -> None:
    assert float(dollars(value).replace(",", "")) == pytest.approx(value, rel=0.006)
    assert dollars(0.0) == "0.00"


def _any_row(number: int, draw: random.Random) -> HistoryRow:
    """A row of one of four use cases with whatever it may tell, or not."""
    return spent(
        number,
        draw.choice([None, 0.0, draw.random()]),
        trace_id=f"t{draw.randrange(200)}",
        use_case=draw.choice(["bot", "desk", "gone", "nobody's"]),
        rubric=draw.choice(["grounding", "tone"]),
        pi=draw.choice([0.1, 0.5, 1.0]),
        stratum=draw.choice(["base", "feedback"]),
        sample=draw.choice(["base", "boost"]),
        started_at=NOW - timedelta(minutes=draw.randrange(60 * 24 * 40)),
        changed_at=NOW - timedelta(minutes=draw.randrange(1_000)),
        prompt_name=draw.choice([None, "answer"]),
        prompt_version=draw.choice([None, "1", "2"]),
        model_served=draw.choice([None, "gpt", "claude"]),
        feature=draw.choice([None, "search", "mail"]),
        user_tier=draw.choice([None, "pro"]),
        input_tokens=draw.choice([None, 900, 4_000]),
        output_tokens=draw.choice([None, 100]),
    )


@pytest.mark.parametrize("seed", range(3))
def test_all_use_cases_in_one_reading_tell_what_each_tells_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    draw = random.Random(seed)
    rows = [_any_row(number, draw) for number in range(600)]
    monkeypatch.setattr(reading, "BLOCK_ROWS", 100)

    async def read(*use_cases: str) -> CostReport:
        record = open_history(None, tmp_path / "history.db")
        try:
            await record.writer.write(rows)
            scope = CostScope({name: ApplicationBudget() for name in ("bot", "desk")}, ApplicationBudget())
            query = WEEK.model_copy(update={"use_cases": use_cases})
            return await CostReader(record.reader, None, scope).read(query, NOW, by="feature", others=["gone"])
        finally:
            await record.close()

    together = asyncio.run(read())
    assert [case.use_case for case in together.use_cases] == ["bot", "desk", "gone"]
    for case in together.use_cases:
        assert asyncio.run(read(case.use_case)).use_cases == (case,)
