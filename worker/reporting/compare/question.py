"""Which two slices of traffic are compared: two values of a fact, or two spans of time."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.terminal.text import one_line


class Metric(StrEnum):
    """What can be compared."""

    PROBLEM_SHARE = "problem_share"
    FLAGGED = "flagged"
    REFUSALS = "refusals"
    FAITHFUL = "faithful"

    @property
    def rising_is_worse(self) -> bool:
        """Which way is bad."""
        return self is not Metric.FAITHFUL


class Side(Record):
    """One side: traces that started in [since, until), and have this value of the fact.

    Attributes:
        name: what people call it, e.g. `v42`, or `before`.
        value: of the fact. None: every trace of that time.
    """

    name: str
    value: str | None = None
    since: AwareDatetime
    until: AwareDatetime


class Question(Record):
    """What is asked: is `b` worse than `a`?

    Attributes:
        by: the fact that tells the sides apart, e.g. `release`. None: their times do.
        metric: what is compared. None: the share of answers with a problem where the risk is calibrated on both sides,
            else the flagged share.
    """

    by: str | None
    a: Side
    b: Side
    use_cases: tuple[str, ...] = ()
    rubrics: tuple[str, ...] = ()
    metric: Metric | None = None

    def check(self) -> None:
        """See that the sides are two.

        Raises:
            ConfigurationError: they are one, or overlap.
        """
        if self.by is not None and self.a.value == self.b.value:
            raise ConfigurationError(f"--a, --b: both are {quoted(self.a.value or '')}; name two different values")
        if self.by is None and self.a.since < self.b.until and self.b.since < self.a.until:
            raise ConfigurationError(
                f"the two times overlap: {_span(self.a)} and {_span(self.b)}; a trace would be on both sides"
            )

    def query(self, side: Side) -> HistoryQuery:
        """The rows of the record that one side is among."""
        return HistoryQuery(since=side.since, until=side.until, use_cases=self.use_cases, rubrics=self.rubrics)


def quoted(name: str) -> str:
    """A value of a trace between quotes, in its own script. Nothing in it drives a terminal or ends the line."""
    return f"'{one_line(name)}'"


def _span(side: Side) -> str:
    return f"{side.since:%Y-%m-%d %H:%M} to {side.until:%Y-%m-%d %H:%M} UTC"
