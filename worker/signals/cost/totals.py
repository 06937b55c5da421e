"""What all traffic cost, estimated from the traces that were selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.worker.signals.cost.rows import CostRows
from assay.worker.signals.traffic import Bools, Floats
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.ratios import draws_mean
from assay.worker.statistics.student import critical_value
from assay.worker.statistics.totals import Total, estimated_total


class Part(NamedTuple):
    """The traffic of one value of a fact. None: the traces do not tell it.

    Attributes:
        total: None where no cost of it is known.
        n: traces of the sample, whether they tell their cost or not.
        requests: of all traffic, as the weights say.
    """

    value: str | None
    total: Total | None
    n: int
    requests: float
    per_request: Estimate | None


def whole_total(rows: CostRows) -> Total | None:
    """The cost of all traffic. None where too few traces tell theirs."""
    return _total(rows, None)


def parts_by(rows: CostRows, fact: str) -> list[Part]:
    """The cost by the values of a fact, the dearest first, and what is not known last.

    Args:
        rows: of one use case.
        fact: a name of `FACTS`, or `day`.
    """
    codes, values = _days(rows) if fact == "day" else (rows.facts[fact], rows.values[fact])
    weights = np.bincount(codes, weights=_scaled(rows), minlength=len(values))
    parts = []
    for code, (value, requests) in enumerate(zip(values, weights.tolist(), strict=False)):
        members = codes == code
        if members.any():
            mean = request_mean(rows.cost_usd[members], rows.pi[members])
            parts.append(Part(value, _total(rows, members), int(members.sum()), requests, mean))
    if fact == "day":
        return sorted(parts, key=lambda part: part.value or "")
    return sorted(parts, key=lambda part: (part.total is None, -(part.total.value if part.total else part.requests)))


def request_mean(values: Floats, pis: Floats) -> Estimate | None:
    """The weighted mean of what is known, as that of the requests behind the traffic. None below two values."""
    known = draws_mean(values, pis)
    if known is None:
        return None
    mean, variance, freedom = known
    half = critical_value(0.95, freedom) * float(np.sqrt(variance))
    n = int((~np.isnan(values)).sum())
    return Estimate(value=mean, low=max(0.0, mean - half), high=mean + half, n=n)


def requests(rows: CostRows) -> float:
    """Traces of all traffic."""
    return float(rows.weights.sum()) + sum(rows.silent.values())


def is_counted(rows: CostRows) -> bool:
    """Whether that number was counted, and does not come from the sample."""
    return bool(rows.size) and bool(rows.counted.all())


def _total(rows: CostRows, members: Bools | None) -> Total | None:
    return estimated_total(rows.cost_usd, rows.pi, _scaled(rows), members=members, counted=is_counted(rows))


def _scaled(rows: CostRows) -> Floats:
    """Weights with what days without rows add: those are taken to be like the others."""
    own = float(rows.weights.sum())
    scaled: Floats = rows.weights * (requests(rows) / own) if own else rows.weights
    return scaled


def _days(rows: CostRows) -> tuple[np.ndarray, Sequence[str | None]]:
    days, codes = np.unique(rows.days, return_inverse=True)
    return codes.astype(np.int64), np.datetime_as_string(days.astype("datetime64[D]")).tolist()
