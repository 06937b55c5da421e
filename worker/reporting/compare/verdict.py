"""From what was seen on two sides to the verdict. The words and the exit codes are the gate's."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.shares import ShareKind

LEAST_RULE = 1e-6
"""Below it neither a risk nor a difference can be told from 0 by what computers count with."""

LEAST_COMPARED = 0.5
"""Share of b's judged answers, by weight, that a pass has to rest on."""


class Reason(StrEnum):
    """Why a verdict is what it is."""

    SHOWN_WORSE = "shown_worse"
    MORE_EMPTY = "more_empty"
    NOT_SHOWN_WORSE = "not_shown_worse"
    SHOWN_NO_WORSE = "shown_no_worse"
    NOT_SHOWN_NO_WORSE = "not_shown_no_worse"
    TOO_FEW = "too_few"
    BLIND = "blind"
    NOT_JUDGED = "not_judged"
    OTHER_REVISIONS = "other_revisions"
    NO_RATE = "no_rate"
    MORE_UNANSWERED = "more_unanswered"
    MORE_REFUSALS = "more_refusals"
    MORE_WITHOUT_SCORE = "more_without_score"
    UNANSWERED_HIDE = "unanswered_hide"
    MOST_LEFT_OUT = "most_left_out"


_RISEN = {
    ShareKind.UNANSWERED: Reason.MORE_UNANSWERED,
    ShareKind.REFUSALS: Reason.MORE_REFUSALS,
    ShareKind.WITHOUT_SCORE: Reason.MORE_WITHOUT_SCORE,
}
"""Why there is no pass where b has more of it. Whether a refusal is good or bad is not known, so it is no alarm."""


class CompareRules(Record):
    """What the verdict is asked for.

    Attributes:
        alpha: of the tests of rates in one direction, over all rows together. Shares have a fifth of it beside them.
        power: probability with which a difference of `must_see` has to be seen.
        must_see: where not even a difference of this size would be seen, there is no pass.
        margin: `b` has to be shown to be worse by less than this. None: it passes unless it is shown to be worse.
        accept: shares that may rise.
    """

    alpha: float = Field(default=0.05, ge=LEAST_RULE, lt=0.5)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    must_see: float = Field(default=0.1, ge=LEAST_RULE, le=1)
    margin: float | None = Field(default=None, ge=LEAST_RULE, lt=1)
    accept: tuple[ShareKind, ...] = ()


class Grounds(Record):
    """What the verdict of one row depends on.

    Attributes:
        gap: why there is nothing to compare. None: there is.
        p_value: of the test that `b` is worse, Holm's over all rows.
        at_worst: how much worse `b` may be: the upper end, in one direction, at `alpha`.
        visible: the smallest worsening that would be seen. None: not even the largest.
        risen: shares that `b` is shown to have more of, and that may not rise.
        hides: whether unanswered traces could hide a worsening that a pass has to exclude.
        compared: share of b's judged answers that was compared, by weight.
    """

    gap: Reason | None = None
    p_value: float = 1.0
    at_worst: float = 1.0
    visible: float | None = None
    risen: tuple[ShareKind, ...] = ()
    hides: bool = False
    compared: float = 1.0


def row_verdict(grounds: Grounds, rules: CompareRules) -> tuple[GateVerdict, Reason]:
    """The verdict of one row and its reason."""
    verdict, reason = _of_rate(grounds, rules)
    if verdict is GateVerdict.REGRESSED:
        return verdict, reason
    if ShareKind.EMPTY in grounds.risen:
        return GateVerdict.REGRESSED, Reason.MORE_EMPTY
    obstacle = _obstacle(grounds) if verdict is GateVerdict.PASS else None
    return (verdict, reason) if obstacle is None else (GateVerdict.INCONCLUSIVE, obstacle)


def _of_rate(grounds: Grounds, rules: CompareRules) -> tuple[GateVerdict, Reason]:
    """What the compared rate says, whatever else there is."""
    if grounds.gap is not None:
        return GateVerdict.INCONCLUSIVE, grounds.gap
    is_worse = grounds.p_value <= rules.alpha
    if rules.margin is not None:
        return _against_margin(is_no_worse=grounds.at_worst < rules.margin, is_worse=is_worse)
    if is_worse:
        return GateVerdict.REGRESSED, Reason.SHOWN_WORSE
    if grounds.visible is None or grounds.visible > rules.must_see:
        return GateVerdict.INCONCLUSIVE, Reason.BLIND
    return GateVerdict.PASS, Reason.NOT_SHOWN_WORSE


def _against_margin(*, is_no_worse: bool, is_worse: bool) -> tuple[GateVerdict, Reason]:
    if is_no_worse:
        return GateVerdict.PASS, Reason.SHOWN_NO_WORSE
    if is_worse:
        return GateVerdict.REGRESSED, Reason.SHOWN_WORSE
    return GateVerdict.INCONCLUSIVE, Reason.NOT_SHOWN_NO_WORSE


def _obstacle(grounds: Grounds) -> Reason | None:
    """Why a rate that is well is no pass: it tells of too little of what b did."""
    risen = [reason for kind, reason in _RISEN.items() if kind in grounds.risen]
    if risen:
        return risen[0]
    if grounds.hides:
        return Reason.UNANSWERED_HIDE
    return Reason.MOST_LEFT_OUT if grounds.compared < LEAST_COMPARED else None


def overall(verdicts: Iterable[GateVerdict]) -> GateVerdict:
    """The worst of all rows: shown worse before not known before passed. Nothing compared is not known."""
    seen = set(verdicts)
    if GateVerdict.REGRESSED in seen:
        return GateVerdict.REGRESSED
    return GateVerdict.PASS if seen == {GateVerdict.PASS} else GateVerdict.INCONCLUSIVE
