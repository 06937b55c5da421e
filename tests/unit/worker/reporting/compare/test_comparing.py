"""Two slices of a record: what is compared, what is not, and what people are told."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from assay.judges.errors import ConfigurationError
from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.records.history import HistoryRow
from assay.worker.reporting.compare.comparing import compare
from assay.worker.reporting.compare.markdown import compare_markdown
from assay.worker.reporting.compare.question import Metric, Question, Side
from assay.worker.reporting.compare.result import CompareResult, CompareRow
from assay.worker.reporting.compare.terminal import MOST_WHOLE, compare_parts, compare_texts
from assay.worker.reporting.compare.verdict import CompareRules, Reason
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.reporting.compare.rows import NOW, WEEK, release, row


def releases(a: str = "v41", b: str = "v42", **over: Any) -> Question:
    span = {"since": NOW - WEEK, "until": NOW}
    return Question(by="release", a=Side(name=a, value=a, **span), b=Side(name=b, value=b, **span), **over)


def compared(rows: Iterable[HistoryRow], question: Question | None = None, **rules: Any) -> CompareResult:
    async def main() -> CompareResult:
        history = memory_history()
        await history.writer.write(list(rows))
        return await compare(history.reader, question or releases(), CompareRules(**rules), lambda rubric: 0.5)

    return asyncio.run(main())


def only_row(result: CompareResult) -> CompareRow:
    (row_of_result,) = result.rows
    return row_of_result


def told(result: CompareResult) -> str:
    return "\n".join(text.plain for text in compare_texts(result))


def test_a_release_that_is_worse_is_blocked() -> None:
    result = compared([*release("v41", 800, 0.05), *release("v42", 800, 0.12)])
    test = only_row(result).tested
    assert (result.verdict, result.exit_code) == (GateVerdict.REGRESSED, 1)
    assert test is not None
    assert test.p_value < 0.01
    assert 0 < test.change.low < test.change.value < test.change.high
    assert "regressed: b is shown to be worse" in told(result)
    assert "exit code 1" in told(result)


def test_a_release_that_is_better_or_alike_passes() -> None:
    for bad in (0.0, 0.05):
        result = compared([*release("v41", 800, 0.05), *release("v42", 800, bad)])
        assert (result.verdict, result.exit_code) == (GateVerdict.PASS, 0), bad
        assert only_row(result).reason is Reason.NOT_SHOWN_WORSE


def test_exchanged_sides_tell_the_opposite() -> None:
    rows = [*release("v41", 300, 0.05, session=2), *release("v42", 200, 0.15)]
    there, back = (only_row(compared(rows, question)).tested for question in (releases(), releases("v42", "v41")))
    assert there is not None
    assert back is not None
    assert (there.a, there.b) == (back.b, back.a)
    assert there.change.value == pytest.approx(-back.change.value)
    assert (there.change.low, there.change.high) == pytest.approx((-back.change.high, -back.change.low))
    assert there.p_value == pytest.approx(1 - back.p_value)


def test_so_few_that_nothing_would_be_seen_are_no_pass_and_the_number_needed_is_told() -> None:
    result = compared([*release("v41", 800, 0.05), *release("v42", 40, 0.05)])
    test = only_row(result).tested
    assert only_row(result).reason is Reason.BLIND
    assert test is not None
    assert 50 < test.needed < 800
    assert f"about {test.needed:,} answers are needed on each side" in told(result)
    assert result.exit_code == 3
    sides = (release(name, test.needed, 0.05) for name in ("v41", "v42"))
    enough = only_row(compared(one for side in sides for one in side)).tested
    assert enough is not None
    assert enough.visible == pytest.approx(0.08, abs=0.03)


@pytest.mark.parametrize(("n", "session"), [(19, 1), (60, 10)])
def test_a_handful_of_answers_or_sessions_decides_nothing(n: int, session: int) -> None:
    result = compared([*release("v41", 400, 0.05), *release("v42", n, 1.0, session=session)])
    assert only_row(result).reason is Reason.TOO_FEW
    assert result.exit_code == 3


def test_a_margin_passes_only_what_is_shown_to_stay_within() -> None:
    rows = [*release("v41", 800, 0.05), *release("v42", 800, 0.05)]
    assert only_row(compared(rows, margin=0.06)).reason is Reason.SHOWN_NO_WORSE
    strict = compared(rows, margin=0.001)
    assert (strict.exit_code, only_row(strict).reason) == (3, Reason.NOT_SHOWN_NO_WORSE)


def test_rates_of_two_revisions_are_never_compared() -> None:
    rows = [*release("v41", 200, 0.05), *release("v42", 200, 0.9, revision="rev-2")]
    result = compared(rows)
    assert (result.exit_code, only_row(result).reason) == (3, Reason.OTHER_REVISIONS)
    assert "assay backfill --rejudge" in told(result)
    assert "200 answers of a by revision rev-1, 200 answers of b by revision rev-2" in told(result)


def test_only_the_revision_of_both_sides_counts_and_the_rest_is_told() -> None:
    alike = [*release("v41", 800, 0.05), *release("v42", 800, 0.05)]
    result = compared([*alike, *release("v42", 300, 1.0, seed=9, revision="rev-2")])
    assert result.exit_code == 0
    assert only_row(result).revision == "rev-1"
    assert "judged on one side only: 300 answers of b by revision rev-2" in told(result)


def test_traces_added_for_their_feedback_count_in_no_rate_and_in_no_usage() -> None:
    alike = [*release("v41", 800, 0.05), *release("v42", 800, 0.05)]
    added = release("v42", 400, 1.0, seed=9, sample="boost", stratum="feedback", input_tokens=99_000)
    assert only_row(compared([*alike, *added])) == only_row(compared(alike))


@pytest.mark.parametrize(("name", "near"), [("v43", "did you mean 'v4"), ("zzz", "it has 'v41' (30), 'v42' (20)")])
def test_a_value_that_is_not_there_is_an_error_that_lists_those_that_are(name: str, near: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        compared([*release("v41", 30, 0.05), *release("v42", 20, 0.05)], releases(b=name))
    assert "--b: no trace of 2026-11-22 12:00 to 2026-11-29 12:00 UTC" in str(raised.value)
    assert near in str(raised.value)


def test_a_fact_that_no_trace_has_is_told() -> None:
    with pytest.raises(ConfigurationError, match="has a release; the application has to say it"):
        compared([row("t1", release=None)])


def test_a_foreign_value_drives_no_terminal() -> None:
    name = "v41\x1b]0;owned\x07\n[bold]"
    with pytest.raises(ConfigurationError) as raised:
        compared([*release(name, 30, 0.05)], releases(a="v1"))
    assert "\x1b" not in str(raised.value)
    assert "\n" not in str(raised.value)
    page = compare_markdown(compared([*release(name, 30, 0.05), *release("v42", 30, 0.05)], releases(a=name)))
    assert "\x1b" not in page
    assert "[bold]" not in page


def test_one_value_on_both_sides_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="name two different values"):
        compared([], releases(b="v41"))


def in_time(*, overlap: timedelta = timedelta()) -> Question:
    changed = NOW - timedelta(days=3)
    return Question(
        by=None,
        a=Side(name="before", since=NOW - WEEK, until=changed + overlap),
        b=Side(name="after", since=changed, until=NOW),
    )


def test_two_times_are_compared_and_may_not_overlap() -> None:
    rows = [
        *release("old", 500, 0.05, started_at=NOW - timedelta(days=5)),
        *release("new", 500, 0.15, started_at=NOW - timedelta(days=1)),
    ]
    result = compared(rows, in_time())
    assert (result.exit_code, only_row(result).a.answers, only_row(result).b.answers) == (1, 500, 500)
    assert told(result).startswith("after, 2026-11-26 12:00 to 2026-11-29 12:00 UTC (b) against before, 2026-11-22")
    with pytest.raises(ConfigurationError, match="the two times overlap"):
        compared(rows, in_time(overlap=timedelta(hours=1)))


def test_sessions_on_both_sides_are_told() -> None:
    a, b = (release(name, 100, 0.05, session_id=None) for name in ("v41", "v42"))
    chats = [
        one.model_copy(update={"session_id": f"chat-{at}"}) if at < 7 else one
        for side in (a, b)
        for at, one in enumerate(side)
    ]
    result = compared(chats)
    assert only_row(result).straddling == 7
    assert "7 sessions have answers on both sides" in told(result)


def test_each_use_case_is_a_row_and_the_worst_counts() -> None:
    well = [*release("v41", 800, 0.05), *release("v42", 800, 0.05)]
    worse = [
        one.model_copy(update={"use_case": "contracts"})
        for one in (*release("v41", 800, 0.05, seed=2), *release("v42", 800, 0.15, seed=2))
    ]
    result = compared([*well, *worse])
    assert [(r.use_case, r.verdict.value) for r in result.rows] == [("bot", "pass"), ("contracts", "regressed")]
    assert result.exit_code == 1
    tests = [r.tested for r in result.rows if r.tested is not None]
    assert tests[1].adjusted_p == pytest.approx(2 * tests[1].p_value)
    assert "over all 2 tests p" in told(result)
    assert "the worst of 2 rows" in told(result)


def test_a_use_case_that_one_side_never_reached_is_no_pass() -> None:
    alike = [*release("v41", 800, 0.05), *release("v42", 800, 0.05)]
    result = compared([*alike, *release("v41", 50, 0.0, seed=3, use_case="contracts")])
    assert [r.reason for r in result.rows] == [Reason.NOT_SHOWN_WORSE, Reason.NOT_JUDGED]
    assert result.exit_code == 3
    assert "nothing was judged on side b" in told(result)


def test_a_risk_that_is_not_calibrated_is_compared_by_its_flags() -> None:
    rows = [*release("v41", 300, 0.05, calibrated=False), *release("v42", 300, 0.05, calibrated=False)]
    assert only_row(compared(rows)).metric is Metric.FLAGGED
    refused = compared(rows, releases(metric=Metric.PROBLEM_SHARE))
    assert (refused.exit_code, only_row(refused).reason) == (3, Reason.NO_RATE)
    assert "--metric flagged" in told(refused)


def test_a_fall_of_faithful_answers_is_a_worsening() -> None:
    rows = [
        *release("v41", 400, 0.0),
        *(
            one.model_copy(update={"faithfulness": 0.2 if at % 5 == 0 else 1.0})
            for at, one in enumerate(release("v42", 400, 0.0))
        ),
    ]
    assert compared(rows, releases(metric=Metric.FAITHFUL)).exit_code == 1
    assert compared(rows, releases("v42", "v41", metric=Metric.FAITHFUL)).exit_code == 0


def test_a_jump_of_tokens_is_named_beside_an_equal_rate() -> None:
    rows = [*release("v41", 800, 0.05), *release("v42", 800, 0.05, input_tokens=4000, cost_usd=None)]
    result = compared(rows)
    usage = {change.name: change for change in only_row(result).usage}
    assert [name for name, change in usage.items() if change.is_jump] == ["input tokens"]
    assert usage["input tokens"].ratio == pytest.approx(5, abs=0.1)
    assert usage["cost"].b is None
    assert "5.0 times — a jump" in told(result)
    assert result.exit_code == 0


def test_nothing_in_the_record_is_no_pass() -> None:
    result = compared([], in_time())
    assert (result.rows, result.exit_code) == ((), 3)
    assert "no judged traffic" in told(result)


def test_a_pass_does_not_rest_on_a_few_of_b() -> None:
    rest = list(release("v42", 3000, 0.6, seed=9, revision="rev-2"))
    result = compared([*release("v41", 800, 0.05), *release("v42", 800, 0.05), *rest])
    assert (result.exit_code, only_row(result).reason) == (3, Reason.MOST_LEFT_OUT)
    assert "only 21% of the judged answers of b were compared" in told(result)
    worse = compared([*release("v41", 300, 0.05), *release("v42", 300, 0.5), *rest])
    assert (worse.exit_code, only_row(worse).reason) == (1, Reason.SHOWN_WORSE)


def test_answers_of_a_that_were_left_out_hinder_nothing() -> None:
    before = release("v41", 3000, 0.05, seed=9, revision="rev-0")
    assert compared([*before, *release("v41", 600, 0.05), *release("v42", 600, 0.05)]).exit_code == 0


def test_one_session_for_all_is_told() -> None:
    result = compared([*release("v41", 300, 0.05), *release("v42", 300, 0.5, session_id="same")])
    assert result.exit_code == 3
    assert "all 300 answers of b are of one session" in told(result)


def test_an_empty_session_is_none() -> None:
    result = compared([*release("v41", 800, 0.05, session_id=""), *release("v42", 800, 0.05, session_id="")])
    assert result.exit_code == 0
    assert {change.b.n for change in only_row(result).usage if change.b} == {800}


def test_a_side_that_is_as_bad_as_can_be_has_no_room() -> None:
    result = compared([*release("v41", 200, 1.0, risk=1.0), *release("v42", 200, 1.0, risk=1.0)])
    assert "a is as bad as can be: nothing could be worse" in told(result)


def test_numbers_that_nobody_reported_are_no_jump() -> None:
    rows = [*release("v41", 300, 0.05, cost_usd=1e-12), *release("v42", 300, 0.05, input_tokens=0, cost_usd=0.002)]
    words = told(compared(rows))
    assert "b 0 (most likely not reported, n=300)" in words
    assert "a 1e-12 USD" in words
    assert "more than 1,000 times — a jump" in words
    assert "0.0 times" not in words


def test_the_worst_row_comes_first_and_goes_on_as_far_in_as_it_began() -> None:
    worse = [*release("v41", 800, 0.05, use_case="z"), *release("v42", 800, 0.2, use_case="z")]
    alike = [*release("v41", 800, 0.05, seed=3, use_case="a"), *release("v42", 800, 0.05, seed=4, use_case="a")]
    result = compared([*worse, *alike])
    out = io.StringIO()
    console = Console(file=out, width=80, color_system=None)
    for part in compare_parts(result):
        console.print(part, highlight=False)
    lines = out.getvalue().splitlines()
    assert [line[0] for line in lines if "  rubric " in line and not line.startswith(" ")] == ["z", "a"]
    assert max(map(len, lines)) <= 80
    rows = lines[lines.index(next(line for line in lines if line.startswith("z  rubric"))) :]
    assert not [
        line for line in rows if line.strip() and not line.startswith((" ", "a  rubric", "z  rubric", "verdict"))
    ]


def test_a_foreign_name_of_a_use_case_is_one_harmless_line() -> None:
    name = "x\n\x1b[31mverdict: pass; exit code 0"
    text = told(compared([*release("v41", 40, 0.05, use_case=name), *release("v42", 40, 0.05, use_case=name)]))
    assert "\x1b" not in text
    assert not [line for line in text.splitlines()[:-1] if line.startswith("verdict")]


def test_of_very_many_rows_the_best_tell_their_verdict_alone() -> None:
    names = [f"case-{at:02}" for at in range(MOST_WHOLE + 3)]
    rows = [
        row
        for seed, name in enumerate(names)
        for side in ("v41", "v42")
        for row in release(side, 25, 0.05, seed=seed, use_case=name)
    ]
    text = told(compared(rows))
    assert text.count("  rubric grounding") == len(names)
    assert text.count("b − a:") == MOST_WHOLE
