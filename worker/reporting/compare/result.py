"""What a comparison found, as a versioned record: everything that is shown is in it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, computed_field

from assay.judges.schema import Record
from assay.worker.golden.results.gate_result import EXIT_CODES, GateVerdict
from assay.worker.reporting.compare.question import Metric, Question
from assay.worker.reporting.compare.usage import UsageChange
from assay.worker.reporting.compare.verdict import CompareRules, Reason
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate


class SideAnswers(Record):
    """How much one side rests on.

    Attributes:
        answers: scored traces.
        unanswered: selected traces of the base sample without a verdict.
        response_share: weighted share of the selected that were answered.
    """

    answers: int = 0
    unanswered: int = 0
    response_share: float | None = None


class Tested(Record):
    """One metric on both sides, and what the test says.

    Attributes:
        a, b: rates behind the traffic of each side, answers of one session as one draw.
        change: `b` minus `a`, with its 95 % interval.
        p_value: of the test that `b` is worse.
        adjusted_p: the same by Holm's method over all rows.
        at_worst: how much worse `b` may be, at `alpha` in one direction.
        visible: the smallest worsening that is seen with the power of the rules. None: not even the largest.
        needed: answers that each side takes to see the difference that must be seen.
        could_turn: whether the verdict would be another if unanswered traces were all bad on one side, and all good
            on the other. None: not known for this metric.
    """

    a: Estimate
    b: Estimate
    change: Difference
    p_value: float
    adjusted_p: float
    at_worst: float
    visible: float | None
    needed: int
    could_turn: bool | None = None


class CompareRow(Record):
    """One use case and rubric under one evaluator revision.

    Attributes:
        revision: that judged both sides. Empty where none did.
        cut: the risk from which on an answer is flagged.
        straddling: sessions with answers on both sides. Each counts as one draw.
        usage: what the application itself took, on both sides.
        note: what else to know, e.g. revisions that judged one side only.
    """

    use_case: str
    rubric: str
    revision: str
    cut: float
    metric: Metric | None
    a: SideAnswers
    b: SideAnswers
    tested: Tested | None = None
    straddling: int = 0
    usage: tuple[UsageChange, ...] = ()
    verdict: GateVerdict
    reason: Reason
    note: str = ""


class CompareResult(Record):
    """The whole comparison. Rows are never pooled. The worst of them is the verdict."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    question: Question
    rules: CompareRules
    rows: tuple[CompareRow, ...]
    verdict: GateVerdict

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def exit_code(self) -> int:
        """What a pipeline is told: 0 pass, 1 regressed, 3 inconclusive."""
        return EXIT_CODES[self.verdict]


def compare_schema() -> dict[str, Any]:
    """The JSON schema of `assay compare --json`."""
    return CompareResult.model_json_schema(by_alias=True, mode="serialization")
