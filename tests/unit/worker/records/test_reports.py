"""Reports add up field by field, whatever kinds of fields they have."""

from __future__ import annotations

from assay.worker.flow.sweep import SweepReport
from assay.worker.records.reports import Report


class Work(Report):
    """A report with a field of each kind."""

    n: int = 0
    seconds: float = 0.0
    was_busy: bool = False
    names: tuple[str, ...] = ()


def test_counts_are_added_and_a_flag_is_set_if_either_is() -> None:
    total = Work(n=1, seconds=0.5, names=("a",)) + Work(n=2, was_busy=True, names=("b",))
    assert total == Work(n=3, seconds=0.5, was_busy=True, names=("a", "b"))
    assert (Work(was_busy=True) + Work(was_busy=True)).was_busy is True


def test_sum_of_no_reports_is_the_empty_one() -> None:
    assert sum([], Work()).is_empty
    assert sum([Work(n=1), Work(n=1)], Work()) == Work(n=2)


def test_only_a_report_of_nothing_is_empty() -> None:
    assert SweepReport().is_empty
    assert not SweepReport(windows=1).is_empty
    assert not SweepReport(skipped_because_running=True).is_empty
