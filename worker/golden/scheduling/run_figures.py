"""The figures of a scheduled run that metrics show: kept in the state beside its slot."""

from __future__ import annotations

from assay.judges.schema import Record
from assay.worker.statistics.intervals import Estimate


class RunFigures(Record):
    """What a run came to, in numbers.

    Attributes:
        run_id: the run.
        items: of the set.
        pass_rate: share of passed answers; None: it cannot be told.
        judge: sensitivity + specificity - 1 on the anchors; None: a class has no judged label.
    """

    run_id: str
    items: int
    pass_rate: Estimate | None = None
    judge: Estimate | None = None
