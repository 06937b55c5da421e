"""What a comparison found, as a versioned record: everything that is shown is in it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, computed_field

from assay.judges.schema import Record
from assay.worker.golden.results.gate_result import EXIT_CODES, GateVerdict
from assay.worker.reporting.compare.question import Metric, Question
from assay.worker.reporting.compare.shares import ShareChange
from assay.worker.reporting.compare.usage import UsageChange
from assay.worker.reporting.compare.verdict import CompareRules, Reason
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate


class SideAnswers(Record):
    """How much one side rests on.

    Attributes:
        answers: traces that the revision of the row scored.
        with_score: those with a score to compare.
        sessions: in which these are.
        refused: scored traces that refuse.
        unanswered: selected traces without a verdict that the revision would have judged.
        response_share: weighted share of these and the scored that were answered.
        empty: selected traces to which the application gave no answer, of all revisions.
    """

    answers: int = 0
    with_score: int = 0
    sessions: int = 0
    refused: int = 0
    unanswered: int = 0
    response_share: float | None = None
    empty: int = 0


class Tested(Record):
    """One metric on both sides, and what the test says.

    Attributes:
        a, b: rates behind the traffic of each side, answers of one session as one draw.
        change: `b` minus `a`, with its 95 % interval.
        p_value: of the test that `b` is worse.
        adjusted_p: the same over the rates of all rows together, by Holm's method.
        level: at which `p_value` the verdict turns, by the same method: `alpha` of a single test.
        at_worst: how much worse `b` may be, at `alpha` in one direction.
        visible: the smallest worsening that is seen with the power of the rules, at `level`. None: not even the
            largest.
        needed: answers that each side takes to see the difference that must be seen, or to show the margin.
        if_unanswered_bad: how much worse `b` would be if unanswered traces were all bad there, and all good on the
            other side. None: all were answered.
        could_turn: whether unanswered traces could hide a worsening that a pass excludes; of a regression whether
            the opposite could undo it.
    """

    a: Estimate
    b: Estimate
    change: Difference
    p_value: float
    adjusted_p: float
    level: float
    at_worst: float
    visible: float | None = None
    needed: int = 0
    if_unanswered_bad: float | None = None
    could_turn: bool = False


class CompareRow(Record):
    """One use case and rubric under one evaluator revision.

    Attributes:
        revision: that judged both sides. Empty where none did.
        cut: the risk from which on an answer is flagged.
        shares: what is no judged answer, on both sides, of all revisions.
        compared: share of b's judged answers that revisions of both sides judged, by weight.
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
    shares: tuple[ShareChange, ...] = ()
    compared: float = 1.0
    straddling: int = 0
    usage: tuple[UsageChange, ...] = ()
    verdict: GateVerdict
    reason: Reason
    note: str = ""


class CompareResult(Record):
    """The whole comparison. Rows are never pooled. The worst of them is the verdict.

    Attributes:
        tests: of rates, which share one risk of a false alarm (`alpha`). What is no judged answer adds a fifth of it.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    question: Question
    rules: CompareRules
    rows: tuple[CompareRow, ...]
    tests: int = 0
    verdict: GateVerdict

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def exit_code(self) -> int:
        """What a pipeline is told: 0 pass, 1 regressed, 3 inconclusive."""
        return EXIT_CODES[self.verdict]


def compare_schema() -> dict[str, Any]:
    """The JSON schema of `assay compare --json`."""
    return CompareResult.model_json_schema(by_alias=True, mode="serialization")
