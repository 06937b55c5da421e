"""How well the rates of a plan will be known: ± points, and the days until a change is visible."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.flow.backfill.range_plan import PlannedRubric, RangePlan
from assay.worker.flow.rates import DAY
from assay.worker.statistics.sample_size import half_width, size_per_side

ASSUMED_RATE = 0.05
"""Share of bad answers that the precision is told for where none was measured. It is about the largest a team would
live with."""

CHANGE = 0.02
"""The change that the days are told for: two points."""

ASSUMED = "assumed: 5 % bad answers, each independent of the others"
"""What precision rests on where nothing was measured."""


class Measured(Record):
    """What past days of one use case and rubric say.

    Attributes:
        rate: share of answers with a problem.
        answers: how many answers with a risk that comes from.
        answered: which share of the selected traces got a risk.
        design_effect: how many answers are worth one independent one. Sessions and weights raise it, a mean of risks
            lowers it.
        of: what the rate is, e.g. `flagged`.
        days: of how many days.
    """

    rate: float = Field(ge=0.0, le=1.0)
    answers: int
    answered: float = Field(gt=0.0, le=1.0)
    design_effect: float = Field(gt=0.0)
    of: str
    days: int

    @property
    def basis(self) -> str:
        """What it rests on, as people read it."""
        return (
            f"measured on {self.answers:,} answers of the last {self.days} days: {self.rate:.1%} {self.of}, "
            f"{self.design_effect:.2g} of them are worth one independent answer, "
            f"and {self.answered:.0%} of the selected get a risk"
        )


class Precision(Record):
    """How well a rate will be known.

    Attributes:
        judged: traces that are judged in the plan's time.
        traces: traces there are.
        assumed_rate: the rate that it is told for: the measured one, or an assumption.
        points: half the width of the 95 % interval, in points.
        days_to_see: days until a change of two points is seen (two-sided 5 %, power 80 %), as many before it as
            after it. None where nothing is judged.
        design_effect: how many answers are taken to be worth one independent answer.
        basis: what was measured and what was assumed.
    """

    use_case: str
    rubric: str
    judged: int
    traces: int
    assumed_rate: float = ASSUMED_RATE
    points: float | None
    days_to_see: float | None = None
    design_effect: float = 1.0
    basis: str = ASSUMED


MeasuredRates = Mapping[tuple[str, str], Measured]
"""By use case and rubric."""


def precision_of(plan: RangePlan, measured: MeasuredRates | None = None) -> list[Precision]:
    """How well the rates of a plan will be known, from all that is judged then."""
    traces = {case.use_case: case.traces for case in plan.use_cases}
    days = max(1.0, (plan.end - plan.start) / DAY)
    known = measured or {}
    return [
        _precision(row, traces.get(row.use_case, 0), known.get((row.use_case, row.rubric)), days)
        for row in plan.rubrics
    ]


def _precision(row: PlannedRubric, traces: int, measured: Measured | None, days: float) -> Precision:
    judged = row.selected + row.again + row.known
    rate = measured.rate if measured else ASSUMED_RATE
    effect = measured.design_effect if measured else 1.0
    independent = judged * (measured.answered if measured else 1.0) / effect
    width = half_width(rate, independent)
    needed = size_per_side(rate, rate + CHANGE if rate < 0.5 else rate - CHANGE, sides=2)
    return Precision(
        use_case=row.use_case,
        rubric=row.rubric,
        judged=judged,
        traces=traces,
        assumed_rate=rate,
        points=None if width is None else 100 * width,
        days_to_see=needed / (independent / days) if independent else None,
        design_effect=effect,
        basis=measured.basis if measured else ASSUMED,
    )
