"""Compare two slices of production traffic, row by row: is the second worse?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.ports.history import HistoryReader
from assay.worker.reporting.compare.question import Metric, Question
from assay.worker.reporting.compare.result import CompareResult, CompareRow, SideAnswers, Tested
from assay.worker.reporting.compare.sides import BothSides, RowKey, read_sides
from assay.worker.reporting.compare.testing import adjusted, could_turn, grounds_of, tested
from assay.worker.reporting.compare.usage import Usage, UsageChange, changes, read_usage
from assay.worker.reporting.compare.verdict import CompareRules, Grounds, Reason, overall, row_verdict
from assay.worker.signals.changes import MetricChange, compare_rates
from assay.worker.signals.rates import Rates, rates
from assay.worker.signals.traffic import Traffic
from assay.worker.statistics.difference import Difference


@dataclass(frozen=True)
class Draft:
    """A row before Holm and its verdict."""

    key: RowKey
    revision: str
    cut: float
    sides: tuple[Rates | None, Rates | None]
    traffic: tuple[Traffic | None, Traffic | None]
    metric: Metric | None = None
    tested: Tested | None = None
    one_sided: Difference | None = None
    gap: Reason | None = None
    straddling: int = 0
    note: str = ""


async def compare(
    history: HistoryReader, question: Question, rules: CompareRules, cut_of: Callable[[str], float]
) -> CompareResult:
    """The whole comparison.

    Args:
        history: the record.
        question: which slices.
        rules: what the verdict is asked for.
        cut_of: the risk from which on an answer is flagged, by the rubric's name.

    Raises:
        HistoryUnavailable
        ConfigurationError: the sides are one, or the record has no such value.
    """
    question.check()
    sides = await read_sides(history, question)
    drafts = [
        draft
        for key, both in sides.items()
        for draft in drafts_of(key, both, question.metric, rules, cut_of(key.rubric))
    ]
    usage = await _usage(history, question)
    rows = tuple(_row(draft, usage, rules) for draft in with_holm(drafts))
    return CompareResult(question=question, rules=rules, rows=rows, verdict=overall(row.verdict for row in rows))


def drafts_of(key: RowKey, both: BothSides, metric: Metric | None, rules: CompareRules, cut: float) -> list[Draft]:
    """One row for each revision that judged both sides; one that says why where none did."""
    if not both.shared:
        return [_without_shared(key, both, cut)]
    note = _left_out(both)
    return [
        replace(_draft(key, name, (both.a[name], both.b[name]), metric, rules, cut), note=note) for name in both.shared
    ]


def _draft(
    key: RowKey, revision: str, pair: tuple[Traffic, Traffic], metric: Metric | None, rules: CompareRules, cut: float
) -> Draft:
    before, after = pair
    moved = compare_rates(before, after, cut)
    draft = Draft(
        key=key,
        revision=revision,
        cut=cut,
        sides=(rates(before, cut), rates(after, cut)),
        traffic=pair,
        straddling=moved.shared_sessions,
    )
    shown = moved.metrics
    asked = metric or (Metric.PROBLEM_SHARE if Metric.PROBLEM_SHARE in shown else Metric.FLAGGED)
    change = shown.get(asked)
    if change is None:
        return replace(draft, metric=asked, gap=Reason.NO_RATE)
    one_sided: MetricChange = compare_rates(before, after, cut, conf=1 - 2 * rules.alpha).metrics[asked]
    test = tested(change, one_sided, asked, rules)
    return replace(draft, metric=asked, tested=test, one_sided=one_sided.difference)


def _without_shared(key: RowKey, both: BothSides, cut: float) -> Draft:
    """A row that compares nothing: one side was not judged, or each by another revision."""
    a, b = (max(side.values(), key=lambda traffic: traffic.n, default=None) for side in (both.a, both.b))
    is_judged = a is not None and b is not None and a.n > 0 and b.n > 0
    return Draft(
        key=key,
        revision="",
        cut=cut,
        sides=(None if a is None else rates(a, cut), None if b is None else rates(b, cut)),
        traffic=(a, b),
        gap=Reason.OTHER_REVISIONS if is_judged else Reason.NOT_JUDGED,
        note=_left_out(both),
    )


def _left_out(both: BothSides) -> str:
    """Revisions that judged one side only: their answers are in no comparison."""
    parts = [
        f"{traffic.n:,} answers of {name} by revision {revision[:12]}"
        for name, side in (("a", both.a), ("b", both.b))
        for revision, traffic in sorted(side.items())
        if traffic.n and revision not in both.shared
    ]
    return f"judged on one side only: {', '.join(parts)}" if parts else ""


def with_holm(drafts: Sequence[Draft]) -> list[Draft]:
    """The rows with p-values that hold over all of them together."""
    tests = iter(adjusted([draft.tested for draft in drafts if draft.tested is not None]))
    return [draft if draft.tested is None else replace(draft, tested=next(tests)) for draft in drafts]


def _row(draft: Draft, usage: tuple[Usage, Usage], rules: CompareRules) -> CompareRow:
    grounds = Grounds(gap=draft.gap) if draft.tested is None else grounds_of(draft.tested)
    verdict, reason = row_verdict(grounds, rules)
    a, b = draft.traffic
    return CompareRow(
        use_case=draft.key.use_case,
        rubric=draft.key.rubric,
        revision=draft.revision,
        cut=draft.cut,
        metric=draft.metric,
        a=_answers(a, draft.sides[0]),
        b=_answers(b, draft.sides[1]),
        tested=_with_bounds(draft, is_worse=verdict is GateVerdict.REGRESSED),
        straddling=draft.straddling,
        usage=_usage_of(draft.key, usage),
        verdict=verdict,
        reason=reason,
        note=draft.note,
    )


def _with_bounds(draft: Draft, *, is_worse: bool) -> Tested | None:
    """The test with what unanswered traces could do to it, where bounds of the same metric are known."""
    a, b = draft.sides
    if draft.tested is None or draft.one_sided is None or draft.metric is None or a is None or b is None:
        return draft.tested
    bounded = {Metric.PROBLEM_SHARE if side.problem_share is not None else Metric.FLAGGED for side in (a, b)}
    if bounded != {draft.metric}:
        return draft.tested
    turns = could_turn(draft.tested, draft.one_sided, draft.metric, (a.bounds, b.bounds), is_worse=is_worse)
    return draft.tested.model_copy(update={"could_turn": turns})


def _answers(traffic: Traffic | None, seen: Rates | None) -> SideAnswers:
    if traffic is None or seen is None:
        return SideAnswers()
    return SideAnswers(
        answers=traffic.n, unanswered=int(traffic.unanswered.pi.size), response_share=seen.response_share
    )


async def _usage(history: HistoryReader, question: Question) -> tuple[Usage, Usage]:
    if question.by is None:
        a = await read_usage(history, question.query(question.a), None, [None])
        b = await read_usage(history, question.query(question.b), None, [None])
        return a[None], b[None]
    query = question.query(question.a)
    sides = await read_usage(history, query, question.by, [question.a.value, question.b.value])
    return sides[question.a.value], sides[question.b.value]


def _usage_of(key: RowKey, usage: tuple[Usage, Usage]) -> tuple[UsageChange, ...]:
    a, b = (side.get((key.use_case, key.rubric)) for side in usage)
    return changes(a, b)
