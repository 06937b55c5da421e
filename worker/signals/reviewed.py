"""What people say of a slice of traffic, by answers that were shown to them with a known probability."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from assay.judges.schema import Record
from assay.worker.ports.review_record import AskedReview, ReviewRecord
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.traffic import Bools, Floats, SliceKey, Traffic
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.judge_error import JudgeLabels
from assay.worker.statistics.second_opinion import Opinions, certain_share, drawn_share, reviewed_share
from assay.worker.statistics.verification import verified_judge

LOOK_BACK = timedelta(days=90)
"""Labels of the same revision that are as old still say how well the judge does."""

FEWEST_REVIEWS = 10
"""Labels of answers that were drawn, below which no share is told."""

_KINDS = {
    "flagged": "flagged answers",
    "other": "answers that go to people unflagged and without a draw",
    "drawn": "answers drawn by chance",
}


class PeopleRate(Record):
    """The share of answers with a risk that people see as bad, as a rate behind the traffic.

    Attributes:
        share: None where too few were reviewed.
        certain_sent, certain_reviewed: answers that all go to people: the flagged ones.
        drawn_sent, drawn_reviewed: of the others those that were drawn by chance.
        bad: how many of the reviewed people see as bad.
        note: why there is no share.
    """

    share: Estimate | None
    certain_sent: int = 0
    certain_reviewed: int = 0
    drawn_sent: int = 0
    drawn_reviewed: int = 0
    bad: int = 0
    note: str = ""


class _Columns(NamedTuple):
    """Reviews as columns. `label` is NaN where nobody said anything."""

    risk: Floats
    weight: Floats
    certain: Bools
    label: Floats

    def opinions(self, rows: Bools) -> Opinions:
        """Labels of these."""
        seen = rows & ~np.isnan(self.label)
        return Opinions(self.label[seen], self.risk[seen], self.weight[seen])


class Reviews:
    """All reviews that a report needs."""

    def __init__(self, reviews: Sequence[AskedReview] = (), *, since: datetime | None = None) -> None:
        """Keep them.

        Args:
            reviews: those of the period, and of some time before it.
            since: when the period begins.
        """
        self._by_slice: dict[tuple[str, str, str], list[AskedReview]] = {}
        self._since = since
        for review in reviews:
            key = review.use_case, review.rubric, review.design.revision
            self._by_slice.setdefault(key, []).append(review)

    def people(self, key: SliceKey, traffic: Traffic, cut: float) -> PeopleRate | None:
        """The share of a slice that people see as bad. None where nobody was asked."""
        own = [each for each in self._of(key) if self._since is None or each.design.started_at >= self._since]
        return people_rate(own, traffic, cut) if own else None

    def labels(self, key: SliceKey, cut: float) -> JudgeLabels | None:
        """How well the judge did on what was reviewed, flags at this cut. None where that cannot be said."""
        return reviewed_judge(self._of(key), cut)

    def _of(self, key: SliceKey) -> Sequence[AskedReview]:
        return self._by_slice.get((key.use_case, key.rubric, key.revision), [])


async def read_reviews(record: ReviewRecord | None, query: HistoryQuery) -> Reviews:
    """The reviews of a period and of the 90 days before its end.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    if record is None:
        return Reviews()
    wider = query.model_copy(update={"since": min(query.since, query.until - LOOK_BACK)})
    return Reviews(await record.asked(wider), since=query.since)


def people_rate(reviews: Sequence[AskedReview], traffic: Traffic, cut: float) -> PeopleRate:
    """The share of a slice's answers with a risk that people see as bad.

    Args:
        reviews: those of the slice.
        traffic: the slice.
        cut: the risk from which on an answer is flagged.
    """
    columns = _columns(reviews)
    drawn, seen = ~columns.certain, ~np.isnan(columns.label)
    told = PeopleRate(
        share=None,
        certain_sent=int(columns.certain.sum()),
        certain_reviewed=int((columns.certain & seen).sum()),
        drawn_sent=int(drawn.sum()),
        drawn_reviewed=int((drawn & seen).sum()),
        bad=int(columns.label[seen].sum()),
    )
    flagged = columns.certain & (columns.risk >= cut)
    classes = {"flagged": flagged, "other": columns.certain & ~flagged, "drawn": drawn}
    masses = _masses(traffic, cut, float(columns.weight[classes["other"]].sum()))
    opinions = {name: columns.opinions(rows) for name, rows in classes.items()}
    if missing := _missing(masses, opinions, others=int(classes["other"].sum())):
        return told.model_copy(update={"note": missing})
    total = sum(masses.values())
    parts = [
        (masses[name] / total, certain_share(opinions[name])) for name in ("flagged", "other") if opinions[name].size
    ]
    if masses["drawn"] and opinions["drawn"].size:
        expected = _expected(traffic, cut, columns.risk[classes["other"]], columns.weight[classes["other"]])
        parts.append((masses["drawn"] / total, drawn_share(opinions["drawn"], expected)))
    share = reviewed_share(parts, traffic_size=_size(traffic), freedom=_freedom(opinions), n=int(seen.sum()))
    return told.model_copy(update={"share": share})


def reviewed_judge(reviews: Sequence[AskedReview], cut: float) -> JudgeLabels | None:
    """Sensitivity and specificity of a judge by reviews, as labels that count as many as they are worth.

    Args:
        reviews: of one use case, rubric and revision.
        cut: the risk from which on an answer is flagged.
    """
    columns = _columns(reviews)
    seen = ~np.isnan(columns.label)
    if not seen.any():
        return None
    flagged = columns.risk >= cut
    masses = [float(columns.weight[rows].sum()) for rows in (flagged, ~flagged)]
    labels, weights = columns.label[seen], _made_up(columns, flagged, seen)[seen]
    shares = verified_judge(labels, flagged[seen], weights, *masses)
    if shares is None:
        return None
    sensitivity, specificity = shares
    moments = [each.reviewed_at for each in reviews if each.label is not None and each.reviewed_at is not None]
    return JudgeLabels(
        positives=sensitivity.size,
        caught=sensitivity.size * sensitivity.value,
        negatives=specificity.size,
        passed=specificity.size * specificity.value,
        by="reviews",
        given=(int(labels.sum()), int((1 - labels).sum())),
        since=min(moments, default=None),
        until=max(moments, default=None),
    )


def _columns(reviews: Sequence[AskedReview]) -> _Columns:
    """Those of answers with a risk."""
    rows = [
        (each.design.risk, 1 / (each.design.pi * each.design.review_pi), each.design.review_pi >= 1, each.label)
        for each in reviews
        if each.design.risk is not None
    ]
    table = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64)
    risk, weight, certain, label = table.reshape(-1, 4).T
    return _Columns(risk, weight, certain == 1, label)


def _masses(traffic: Traffic, cut: float, other: float) -> dict[str, float]:
    """How much of the traffic each class is. What goes to people for another reason than a flag is known by itself."""
    has_risk = ~np.isnan(traffic.risk)
    risk, weight = traffic.risk[has_risk], 1 / traffic.pi[has_risk]
    flagged, passed = float(weight[risk >= cut].sum()), float(weight[risk < cut].sum())
    other = min(other, passed)
    rest = passed - other
    return {"flagged": flagged, "other": other, "drawn": rest if rest > 1e-9 * passed else 0.0}


def _expected(traffic: Traffic, cut: float, other: Floats, weights: Floats) -> float | None:
    """The mean risk of what is drawn by chance: all that is not flagged, without what goes to people all the same.

    Args:
        traffic: the slice.
        cut: the risk from which on an answer is flagged.
        other: risks of what is not flagged and goes to people all the same. It may be much riskier than the rest.
        weights: of these.

    Returns:
        None where no risk is a probability.
    """
    rows = traffic.risk < cut
    mass = float((1 / traffic.pi[rows]).sum()) - float(weights.sum())
    if not traffic.calibrated or mass <= 0:
        return None
    total = float((traffic.risk[rows] / traffic.pi[rows]).sum()) - float((other * weights).sum())
    return min(cut, max(0.0, total / mass))


def _size(traffic: Traffic) -> float:
    """How many independent answers the weights of those with a risk are worth; a session is one."""
    has_risk = ~np.isnan(traffic.risk)
    sums = np.bincount(traffic.cluster_codes[has_risk], weights=1 / traffic.pi[has_risk])
    return float(sums.sum()) ** 2 / float((sums**2).sum())


def _missing(masses: dict[str, float], opinions: dict[str, Opinions], others: int) -> str:
    """What keeps a share from being told. `others`: how many unflagged answers go to people without a draw."""
    if not any(masses.values()):
        return "no answer has a risk"
    # Where nothing is left to draw, these alone tell what the judge misses.
    needed = {"flagged": 1, "other": 1 if masses["drawn"] else min(FEWEST_REVIEWS, others), "drawn": FEWEST_REVIEWS}
    for name, kind in _KINDS.items():
        few = opinions[name].labels.size
        if masses[name] and few < needed[name]:
            return f"{few} reviews of {kind}; {needed[name]} {'is' if needed[name] == 1 else 'are'} needed"
    return ""


def _freedom(opinions: dict[str, Opinions]) -> float:
    drawn = opinions["drawn"]
    return (drawn.size if drawn.labels.size else sum(each.size for each in opinions.values())) - 1


def _made_up(columns: _Columns, flagged: Bools, seen: Bools) -> Floats:
    """Weights with those of the same class that nobody has looked at yet."""
    weights = columns.weight.copy()
    for rows in (columns.certain & flagged, columns.certain & ~flagged, ~columns.certain):
        answered = float(columns.weight[rows & seen].sum())
        if answered:
            weights[rows] *= float(columns.weight[rows].sum()) / answered
    return weights
