"""What is in a time range, and what a backfill of it would select."""

from __future__ import annotations

from pydantic import AwareDatetime, Field, computed_field

from assay.judges.schema import Record
from assay.worker.records.windows import Why


class PlannedRubric(Record):
    """What would be done with one use case's traces under one rubric.

    Attributes:
        use_case: its name.
        rubric: the rubric's name.
        selected: traces that would be newly selected.
        again: traces that would be judged again, under another version of the rubric than before.
        known: traces that were selected before, whatever became of them, and are not judged again.
        outdated: those of them that came to an end under another version of the rubric.
        passed_over: traces that the hash passes over.
    """

    use_case: str
    rubric: str
    selected: int = 0
    again: int = 0
    known: int = 0
    outdated: int = 0
    passed_over: int = 0

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def work(self) -> int:
        """Judgements that are to be made."""
        return self.selected + self.again


class PlannedUseCase(Record):
    """One use case's traffic in the range, and the rates that it is selected with."""

    use_case: str
    traces: int
    lowest_rate: float
    highest_rate: float
    rules: dict[Why, int] = Field(default_factory=dict, description="Traces by the rule that gave their rate.")


class RangePlan(Record):
    """What is in a time range and what would be selected. The range is rounded outwards to whole windows."""

    start: AwareDatetime
    end: AwareDatetime
    use_cases: tuple[PlannedUseCase, ...] = ()
    rubrics: tuple[PlannedRubric, ...] = ()
    windows: int = Field(0, description="Windows that have traces.")
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0

    @property
    def traces(self) -> int:
        """Traces that a use case takes."""
        return sum(case.traces for case in self.use_cases)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def work(self) -> int:
        """Judgements that are to be made."""
        return sum(row.work for row in self.rubrics)
