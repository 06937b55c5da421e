"""Drift in the report of a period: what the last daily check in it says of each use case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.ports.history import RecordDocuments
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.drift.words import check_line
from assay.worker.signals.drift.records import CHECK_KIND, DriftCheck, check_of

MOST_LINES = 25
"""Use cases up to which each has a line. Of more those have one in which something drifted."""


class DriftLine(Record):
    """The last daily check of a use case.

    Attributes:
        at: when it was made.
        compared: features that could be compared; 0 where it waited.
        drifted: names of those that drifted.
        text: the whole in one sentence.
    """

    use_case: str
    at: AwareDatetime
    n: int
    baseline: str
    compared: int
    drifted: tuple[str, ...] = ()
    text: str


async def read_drift(
    documents: RecordDocuments, use_cases: Iterable[str], query: HistoryQuery
) -> tuple[DriftLine, ...]:
    """A line for each use case that was checked in the period.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    lines = []
    for use_case in use_cases:
        check = check_of(await documents.latest(CHECK_KIND, use_case, until=query.until))
        if check is not None and check.at >= query.since:
            lines.append(_line(check))
    return tuple(lines)


def lines_to_show(lines: Sequence[DriftLine]) -> Sequence[DriftLine]:
    """All, or of very many those with drift."""
    return lines if len(lines) <= MOST_LINES else [line for line in lines if line.drifted]


def _line(check: DriftCheck) -> DriftLine:
    return DriftLine(
        use_case=check.use_case,
        at=check.at,
        n=check.n,
        baseline=check.baseline,
        compared=sum(each.p_value is not None for each in check.features),
        drifted=tuple(each.feature for each in check.drifted),
        text=check_line(check),
    )
