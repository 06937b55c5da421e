"""A comparison in sentences: the terminal and the Markdown file say the same."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.question import Metric, Question, Side
from assay.worker.reporting.compare.result import CompareResult, CompareRow, SideAnswers, Tested
from assay.worker.reporting.compare.usage import UsageChange
from assay.worker.reporting.compare.verdict import LEAST_ANSWERS, LEAST_SESSIONS, CompareRules, Reason
from assay.worker.statistics.intervals import Estimate

METRICS = {
    Metric.PROBLEM_SHARE: "expected share of answers with a problem",
    Metric.FLAGGED: "share of flagged answers",
    Metric.REFUSALS: "share of refusals",
    Metric.FAITHFUL: "share of answers with faithfulness ≥ 0.8",
}
"""What each metric is called."""


def title(result: CompareResult) -> str:
    """What is compared: `release 'v42' (b) against 'v41' (a)`, or the same of two times."""
    question = result.question
    if question.by is None:
        return f"{_named_span(question.b)} (b) against {_named_span(question.a)} (a)"
    fact = question.by.replace("_", " ")
    return f"{fact} {question.b.name!a} (b) against {question.a.name!a} (a), traces started {_span(question.a)}"


def _named_span(side: Side) -> str:
    return f"{side.name}, {_span(side)}"


def _span(side: Side) -> str:
    return f"{side.since:%Y-%m-%d %H:%M} to {side.until:%Y-%m-%d %H:%M} UTC"


def verdict_line(result: CompareResult) -> str:
    """The verdict of all rows, and how a pipeline is told."""
    rows = f" (the worst of {len(result.rows)} rows)" if len(result.rows) > 1 else ""
    empty = "" if result.rows else f": {_nothing(result.question)}"
    return f"{result.verdict.value}{rows}{empty}; exit code {result.exit_code}"


def _nothing(question: Question) -> str:
    where = f" of use case {', '.join(question.use_cases)}" if question.use_cases else ""
    return f"the record has no judged traffic{where} on these sides; see assay status"


def row_lines(row: CompareRow, result: CompareResult) -> Iterator[str]:
    """Everything about one row, the decisive line first."""
    yield f"{row.verdict.value}: {reason_words(row, result)}"
    if row.tested is not None and row.metric is not None:
        cut = f" (risk ≥ {row.cut:g})" if row.metric is Metric.FLAGGED else ""
        yield f"{METRICS[row.metric]}{cut}: a {rate_words(row.tested.a)}, b {rate_words(row.tested.b)}"
        yield change_words(row.tested, several=_tested(result) > 1)
        yield visible_words(row.tested, result.rules)
    yield f"a: {answers_words(row.a)}; b: {answers_words(row.b)}"
    if row.tested is not None and row.tested.could_turn:
        yield "unanswered traces could turn this verdict: if all were bad on one side and all good on the other"
    if row.straddling:
        yield f"{row.straddling:,} sessions have answers on both sides; each counts as one draw"
    if row.note:
        yield row.note
    yield from map(usage_words, row.usage)


def _tested(result: CompareResult) -> int:
    return sum(row.tested is not None for row in result.rows)


def reason_words(row: CompareRow, result: CompareResult) -> str:
    """Why the verdict of a row is what it is, with the remedy where there is one."""
    rules, test = result.rules, row.tested
    margin = f"{100 * (rules.margin or 0):g} points"
    worst = "" if test is None else f"{100 * test.at_worst:+.1f} points"
    needed = "" if test is None else f"; about {test.needed:,} answers are needed on each side"
    words = {
        Reason.SHOWN_WORSE: "b is shown to be worse",
        Reason.NOT_SHOWN_WORSE: "b is not shown to be worse",
        Reason.SHOWN_NO_WORSE: f"b is shown to be worse by less than {margin} (at worst {worst})",
        Reason.NOT_SHOWN_NO_WORSE: f"b is not shown to stay within {margin} (at worst {worst}){needed}",
        Reason.TOO_FEW: f"each side takes {LEAST_ANSWERS} answers of {LEAST_SESSIONS} sessions at least{needed}",
        Reason.BLIND: f"so few answers would not show even {100 * rules.must_see:g} points (--must-see){needed}",
        Reason.NOT_JUDGED: _not_judged_words(row),
        Reason.OTHER_REVISIONS: "no evaluator revision judged both sides, and rates of two are never compared; "
        "judge one side again by the present one: assay backfill --rejudge --from … --to …",
        Reason.NO_RATE: _no_rate_words(row),
    }
    return words[row.reason]


def _not_judged_words(row: CompareRow) -> str:
    empty = [name for name, side in (("a", row.a), ("b", row.b)) if not side.answers]
    where = " and ".join(f"side {name}" for name in empty)
    return f"nothing was judged on {where} in this use case; wait for traffic, or name others with --use-case"


def _no_rate_words(row: CompareRow) -> str:
    if row.metric is Metric.PROBLEM_SHARE:
        return "the risk is not calibrated on both sides; take --metric flagged, or calibrate (assay calibrate)"
    return "the rate cannot be estimated on both sides: too few answers with such a score"


def rate_words(side: Estimate) -> str:
    """`5.1% (4.0%–6.4%, n=812 in 401 sessions)`."""
    sessions = "" if side.n_clusters in (None, side.n) else f" in {side.n_clusters:,} sessions"
    return f"{side.value:.1%} ({side.low:.1%}–{side.high:.1%}, n={side.n:,}{sessions})"


def change_words(test: Tested, *, several: bool) -> str:
    """`b − a: +4.7 points (+2.1 to +7.3); one-sided test that b is worse: p = 0.0003`."""
    value, low, high = (f"{100 * end:+.1f}" for end in (test.change.value, test.change.low, test.change.high))
    holm = f", by Holm over all rows p {p_words(test.adjusted_p)}" if several else ""
    return f"b − a: {value} points ({low} to {high}); one-sided test that b is worse: p {p_words(test.p_value)}{holm}"


def p_words(value: float) -> str:
    """`= 0.034`, or `< 0.0001`."""
    return "< 0.0001" if value < 0.0001 else f"= {value:.4f}"


def visible_words(test: Tested, rules: CompareRules) -> str:
    """The smallest worsening that so many answers show."""
    if test.visible is None:
        return f"no worsening, however large, is seen with a power of {rules.power:.0%} by so few"
    return f"smallest worsening that is seen with a power of {rules.power:.0%}: {100 * test.visible:.1f} points"


def answers_words(side: SideAnswers) -> str:
    """`812 judged, 12 unanswered (98.5% answered)`."""
    share = f" ({side.response_share:.1%} answered)" if side.response_share is not None else ""
    return f"{side.answers:,} judged, {side.unanswered:,} unanswered{share}"


def usage_words(change: UsageChange) -> str:
    """`input tokens a request: a 812 (790–834, n=640), b 3,391 (3,300–3,480, n=655): 4.2 times — a jump`."""
    sides = ", ".join(f"{name} {_amount(side, change)}" for name, side in (("a", change.a), ("b", change.b)))
    ratio = "" if change.ratio is None else f": {change.ratio:.1f} times"
    return f"{change.name} a request: {sides}{ratio}{' — a jump' if change.is_jump else ''}"


def _amount(side: Estimate | None, change: UsageChange) -> str:
    if side is None:
        return "unknown"
    form = {"tokens": "{:,.0f}", "USD": "{:.5f}", "s": "{:.2f}"}[change.unit]
    value, low, high = (form.format(end) for end in (side.value, side.low, side.high))
    return f"{value} {change.unit} ({low}–{high}, n={side.n:,})".replace("tokens ", "")


SIGNS = {GateVerdict.PASS: "✅", GateVerdict.REGRESSED: "❌", GateVerdict.INCONCLUSIVE: "⚠️"}
"""Of a verdict, in Markdown."""
