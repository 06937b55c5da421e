"""From what was seen on two sides to the verdict. The words and the exit codes are the gate's."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.golden.results.gate_result import GateVerdict

LEAST_ANSWERS, LEAST_SESSIONS = 20, 10
"""On each side. Of fewer no interval holds what it promises."""


class Reason(StrEnum):
    """Why a verdict is what it is."""

    SHOWN_WORSE = "shown_worse"
    NOT_SHOWN_WORSE = "not_shown_worse"
    SHOWN_NO_WORSE = "shown_no_worse"
    NOT_SHOWN_NO_WORSE = "not_shown_no_worse"
    TOO_FEW = "too_few"
    BLIND = "blind"
    NOT_JUDGED = "not_judged"
    OTHER_REVISIONS = "other_revisions"
    NO_RATE = "no_rate"


class CompareRules(Record):
    """What the verdict is asked for.

    Attributes:
        alpha: of the test in one direction, over all rows together.
        power: probability with which a difference of `must_see` has to be seen.
        must_see: where not even a difference of this size would be seen, there is no pass.
        margin: `b` has to be shown to be worse by less than this. None: it passes unless it is shown to be worse.
    """

    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    must_see: float = Field(default=0.1, gt=0, le=1)
    margin: float | None = Field(default=None, gt=0, lt=1)


class Grounds(Record):
    """What the verdict of one row depends on.

    Attributes:
        gap: why there is nothing to compare. None: there is.
        p_value: of the test that `b` is worse, Holm's over all rows.
        at_worst: how much worse `b` may be: the upper end, in one direction, at `alpha`.
        visible: the smallest worsening that would be seen. None: not even the largest.
    """

    gap: Reason | None = None
    p_value: float = 1.0
    at_worst: float = 1.0
    visible: float | None = None


def row_verdict(grounds: Grounds, rules: CompareRules) -> tuple[GateVerdict, Reason]:
    """The verdict of one row and its reason."""
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


def overall(verdicts: Iterable[GateVerdict]) -> GateVerdict:
    """The worst of all rows: shown worse before not known before passed. Nothing compared is not known."""
    seen = set(verdicts)
    if GateVerdict.REGRESSED in seen:
        return GateVerdict.REGRESSED
    return GateVerdict.PASS if seen == {GateVerdict.PASS} else GateVerdict.INCONCLUSIVE
