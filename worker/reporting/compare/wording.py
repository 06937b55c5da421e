"""A comparison in sentences: the terminal and the Markdown file say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.question import Metric, Question, Side, quoted
from assay.worker.reporting.compare.reasons import reason_words
from assay.worker.reporting.compare.result import CompareResult, CompareRow, SideAnswers, Tested
from assay.worker.reporting.compare.shares import ShareChange, ShareKind
from assay.worker.reporting.compare.usage import UsageChange
from assay.worker.reporting.compare.verdict import CompareRules, Reason
from assay.worker.statistics.intervals import Estimate

METRICS = {
    Metric.PROBLEM_SHARE: "expected share of answers with a problem",
    Metric.FLAGGED: "share of flagged answers",
    Metric.REFUSALS: "share of refusals",
    Metric.FAITHFUL: "share of answers with faithfulness ≥ 0.8",
}
"""What each metric is called."""

SHARES = {
    ShareKind.EMPTY: "empty answers",
    ShareKind.REFUSALS: "refusals",
    ShareKind.UNANSWERED: "unanswered",
    ShareKind.WITHOUT_SCORE: "judged without a score to compare",
}
"""What each share is called that is no judged answer."""

MOST_TIMES = 1000
"""Ratios beyond that are told as more: one side reports another unit, or hardly anything."""


def title(result: CompareResult) -> str:
    """What is compared: `release 'v42' (b) against 'v41' (a)`, or the same of two times."""
    question = result.question
    if question.by is None:
        return f"{_named_span(question.b)} (b) against {_named_span(question.a)} (a)"
    fact = question.by.replace("_", " ")
    names = f"{quoted(question.b.name)} (b) against {quoted(question.a.name)} (a)"
    return f"{fact} {names}, traces started {_span(question.a)}"


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


def worst_first(rows: Iterable[CompareRow]) -> list[CompareRow]:
    """Rows in the order in which they matter: regressed, inconclusive, pass."""
    order = (GateVerdict.REGRESSED, GateVerdict.INCONCLUSIVE, GateVerdict.PASS)
    return sorted(rows, key=lambda row: order.index(row.verdict))


def row_lines(row: CompareRow, result: CompareResult) -> Iterator[str]:
    """Everything about one row, the decisive line first."""
    yield f"{row.verdict.value}: {reason_words(row, result.rules)}"
    if row.tested is not None and row.metric is not None:
        yield from _test_lines(row.tested, row, result)
    yield from (share_words(change) for change in row.shares)
    yield f"a: {answers_words(row.a)}; b: {answers_words(row.b)}"
    yield from _unanswered_lines(row)
    if row.straddling:
        yield f"{row.straddling:,} sessions have answers on both sides; each counts as one draw"
    if row.note:
        yield row.note
    yield from map(usage_words, row.usage)


def _test_lines(test: Tested, row: CompareRow, result: CompareResult) -> Iterator[str]:
    cut = f" (risk ≥ {row.cut:g})" if row.metric is Metric.FLAGGED else ""
    yield f"{METRICS[row.metric or Metric.FLAGGED]}{cut}: a {rate_words(test.a)}, b {rate_words(test.b)}"
    yield change_words(test, tests=result.tests)
    yield visible_words(test, result.rules)


def _unanswered_lines(row: CompareRow) -> Iterator[str]:
    test = row.tested
    if test is None or test.if_unanswered_bad is None:
        return
    points = 100 * test.if_unanswered_bad
    worse = f"b would be worse by {points:.1f} points" if points > 0 else "even then b would be no worse"
    yield f"if all unanswered traces were bad on b, and all good on a: {worse}"
    if test.could_turn and row.reason is Reason.SHOWN_WORSE:
        yield "unanswered traces could turn this verdict: if all were good on b, and all bad on a"


def rate_words(side: Estimate) -> str:
    """`5.1% (4.0%–6.4%, n=812 in 401 sessions)`."""
    sessions = "" if side.n_clusters in (None, side.n) else f" in {side.n_clusters:,} sessions"
    return f"{side.value:.1%} ({side.low:.1%}–{side.high:.1%}, n={side.n:,}{sessions})"


def change_words(test: Tested, *, tests: int) -> str:
    """`b − a: +4.7 points (+2.1 to +7.3); one-sided test that b is worse: p = 0.0003`."""
    value, low, high = (f"{100 * end:+.1f}" for end in (test.change.value, test.change.low, test.change.high))
    holm = f", over all {tests:,} tests p {p_words(test.adjusted_p)}" if tests > 1 else ""
    return f"b − a: {value} points ({low} to {high}); one-sided test that b is worse: p {p_words(test.p_value)}{holm}"


def share_words(change: ShareChange) -> str:
    """`b has more empty answers: a 0.0% (0.0%–0.4%, n=1,000), b 63.3% (60.3%–66.2%, n=1,000), p < 0.0001`."""
    rose = "b is shown to have more" if change.has_risen else "b is not shown to have more"
    accepted = " (accepted: --accept)" if change.has_risen and change.is_accepted else ""
    sides = f"a {rate_words(change.a)}, b {rate_words(change.b)}"
    return f"{SHARES[change.kind]} of all selected traces: {sides}; {rose}, p {p_words(change.adjusted_p)}{accepted}"


def p_words(value: float) -> str:
    """`= 0.034`, or `< 0.0001`."""
    return "< 0.0001" if value < 0.0001 else f"= {value:.4f}"


def visible_words(test: Tested, rules: CompareRules) -> str:
    """The smallest worsening that so many answers show."""
    if test.visible is None:
        return f"no worsening, however large, is seen with a power of {rules.power:.0%} by so few"
    if test.visible == 0:
        return "a is as bad as can be: nothing could be worse"
    at = f" at p ≤ {test.level:.2g}" if test.level < rules.alpha else ""
    return f"smallest worsening that is seen with a power of {rules.power:.0%}{at}: {100 * test.visible:.1f} points"


def answers_words(side: SideAnswers) -> str:
    """`812 judged (40 refused), 12 unanswered (98.5% answered), 3 empty`."""
    share = f" ({side.response_share:.1%} answered)" if side.response_share is not None else ""
    refused = f" ({side.refused:,} refused)" if side.refused else ""
    empty = f", {side.empty:,} empty" if side.empty else ""
    return f"{side.answers:,} judged{refused}, {side.unanswered:,} unanswered{share}{empty}"


def usage_words(change: UsageChange) -> str:
    """`input tokens a request: a 812 (790–834, n=640), b 3,391 (3,300–3,480, n=655): 4.2 times — a jump`."""
    sides = ", ".join(f"{name} {_amount(side, change)}" for name, side in (("a", change.a), ("b", change.b)))
    return f"{change.name} a request: {sides}{_ratio_words(change.ratio)}{' — a jump' if change.is_jump else ''}"


def _ratio_words(ratio: float | None) -> str:
    if ratio is None:
        return ""
    if ratio >= MOST_TIMES:
        return f": more than {MOST_TIMES:,} times"
    return f": {ratio:.1f} times" if ratio >= 0.1 else f": less than a {int(min(MOST_TIMES, 1 / ratio)):,}th"


def _amount(side: Estimate | None, change: UsageChange) -> str:
    if side is None:
        return "unknown"
    if side.value == 0:
        return f"0 (most likely not reported, n={side.n:,})"
    form = {"tokens": "{:,.0f}", "USD": "{:.5f}" if side.value >= 1e-4 else "{:.2g}", "s": "{:.2f}"}[change.unit]
    value, low, high = (form.format(end) for end in (side.value, side.low, side.high))
    return f"{value} {change.unit} ({low}–{high}, n={side.n:,})".replace("tokens ", "")


SIGNS = {GateVerdict.PASS: "✅", GateVerdict.REGRESSED: "❌", GateVerdict.INCONCLUSIVE: "⚠️"}
"""Of a verdict, in Markdown."""
