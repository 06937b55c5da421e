"""Rows of a comparison before their verdict: one for each revision that judged both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.result import Tested
from assay.worker.reporting.compare.sides import BothSides, RowKey
from assay.worker.reporting.compare.testing import among_all, tested
from assay.worker.reporting.compare.unanswered import Unjudged, unjudged_of
from assay.worker.reporting.compare.verdict import CompareRules, Reason
from assay.worker.signals.changes import compare_rates
from assay.worker.signals.traffic import Traffic


@dataclass(frozen=True)
class Draft:
    """A row before its verdict.

    Attributes:
        traffic: of both sides.
        gap: why nothing was tested. None: it was.
        compared: share of b's judged answers that revisions of both sides judged.
    """

    key: RowKey
    revision: str
    cut: float
    traffic: tuple[Traffic | None, Traffic | None]
    metric: Metric | None = None
    tested: Tested | None = None
    unjudged: Unjudged | None = None
    gap: Reason | None = None
    compared: float = 1.0
    straddling: int = 0
    note: str = ""

    def among_all(self, rules: CompareRules, adjusted_p: float, level: float) -> Draft:
        """The same as one of all tests."""
        if self.tested is None or self.metric is None:
            return self
        return replace(self, tested=among_all(self.tested, self.metric, rules, adjusted_p, level))


def drafts_of(key: RowKey, both: BothSides, metric: Metric | None, rules: CompareRules, cut: float) -> list[Draft]:
    """One row for each revision that judged both sides. One that says why where none did."""
    if not both.shared:
        return [_without_shared(key, both, metric, cut)]
    note, compared = _left_out(both), both.compared()
    drafts = [_draft(key, name, (both.a[name], both.b[name]), metric, rules, cut) for name in both.shared]
    return [replace(draft, note=note, compared=compared) for draft in drafts]


def _draft(
    key: RowKey, revision: str, pair: tuple[Traffic, Traffic], metric: Metric | None, rules: CompareRules, cut: float
) -> Draft:
    moved = compare_rates(*pair, cut)
    asked = metric or (Metric.PROBLEM_SHARE if Metric.PROBLEM_SHARE in moved.metrics else Metric.FLAGGED)
    draft = Draft(key, revision, cut, traffic=pair, metric=asked, straddling=moved.shared_sessions)
    change = moved.metrics.get(asked)
    if change is None:
        return replace(draft, gap=Reason.NO_RATE)
    one_sided = compare_rates(*pair, cut, conf=1 - 2 * rules.alpha).metrics[asked]
    unjudged = unjudged_of(change, *pair, asked)
    return replace(draft, tested=tested(change, one_sided, asked, unjudged, rules.alpha), unjudged=unjudged)


def _without_shared(key: RowKey, both: BothSides, metric: Metric | None, cut: float) -> Draft:
    """A row that compares nothing: one side was not judged, or each by another revision."""
    a, b = (max(side.values(), key=lambda traffic: traffic.n, default=None) for side in (both.a, both.b))
    is_judged = a is not None and b is not None and a.n > 0 and b.n > 0
    gap, note = (Reason.OTHER_REVISIONS, _left_out(both)) if is_judged else (Reason.NOT_JUDGED, "")
    return Draft(key, "", cut, traffic=(a, b), metric=metric, gap=gap, note=note)


def _left_out(both: BothSides) -> str:
    """Revisions that judged one side only: their answers are in no comparison."""
    parts = [
        f"{traffic.n:,} answers of {name} by revision {revision[:12]}"
        for name, side in (("a", both.a), ("b", both.b))
        for revision, traffic in sorted(side.items())
        if traffic.n and revision not in both.shared
    ]
    return f"judged on one side only: {', '.join(parts)}" if parts else ""
