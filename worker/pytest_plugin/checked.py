"""What one check came to, as it travels from the processes of pytest-xdist to the one that reports."""

from __future__ import annotations

from typing import Literal

from assay.judges.schema import Record, Text

Status = Literal["passed", "failed", "undecided"]
"""`undecided`: the judge gave no number, so nothing is known of the answer. It is never a pass."""


class Checked(Record):
    """One check.

    Attributes:
        test: pytest's name of the test.
        status: what it came to.
        reason: why it did not pass, in a line.
        revision: of the evaluator.
        golden_set: of the item; empty where it is of none.
        item_id: of the set.
        response: what the application answered to the item.
        contexts: what it had found; None where that was not told.
        latency_s: how long it took, where that is known.
    """

    test: str
    status: Status
    reason: Text = ""
    revision: str = ""
    golden_set: str = ""
    item_id: str = ""
    response: Text = ""
    contexts: tuple[Text, ...] | None = None
    latency_s: float | None = None
