"""What the demo found, as data; `assay demo --json` prints it."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import JudgeExam
from assay.worker.reporting.funnel import Funnel
from assay.worker.reporting.period.records import UseCaseReport
from assay.worker.statistics.agreement import ClassRates
from assay.worker.statistics.bootstrap import BootstrapEstimate
from assay.worker.statistics.intervals import Estimate


class Agreement(Record):
    """How the risk agrees with human labels on the judged traces of one use case.

    Intervals are taken over sources (conversations). `flag_at` is the risk from which an answer counts as flagged.
    """

    group: str
    n: int
    n_marked: int
    flag_at: float
    auroc: BootstrapEstimate | None
    rates: ClassRates | None


class WeightedRate(Record):
    """What the sample says of answers with a risk, beside what people marked in all traffic.

    `problem` is the expected share of answers with a problem; None where the risk is not calibrated.
    """

    use_case: str
    problem: Estimate | None
    flagged: Estimate | None
    seen: int
    human_share_of_all: float


class WorstTrace(Record):
    """One trace with a high risk: the sentence that is wrong, and why."""

    use_case: str
    trace_id: str
    risk: float
    question: str
    sentence: str
    verdict: str
    reason: str
    human_label: int


class DemoResult(Record):
    """Everything the demo shows. `schema` is the version of this form.

    `pages` are the gates' HTML pages, in order.

    `gate_files` are their results as JSON, in the same order.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[2] = Field(default=2, alias="schema")
    judge: str
    model: str | None
    directory: str
    key_prefix: str | None
    imported: int
    funnel: Funnel
    second_sweep_selected: int
    scores_in_store: int
    report: tuple[UseCaseReport, ...]
    worst: tuple[WorstTrace, ...]
    agreement: tuple[Agreement, ...]
    weighted: tuple[WeightedRate, ...]
    exam: JudgeExam
    gates: tuple[GateResult, ...]
    pages: tuple[str, ...]
    gate_files: tuple[str, ...]
    cost_usd: float | None
    wall_s: dict[str, float]
    next_commands: tuple[str, ...]


def summary_json(result: DemoResult) -> str:
    """The result as JSON, its gates without their items: those are megabytes, and lie in `gate_files`."""
    return result.model_dump_json(indent=2, exclude={"gates": {"__all__": {"pairs", "exam"}}})
