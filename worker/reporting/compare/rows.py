"""From a draft to a row of the result: its verdict, and what both sides rest on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.drafts import Draft
from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.result import CompareRow, SideAnswers, Tested
from assay.worker.reporting.compare.selected import Selected, SelectedRows
from assay.worker.reporting.compare.shares import ShareChange, ShareKind, count
from assay.worker.reporting.compare.testing import could_undo, grounds_of
from assay.worker.reporting.compare.unanswered import rows_of
from assay.worker.reporting.compare.usage import changes
from assay.worker.reporting.compare.verdict import CompareRules, Grounds, row_verdict
from assay.worker.signals.changes import compare_rates
from assay.worker.signals.estimators import response_share
from assay.worker.signals.traffic import Traffic


def finished(draft: Draft, shares: tuple[ShareChange, ...], selected: Selected, rules: CompareRules) -> CompareRow:
    """The row with its verdict."""
    grounds = _grounds(draft, shares, rules)
    verdict, reason = row_verdict(grounds, rules)
    a, b = selected.a.get(draft.key), selected.b.get(draft.key)
    return CompareRow(
        use_case=draft.key.use_case,
        rubric=draft.key.rubric,
        revision=draft.revision,
        cut=draft.cut,
        metric=draft.metric,
        a=_answers(draft.traffic[0], a, draft.metric),
        b=_answers(draft.traffic[1], b, draft.metric),
        tested=_with_turn(draft, grounds, rules),
        shares=shares,
        compared=draft.compared,
        straddling=draft.straddling,
        usage=changes(a, b),
        verdict=verdict,
        reason=reason,
        note=draft.note,
    )


def _grounds(draft: Draft, shares: Iterable[ShareChange], rules: CompareRules) -> Grounds:
    if draft.tested is None or draft.metric is None:
        grounds = Grounds(gap=draft.gap)
    else:
        grounds = grounds_of(draft.tested, draft.metric, rules)
    risen = tuple(change.kind for change in shares if change.has_risen and not change.is_accepted)
    hides = grounds.hides and ShareKind.UNANSWERED not in rules.accept
    return grounds.model_copy(update={"risen": risen, "hides": hides, "compared": draft.compared})


def _with_turn(draft: Draft, grounds: Grounds, rules: CompareRules) -> Tested | None:
    """The test, with whether unanswered traces could turn what its rate says."""
    test, metric = draft.tested, draft.metric
    before, after = draft.traffic
    if test is None or metric is None or before is None or after is None or draft.unjudged is None:
        return test
    by_rate = grounds.model_copy(update={"risen": ()})
    turns = grounds.hides
    if row_verdict(by_rate, rules)[0] is GateVerdict.REGRESSED:
        at_level = compare_rates(before, after, draft.cut, conf=1 - 2 * test.level).metrics[metric]
        turns = could_undo(at_level.difference, metric, draft.unjudged)
    return test.model_copy(update={"could_turn": turns})


def _answers(traffic: Traffic | None, rows: SelectedRows | None, metric: Metric | None) -> SideAnswers:
    empty = count(ShareKind.EMPTY, rows, metric)
    if traffic is None:
        return SideAnswers(empty=empty)
    with_score = rows_of(traffic, metric)
    return SideAnswers(
        answers=traffic.n,
        with_score=int(with_score.sum()),
        sessions=int(np.unique(traffic.clusters[with_score]).size),
        refused=int(traffic.is_state("refusal").sum()),
        unanswered=int(traffic.unanswered.pi.size),
        response_share=response_share(traffic),
        empty=empty,
    )
