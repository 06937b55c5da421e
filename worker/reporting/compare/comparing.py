"""Compare two slices of production traffic, row by row: is the second worse?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assay.worker.ports.history import HistoryReader
from assay.worker.reporting.compare.drafts import Draft, drafts_of
from assay.worker.reporting.compare.family import PART_OF_SHARES, Family
from assay.worker.reporting.compare.question import Question
from assay.worker.reporting.compare.result import CompareResult
from assay.worker.reporting.compare.rows import finished
from assay.worker.reporting.compare.selected import Selected, read_selected
from assay.worker.reporting.compare.shares import ShareChange, share_changes
from assay.worker.reporting.compare.sides import BothSides, RowKey, check_values, read_sides
from assay.worker.reporting.compare.verdict import CompareRules, overall

Shares = Mapping[RowKey, tuple[ShareChange, ...]]


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
    selected = await read_selected(history, question)
    check_values(question, selected.values)
    return compared(question, rules, await read_sides(history, question), selected, cut_of)


def compared(
    question: Question,
    rules: CompareRules,
    sides: Mapping[RowKey, BothSides],
    selected: Selected,
    cut_of: Callable[[str], float],
) -> CompareResult:
    """The same of what was read."""
    keys = sorted({*sides, *(RowKey(*key) for key in (*selected.a, *selected.b))})
    drafts = [
        draft
        for key in keys
        for draft in drafts_of(key, sides.get(key, BothSides({}, {})), question.metric, rules, cut_of(key.rubric))
    ]
    shares = {key: share_changes(selected.a.get(key), selected.b.get(key), question.metric) for key in keys}
    drafts, shares = with_holm(drafts, shares, rules)
    rows = tuple(finished(draft, shares[draft.key], selected, rules) for draft in drafts)
    return CompareResult(
        question=question,
        rules=rules,
        rows=rows,
        tests=sum(draft.tested is not None for draft in drafts),
        verdict=overall(row.verdict for row in rows),
    )


def with_holm(
    drafts: Sequence[Draft], shares: Shares, rules: CompareRules
) -> tuple[list[Draft], dict[RowKey, tuple[ShareChange, ...]]]:
    """Rows with p-values that hold over all rows together, and shares with those that hold over all shares."""
    of_shares = [change.p_value for changes in shares.values() for change in changes]
    of_rates = [draft.tested.p_value for draft in drafts if draft.tested is not None]
    rates = Family(of_rates, rules.alpha)
    holm = zip(rates.adjusted(), rates.levels(), strict=True)
    tested = [draft if draft.tested is None else draft.among_all(rules, *next(holm)) for draft in drafts]
    rises = iter(Family(of_shares, rules.alpha, PART_OF_SHARES).adjusted())
    return tested, {key: tuple(_share(each, next(rises), rules) for each in changes) for key, changes in shares.items()}


def _share(change: ShareChange, adjusted_p: float, rules: CompareRules) -> ShareChange:
    update = {
        "adjusted_p": adjusted_p,
        "has_risen": adjusted_p <= rules.alpha,
        "is_accepted": change.kind in rules.accept,
    }
    return change.model_copy(update=update)
