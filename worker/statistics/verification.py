"""Sensitivity and specificity of a judge where its own word decided who was looked at: verification bias taken out.

Of the flagged answers people see all, of the others a few, drawn with a known probability. Each label stands for 1/π
answers (Begg & Greenes 1983, with weights). What such a label is worth is less than one: the bad answers that the judge
missed are known from few draws, and each of them stands for many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Verified(NamedTuple):
    """A share of the judge's, and how many independent labels it is worth."""

    value: float
    size: float


class _Class(NamedTuple):
    """What people say of one kind of answers.

    Attributes:
        mass: how much of the traffic they are.
        bad: the share of bad ones.
        size: labels that it rests on.
    """

    mass: float
    bad: float
    size: float

    @property
    def smoothed(self) -> float:
        """The share of bad ones with half a label of each kind added, so that none seen is not none at all."""
        return (self.bad * self.size + 0.5) / (self.size + 1)

    @property
    def variance(self) -> float:
        """Of the mass of the bad ones."""
        return self.mass**2 * self.smoothed * (1 - self.smoothed) / (self.size + 1)


def verified_judge(
    labels: Floats, flagged: Bools, weights: Floats, flagged_mass: float, passed_mass: float
) -> tuple[Verified, Verified] | None:
    """Sensitivity and specificity, each with its effective number of labels.

    Args:
        labels: 1 where people see a problem, else 0.
        flagged: whether the judge flagged the answer.
        weights: 1/π of each label, π that of having been selected, and then shown to people.
        flagged_mass: how much of the traffic is flagged, in the same unit as the other mass.
        passed_mass: how much is not.

    Returns:
        None where one of both kinds has no label, or people see none that is bad, or none that is good.
    """
    if not flagged.any() or flagged.all():
        return None
    high = _of(labels[flagged], weights[flagged], flagged_mass)
    low = _of(labels[~flagged], weights[~flagged], passed_mass)
    bad = high.mass * high.bad + low.mass * low.bad
    good = high.mass + low.mass - bad
    if bad <= 0 or good <= 0:
        return None
    caught, passed = high.mass * high.bad / bad, low.mass * (1 - low.bad) / good
    sensitivity = _worth(high.mass * high.smoothed, low.mass * low.smoothed, high.variance, low.variance)
    specificity = _worth(low.mass * (1 - low.smoothed), high.mass * (1 - high.smoothed), low.variance, high.variance)
    return Verified(caught, sensitivity), Verified(passed, specificity)


def _of(labels: Floats, weights: Floats, mass: float) -> _Class:
    total = float(weights.sum())
    size = total**2 / float((weights**2).sum())
    return _Class(mass, float((weights * labels).sum()) / total, size)


def _worth(right: float, wrong: float, of_right: float, of_wrong: float) -> float:
    """How many labels a share right/(right + wrong) is worth: those of a binomial share with its variance."""
    share = right / (right + wrong)
    variance = (wrong**2 * of_right + right**2 * of_wrong) / (right + wrong) ** 4
    return share * (1 - share) / variance
