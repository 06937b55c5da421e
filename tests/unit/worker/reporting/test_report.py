"""The report: counts that add up, rates over what they say, unanswered traces and the period before."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ModelRefused
from assay.judges.schema import Sample, Verdict
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, Promise, UnscoredSpend
from assay.worker.records.outcomes import Outcome, outcome_of
from assay.worker.reporting.columns import Columns
from assay.worker.reporting.funnel import Funnel, FunnelRow, read_funnel
from assay.worker.reporting.period_report import PeriodReport, read_period, with_links
from assay.worker.reporting.report import read_report
from assay.worker.reporting.terminal.report import period_lines, silence_words
from assay.worker.reporting.unanswered import is_unanswered, silence
from assay.worker.statistics.intervals import Estimate
from tests.builders import NOW
from tests.unit.worker.flow.pipeline import RUBRIC, Line
from tests.unit.worker.reporting.flagged.lines import judged, says, trace
from tests.unit.worker.reporting.flagged.test_answers import WithPages

TODAY = NOW.date()


def entry(trace_id: str, risk: float | None, *, days_ago: int = 0, revision: str = "r1", **over: Any) -> LedgerEntry:
    """A ledger entry as the reader gives it, with any field of entry, promise or judgement replaced."""
    start = NOW - timedelta(days=days_ago)
    promise = {
        "trace_id": trace_id,
        "rubric": "grounding",
        "rubric_hash": RUBRIC.content_hash(),
        "use_case": "bot",
        "window": "w",
        "start": start,
        "pi": over.pop("pi", 0.5),
        "stratum": "standard",
        "selected_at": start,
    }
    values: dict[str, float | str] = {} if risk is None else {"hallucination_risk": risk}
    judgement = Judgement(
        facts=TraceFacts(session_id=over.pop("session", None)),
        verdict_key="k",
        revision=revision,
        judge=over.pop("judge", "local"),
        state="no_evidence" if risk is None else "judged",
        values=values,
        cost_usd=over.pop("cost_usd", 0.0),
    )
    fields: dict[str, Any] = {
        "promise": Promise.model_validate(promise),
        "state": LedgerState.SCORED,
        "since": start,
        "changed_at": start,
        "judgement": judgement,
    }
    return LedgerEntry.model_validate({**fields, **over})


class Entries:
    """A ledger that only reads: these entries, and counts that may know of more."""

    def __init__(self, entries: list[LedgerEntry], *, forgotten: int = 0, in_store: int = 0) -> None:
        self._entries, self._forgotten, self._in_store = entries, forgotten, in_store

    async def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        for each in self._entries:
            if first <= each.promise.start.date() <= last:
                yield each

    async def outcomes(self, first: date, last: date) -> AsyncIterator[Outcome]:
        async for each in self.scan(first, last):
            yield outcome_of(each)

    async def counts(self, first: date, last: date) -> dict[tuple[str, str, LedgerState, str], int]:
        counts = {
            ("bot", "grounding", LedgerState.SCORED, "judged"): self._forgotten,
            ("bot", "grounding", LedgerState.SCORED, "in_store"): self._in_store,
        }
        async for each in self.scan(first, last):
            key = ("bot", "grounding", each.state, each.reason or (each.judgement.state if each.judgement else ""))
            counts[key] = counts.get(key, 0) + 1
        return {key: n for key, n in counts.items() if n}

    async def promised(self, first: date, last: date) -> dict[tuple[str, str], int]:
        return {("bot", "grounding"): sum((await self.counts(first, last)).values())}


class NoWindows:
    """Nothing was swept."""

    async def between(self, start: Any, end: Any) -> list[Any]:
        return []


def report(ledger: Any, *, days: int = 1, compare: bool = True) -> PeriodReport:
    async def read() -> PeriodReport:
        windows: Any = NoWindows()
        funnel = await read_funnel(ledger, windows, TODAY - timedelta(days=days - 1), TODAY)
        return await read_period(ledger, ledger, [RUBRIC], funnel, UnscoredSpend(), compare=compare)

    return asyncio.run(read())


def lines(of: PeriodReport, *, by_day: bool = False) -> str:
    return "\n".join(period_lines(of, by_day=by_day))


def test_the_period_and_the_counts_of_status_are_told() -> None:
    ledger = Entries([entry(f"t{n}", 0.9) for n in range(3)], in_store=26, forgotten=4)
    shown = lines(report(ledger))
    assert f"traces started {TODAY} to {TODAY} (UTC)" in shown
    assert "33 seen, 33 selected: 33 scored, 0 skipped, 0 dead, 0 in flight" in shown
    assert (
        "33 scored = 26 found in the store, judged under an earlier ledger + 3 judged"
        " + 4 no longer in the ledger, which keeps two weeks"
    ) in shown


def test_what_an_earlier_ledger_judged_is_in_the_rates_as_far_as_it_was_read_back() -> None:
    ledger = Entries([*rates(20, 5), *(entry(f"s{n}", 0.9, reason="in_store") for n in range(20))], in_store=6)
    (case,) = (of := report(ledger)).use_cases
    assert (case.found_in_store, case.read_back, case.without_values, case.judged, case.forgotten) == (26, 20, 6, 20, 0)
    shown = lines(of)
    assert "46 scored = 26 found in the store, judged under an earlier ledger (20 of them in the rates) + 20" in shown
    assert "6 scored before the ledger was lost are in no rate here" in shown
    assert case.rows[0].flagged is not None
    assert case.rows[0].flagged.value == 25 / 40
    shown = lines(report(Entries([entry(f"s{n}", 0.9, reason="in_store") for n in range(20)])))
    assert "are in no rate" not in shown


def test_columns_take_little_memory_for_each_trace() -> None:
    columns, made = Columns(), outcome_of(entry("t", 0.5, session="s"))
    assert made.judged is not None
    tracemalloc.start()
    for n in range(20_000):
        columns.add(made._replace(trace_id=f"t{n}"), made.judged)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000 * 100, "an entry as an object takes thousands of bytes"


def test_where_all_was_judged_here_there_is_no_sum_to_read() -> None:
    assert "scored =" not in lines(report(Entries([entry("t", 0.9)])))


def test_the_rate_is_said_to_be_of_traces_with_a_risk() -> None:
    shown = lines(report(Entries([entry("a", 0.9), entry("b", 0.1), entry("c", None), entry("d", None)])))
    assert "of traces with a risk, weighted by 1/π, 2 of 4 judged have none" in shown
    assert "of all traffic" not in shown


def test_a_use_case_whose_first_outcome_is_no_evidence_names_its_judge() -> None:
    entries = [entry("a", None, judge="none"), entry("b", 0.9, judge="llm"), entry("c", 0.9, judge="llm")]
    assert "judge llm ·" in lines(report(Entries(entries)))
    shown = lines(report(Entries(entries[:1])))
    assert "nobody, there was no evidence" in shown
    assert "judge none" not in shown
    assert "no rate: none of 1 judged traces has a risk" in shown


def test_a_cost_that_is_not_known_is_not_zero() -> None:
    assert "cost 0 USD" in lines(report(Entries([entry("a", 0.9)])))
    paid = [entry(str(n), 0.9, cost_usd=0.01) for n in range(4)]
    assert "cost 0.0400 USD, 0.010000 a judged answer" in lines(report(Entries(paid)))
    assert "cost not known" in lines(report(Entries([*paid, entry("x", 0.9, cost_usd=None)])))


def unanswered(trace_id: str, state: LedgerState, reason: str, **over: Any) -> LedgerEntry:
    return entry(trace_id, None, judgement=None, state=state, reason=reason, **over)


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (LedgerState.DEAD, "poison", True),
        (LedgerState.SKIPPED, "model_refused", True),
        (LedgerState.SKIPPED, "response_too_long", True),
        (LedgerState.SKIPPED, "some_later_reason", True),
        (LedgerState.SKIPPED, "no_response", False),
        (LedgerState.SKIPPED, "empty_response", False),
        (LedgerState.SCORED, "", False),
        (LedgerState.OPEN, "ModelTimeout", False),
    ],
)
def test_unanswered_is_what_has_an_answer_and_no_word_of_the_judge(
    state: LedgerState, reason: str, *, expected: bool
) -> None:
    assert is_unanswered(state, reason) is expected


def test_unanswered_traces_leave_bounds() -> None:
    answered = [entry(f"a{n}", 0.9 if n < 2 else 0.1) for n in range(8)]
    silent = [unanswered("d", LedgerState.DEAD, "poison"), unanswered("s", LedgerState.SKIPPED, "model_refused")]
    shown = lines(report(Entries([*answered, *silent, unanswered("n", LedgerState.SKIPPED, "no_response")])))
    assert "2 unanswered (1 dead: poison, 1 skipped: model refused)" in shown
    assert "the rate could be 20.0%–40.0%, if all were good or all bad" in shown


@given(st.floats(0, 1), st.lists(st.floats(0.01, 1), min_size=1), st.lists(st.floats(0.01, 1), min_size=1))
def test_bounds_hold_the_rate_and_are_those_of_all_good_and_all_bad(
    share: float, known: list[float], unknown: list[float]
) -> None:
    estimate = Estimate(value=share, low=0, high=1, n=len(known))
    bounds = silence(estimate, known, unknown, Counter({"dead: x": len(unknown)}))
    assert bounds is not None
    assert bounds.low is not None
    assert bounds.high is not None
    assert 0 <= bounds.low <= share + 1e-9
    assert share - 1e-9 <= bounds.high <= 1 + 1e-9
    missing = sum(1 / pi for pi in unknown) / sum(1 / pi for pi in [*known, *unknown])
    assert bounds.high - bounds.low == pytest.approx(missing)


def test_without_a_rate_there_are_no_bounds() -> None:
    told = silence(None, [], [0.5], Counter({"dead: poison": 1}))
    assert told is not None
    assert silence_words(told) == "1 unanswered (1 dead: poison)"


def test_a_refused_answer_of_the_pipeline_is_in_the_bounds() -> None:
    def plan(sample: Sample) -> Verdict | Exception:
        return ModelRefused("no") if sample.id == "refused-1" else says(sample)

    line = judged([trace("t-90"), trace("t-10"), trace("t-11"), trace("refused-1")], plan)
    (row,) = asyncio.run(read_report(line.state.outcomes, [RUBRIC], TODAY, TODAY))
    assert row.unanswered is not None
    assert (row.unanswered.low, row.unanswered.high) == pytest.approx((0.25, 0.5))


def test_unanswered_traces_go_to_the_revision_that_judged_their_version() -> None:
    other = {"rubric_hash": "another"}
    older = entry("a", 0.9, revision="r1")
    newer = entry("b", 0.9, revision="r2", changed_at=NOW + timedelta(hours=1))
    newer = newer.model_copy(update={"promise": newer.promise.model_copy(update=other)})
    silent = unanswered("d", LedgerState.DEAD, "poison")
    rows = report(Entries([older, newer, silent])).use_cases[0].rows
    assert [row.unanswered is not None for row in rows] == [True, False]
    stray = silent.model_copy(update={"promise": silent.promise.model_copy(update={"rubric_hash": "a third"})})
    rows = report(Entries([older, newer, stray])).use_cases[0].rows
    assert [row.unanswered is not None for row in rows] == [False, True], "the one that judged last"


def rates(n: int, bad: int, **over: Any) -> list[LedgerEntry]:
    return [entry(f"{over}-{i}", 0.9 if i < bad else 0.1, **over) for i in range(n)]


def test_the_change_since_the_period_before_is_told_with_its_interval() -> None:
    ledger = Entries([*rates(200, 60), *rates(200, 20, days_ago=1)])
    (row,) = report(ledger).use_cases[0].rows
    assert row.before is not None
    assert row.before.change is not None
    assert row.before.change.value == pytest.approx(0.2)
    assert row.before.change.is_shown
    yesterday = TODAY - timedelta(days=1)
    shown = lines(report(ledger))
    assert f"before, {yesterday} to {yesterday}: 10.0%" in shown
    assert "change +20.0 points (+1" in shown
    alike = lines(report(Entries([*rates(50, 5), *rates(50, 5, days_ago=1)])))
    assert "no change shown: +0.0 points" in alike
    assert "before," not in lines(report(ledger, compare=False))


def test_answers_of_one_session_are_no_more_than_one_draw_of_a_change() -> None:
    """Ten turns that fall together are one fall: the interval is that of the sessions."""

    def turns(days_ago: int, bad: int) -> list[LedgerEntry]:
        return [
            entry(
                f"{days_ago}-{n}-{turn}", 0.9 if n < bad else 0.1, days_ago=days_ago, session=f"s{days_ago}-{n}", pi=1
            )
            for n in range(20)
            for turn in range(10)
        ]

    (row,) = report(Entries([*turns(0, 8), *turns(1, 3)])).use_cases[0].rows
    assert row.before is not None
    assert row.before.change is not None
    assert row.before.sessions == 40
    assert not row.before.change.is_shown, "8 of 20 sessions against 3 of 20"
    assert "over 40 sessions)" in lines(report(Entries([*turns(0, 8), *turns(1, 3)])))
    alone = [*rates(200, 80, pi=1), *rates(200, 30, days_ago=1, pi=1)]
    (row,) = report(Entries(alone)).use_cases[0].rows
    assert row.before is not None
    assert row.before.change is not None
    assert row.before.sessions is None
    assert row.before.change.is_shown, "the same shares over 200 answers each"


def test_one_session_alone_gives_no_change() -> None:
    ledger = Entries([*rates(20, 5, session="a"), *rates(20, 5, days_ago=1, session="b")])
    assert "no rate on both sides that could be compared" in lines(report(ledger))


def test_two_revisions_are_never_compared() -> None:
    shown = lines(report(Entries([*rates(20, 5), *rates(20, 5, days_ago=1, revision="older-revision")])))
    assert "judged by revision older-revisi then: not to be compared" in shown
    assert "points" not in shown


def test_a_period_before_without_traces_is_no_line() -> None:
    assert "before," not in lines(report(Entries(rates(20, 5))))


def test_a_period_before_that_is_partly_forgotten_says_what_it_rests_on() -> None:
    ledger = Entries([*rates(20, 5), *rates(20, 5, days_ago=1)], forgotten=11)
    assert "of 31 scored then, 20 have values in the ledger" in lines(report(ledger))
    gone = lines(report(Entries(rates(20, 5), forgotten=11)))
    assert "11 scored then, and no values of them in the ledger" in gone


def test_the_period_before_is_as_long_as_the_period() -> None:
    ledger = Entries([*rates(20, 5), *rates(20, 10, days_ago=5), *rates(20, 20, days_ago=6)])
    (row,) = report(ledger, days=3).use_cases[0].rows
    assert row.before is not None
    assert (row.before.first, row.before.last) == (TODAY - timedelta(days=5), TODAY - timedelta(days=3))
    assert row.before.flagged is not None
    assert row.before.flagged.value == 0.5, "its first day is taken, and the day before that is not"


def test_days_are_told_where_asked_for_and_sum_up() -> None:
    ledger = Entries([*rates(20, 5), *rates(30, 3, days_ago=1)])
    shown = lines(report(ledger, days=2), by_day=True)
    assert f"{TODAY}  20 judged, risk in 25.0%" in shown
    assert f"{TODAY - timedelta(days=1)}  30 judged, risk in 10.0%" in shown
    assert f"{TODAY}  20 judged" not in lines(report(ledger, days=2))


def test_the_riskiest_answers_are_named_with_their_links() -> None:
    line = judged([trace(f"t-{risk}") for risk in (60, 95, 70, 80)])
    funnel = Funnel(first=TODAY, last=TODAY, rows=(counts_of(line),), windows=0, unmatched=0, excluded=0, unfinished=0)
    state = line.state
    reading = read_period(state.ledger_reader, state.outcomes, [RUBRIC], funnel, UnscoredSpend(), compare=False)
    period = asyncio.run(reading)
    store = WithPages()
    shown = lines(asyncio.run(with_links(period, store)))
    assert [part for part in shown.split() if part.startswith("https")] == [
        f"https://store.test/t-{risk}" for risk in (95, 80, 70)
    ]
    assert "assay flagged --use-case bot" in shown
    assert "worst 0.95  t-95" in lines(asyncio.run(with_links(period, line.store))), "a store without pages"
    store.failing = StoreUnavailable("down")
    failed = asyncio.run(with_links(period, store))
    assert "no links: the trace store failed: down" in lines(failed)
    assert "worst 0.95  t-95" in lines(failed)


def counts_of(line: Line) -> FunnelRow:
    n = len(line.promises)
    return FunnelRow(use_case="bot", rubric="grounding", not_selected=0, selected=n, scored={"judged": n})


def test_an_id_passes_for_no_line_of_the_report() -> None:
    shown = lines(report(Entries([entry("t\n[bold]risk ≥ 0.5 in 0%\x1b[2J", 0.9)])))
    assert "worst 0.90  t⟨U+000A⟩\\[bold]risk" in shown
    assert "\x1b" not in shown


def test_data_names_its_schema_and_holds_what_is_shown() -> None:
    data = report(Entries([*rates(20, 5), *rates(20, 5, days_ago=1)])).model_dump(mode="json")
    assert data["schema"] == 2
    (row,) = data["use_cases"][0]["rows"]
    assert row["before"]["change"]["value"] == 0.0
    assert row["worst"][0]["risk"] == 0.9
