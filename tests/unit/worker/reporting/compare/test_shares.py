"""A release that gives fewer answers to judge does not look well by it: empty, refused, unanswered, without a score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.records.history import HistoryRow
from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.shares import ShareKind
from assay.worker.reporting.compare.verdict import Reason
from tests.unit.worker.reporting.compare.rows import release
from tests.unit.worker.reporting.compare.test_comparing import compared, only_row, releases, told

NOT_JUDGED: dict[str, Any] = {"risk": None, "faithfulness": None, "groundedness": None, "calibrated": None}
LOST = {**NOT_JUDGED, "revision": None, "judge": None}
ENDS: dict[ShareKind, dict[str, Any]] = {
    ShareKind.EMPTY: {**LOST, "state": "skipped", "reason": "empty_response"},
    ShareKind.REFUSALS: {**NOT_JUDGED, "reason": "refusal"},
    ShareKind.UNANSWERED: {**LOST, "state": "dead", "reason": "poison"},
    ShareKind.WITHOUT_SCORE: {**NOT_JUDGED, "reason": "no_evidence"},
}
"""How a trace ends that has no score to compare."""

OTHER_ENDS = [
    (ShareKind.EMPTY, {**LOST, "state": "skipped", "reason": "no_response"}),
    (ShareKind.UNANSWERED, {**LOST, "state": "skipped", "reason": "too_long"}),
    (ShareKind.WITHOUT_SCORE, {**NOT_JUDGED, "reason": "no_claims"}),
]
MORE = {
    ShareKind.EMPTY: (GateVerdict.REGRESSED, Reason.MORE_EMPTY),
    ShareKind.REFUSALS: (GateVerdict.INCONCLUSIVE, Reason.MORE_REFUSALS),
    ShareKind.UNANSWERED: (GateVerdict.INCONCLUSIVE, Reason.MORE_UNANSWERED),
    ShareKind.WITHOUT_SCORE: (GateVerdict.INCONCLUSIVE, Reason.MORE_WITHOUT_SCORE),
}
"""What the verdict is where b has more of it."""


def side(name: str, answers: int, others: int, **end: Any) -> Iterator[HistoryRow]:
    """A release with answers as they should be, and others."""
    yield from release(name, answers, 0.05)
    yield from release(name, others, 0.0, seed=7, **end)


@pytest.mark.parametrize(("kind", "end"), [*ENDS.items(), *OTHER_ENDS])
def test_what_b_shows_more_of_is_no_pass_and_has_a_line(kind: ShareKind, end: dict[str, Any]) -> None:
    result = compared([*side("v41", 600, 0), *side("v42", 400, 250, **end)])
    row = only_row(result)
    assert (row.verdict, row.reason) == MORE[kind]
    assert [(change.kind, change.has_risen, change.b.n) for change in row.shares] == [(kind, True, 650)]
    assert "b is shown to have more, p < 0.0001" in told(result)


@pytest.mark.parametrize("kind", ShareKind)
@pytest.mark.parametrize("share", [20, 60])
def test_as_much_of_it_on_both_sides_passes(kind: ShareKind, share: int) -> None:
    others = {name: side(name, 800, share, **ENDS[kind]) for name in ("v41", "v42")}
    result = compared([row for rows in others.values() for row in rows])
    assert (result.exit_code, only_row(result).reason) == (0, Reason.NOT_SHOWN_WORSE)
    assert "b is not shown to have more" in told(result)


@pytest.mark.parametrize("kind", ShareKind)
def test_less_of_it_on_b_passes(kind: ShareKind) -> None:
    result = compared([*side("v41", 600, 60, **ENDS[kind]), *side("v42", 600, 0)])
    assert result.exit_code == 0


@pytest.mark.parametrize("kind", ShareKind)
def test_what_is_accepted_blocks_nothing(kind: ShareKind) -> None:
    rows = [*side("v41", 600, 0), *side("v42", 400, 250, **ENDS[kind])]
    result = compared(rows, accept=(kind,))
    assert result.exit_code == 0
    assert "(accepted: --accept)" in told(result)


@pytest.mark.parametrize(
    ("kind", "exit_code", "words"),
    [
        (ShareKind.EMPTY, 1, "b is shown to give no answer more often"),
        (ShareKind.REFUSALS, 3, "every judged answer of b refused"),
        (ShareKind.UNANSWERED, 3, "nothing was judged on side b in this use case: 300 unanswered traces of b"),
        (ShareKind.WITHOUT_SCORE, 3, "no answer of b has a risk"),
    ],
)
def test_a_release_that_gives_nothing_else_is_told_as_it_is(kind: ShareKind, exit_code: int, words: str) -> None:
    result = compared([*side("v41", 300, 0), *side("v42", 0, 300, **ENDS[kind])])
    assert result.exit_code == exit_code
    assert words in told(result)
    assert "judged on one side only" not in told(result)


@pytest.mark.parametrize("metric", [Metric.REFUSALS, Metric.FAITHFUL, Metric.FLAGGED])
@pytest.mark.parametrize("kind", [ShareKind.EMPTY, ShareKind.UNANSWERED])
def test_every_metric_is_guarded(metric: Metric, kind: ShareKind) -> None:
    rows = [*side("v41", 600, 0), *side("v42", 300, 400, **ENDS[kind])]
    assert compared(rows, releases(metric=metric)).exit_code != 0


@pytest.mark.parametrize("kind", ShareKind)
def test_a_handful_of_them_shows_nothing(kind: ShareKind) -> None:
    result = compared([*side("v41", 600, 0), *side("v42", 600, 2, **ENDS[kind])])
    assert result.exit_code == 0


def test_as_many_unanswered_on_both_sides_may_hide_what_a_pass_excludes() -> None:
    lost = ENDS[ShareKind.UNANSWERED]
    rows = [*side("v41", 600, 120, **lost), *side("v42", 600, 120, **lost)]
    result = compared(rows)
    test = only_row(result).tested
    assert test is not None
    assert test.if_unanswered_bad == pytest.approx(0.17, abs=0.05)
    assert (only_row(result).reason, result.exit_code) == (Reason.UNANSWERED_HIDE, 3)
    assert "could hide a worsening of 10 points (--must-see)" in told(result)
    assert compared(rows, must_see=0.3).exit_code == 0
    assert compared(rows, accept=(ShareKind.UNANSWERED,)).exit_code == 0


def test_a_margin_is_held_against_the_unanswered_too() -> None:
    lost = ENDS[ShareKind.UNANSWERED]
    few = [*side("v41", 800, 40, **lost), *side("v42", 800, 40, **lost)]
    assert compared([*side("v41", 800, 0), *side("v42", 800, 0)], margin=0.06).exit_code == 0
    assert only_row(compared(few, margin=0.06)).reason is Reason.UNANSWERED_HIDE
    assert compared(few, margin=0.15).exit_code == 0


def test_a_worsening_that_unanswered_traces_could_undo_stays_one_and_is_told() -> None:
    lost = side("v41", 800, 200, **ENDS[ShareKind.UNANSWERED])
    result = compared([*lost, *release("v42", 800, 0.15)])
    assert (result.exit_code, only_row(result).reason) == (1, Reason.SHOWN_WORSE)
    assert "unanswered traces could turn this verdict: if all were good on b, and all bad on a" in told(result)
