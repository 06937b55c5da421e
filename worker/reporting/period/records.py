"""The report of a period as data: what `assay report --json` prints, and what every page of it is made of."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.ports.call_limits import UnknownEnds
from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.drift.lines import DriftLine
from assay.worker.signals.rates import Rates
from assay.worker.signals.reviewed import PeopleRate
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate

Fact = Literal["prompt_version", "model", "release", "tag", "environment", "provider", "feature", "user_tier", "day"]
"""What rates can be split by."""

ChangeWord = Literal["no change shown", "worse", "better", "not compared"]


class DayRate(Record):
    """The rate of one UTC day: the headline's where the risk is calibrated, else the flagged share."""

    day: date
    n: int
    with_risk: int
    rate: Estimate | None


class Before(Record):
    """A rate beside that of the period of equal length right before, as rates behind the traffic.

    Attributes:
        n: traces that were scored then, under the same revision.
        measure: which rate is compared.
        before, after: the rates.
        change: how far it moved. None: not compared.
        p_value: of no change, two-sided.
        smallest: the change that this n shows in four of five cases. A smaller one may well hide.
        word: what the test says.
        note: why it is not compared, or what else to know.
    """

    since: AwareDatetime
    until: AwareDatetime
    n: int
    measure: Literal["problem_share", "flagged"] | None = None
    before: Estimate | None = None
    after: Estimate | None = None
    change: Difference | None = None
    p_value: float | None = None
    smallest: float | None = None
    word: ChangeWord
    note: str = ""


class ValueRates(Record):
    """The rates of one value of a fact. `value` is None where the traces do not tell it."""

    value: str | None
    rates: Rates


class Split(Record):
    """Rates by a fact: the values with the most traces, and how many traces the others have."""

    by: Fact
    values: tuple[ValueRates, ...]
    others: int = 0
    other_values: int = 0


class OwnScore(Record):
    """A score of the rubric's own, beside risk, faithfulness and groundedness: as of the traffic behind these traces.

    Attributes:
        n: scored traces that have it.
        mean: of those where it is a number. None: it is not, or answers of one session tell no interval.
        shares: of those where it is a word, by word, the commonest first.
    """

    name: str
    n: int
    mean: Estimate | None = None
    shares: dict[str, Estimate | None] = Field(default_factory=dict)


class Percentiles(Record):
    """The middle and the slow end of a duration in seconds, weighted. n counts traces that know it.

    `only` is the duration of the one trace that knows it, where it is but one.
    """

    n: int
    p50: Estimate | None
    p95: Estimate | None
    only: float | None = None


class PromptUse(Record):
    """What the application itself took for a request under one prompt version: weighted means.

    Attributes:
        prompt_name, prompt_version: None where the trace does not tell.
        n: scored traces.
        tokens: input and output of all model calls of a request. None where fewer than two traces tell both.
        cost_usd: of a request. None where fewer than two costs are known.
        only_tokens, only_cost_usd: those of the one request that tells them, where it is but one.
    """

    prompt_name: str | None
    prompt_version: str | None
    n: int
    tokens: Estimate | None
    cost_usd: Estimate | None
    only_tokens: float | None = None
    only_cost_usd: float | None = None


class Application(Record):
    """What the answers took: facts of the traces, no judge's word.

    Attributes:
        prompts: by prompt version, those with the most traces.
        jumps: sentences that name where tokens or cost of a request are four times those of another version.
        duration, first_token: seconds.
    """

    prompts: tuple[PromptUse, ...]
    other_prompts: int = 0
    jumps: tuple[str, ...] = ()
    duration: Percentiles
    first_token: Percentiles


class Judging(Record):
    """Who judged, and what it took.

    Attributes:
        judges: scored traces by judge.
        cost_usd: the sum over traces whose cost is known. None: of no trace.
        unpriced: traces whose cost is not known.
    """

    judges: dict[str, int]
    cost_usd: float | None = None
    unpriced: int = 0


class Cascade(Record):
    """How traces went through the tiers of a cascade, unweighted.

    Attributes:
        escalated: the first tier was unsure of them, so a later one was asked.
        audited: of what the first tier settled those that were drawn for a later one all the same.
        passed: the first tier alone judged them.
        unanswered: of escalated and audited those to which the later tier gave no answer.
    """

    escalated: int
    audited: int
    passed: int
    unanswered: int


class WorstAnswer(Record):
    """One of the riskiest answers. `url` is its page in the trace store, where that has pages."""

    trace_id: str
    observation_id: str = ""
    started_at: AwareDatetime
    risk: float
    kind: str | None = None
    url: str | None = None


class RevisionReport(Record):
    """One evaluator revision of a use case and rubric. Rates of two revisions are never added up.

    Attributes:
        states: scored traces by how they were judged, e.g. `judged`, `refusal`; unweighted.
        boost: traces that were added because of users' feedback, and are in no rate.
        unanswered: traces without a verdict, by reason.
        cascade: None where no cascade judged.
        people: what people say of these answers, by reviews of answers that were drawn. None: nobody was asked.
        scores: other scores of the rubric.
        days: the trend.
        warnings: what makes the rates mean less than they say.
    """

    revision: str
    rates: Rates
    states: dict[str, int]
    boost: int = 0
    unanswered: dict[str, int] = Field(default_factory=dict)
    scores: tuple[OwnScore, ...] = ()
    people: PeopleRate | None = None
    cascade: Cascade | None = None
    before: Before | None = None
    days: tuple[DayRate, ...] = ()
    split: Split | None = None
    judging: Judging
    application: Application
    worst: tuple[WorstAnswer, ...] = ()
    warnings: tuple[str, ...] = ()


class Upstream(Record):
    """Which part of the traffic a recorder before the trace store kept, by the scored traces.

    Attributes:
        known, unknown: how many tell with which probability they were kept, and how many do not.
        least, most: the smallest and the largest such probability.
        mean_count: for how many traces a stored one stands on average.
    """

    known: int
    unknown: int
    least: float
    most: float
    mean_count: float


class Coverage(Record):
    """What became of the traces of one use case and rubric.

    `ended` is from the record. What is seen, passed over and in flight is known to the ledger alone, and None where it
    does not answer. `ledger_ended` is what the ledger counts as ended, and None also where the period is not of whole
    days, because it counts by days.
    `upstream` is None where no trace tells that a recorder left some out.
    """

    seen: int | None = None
    not_selected: int | None = None
    scored: dict[str, int] = Field(default_factory=dict)
    skipped: dict[str, int] = Field(default_factory=dict)
    dead: dict[str, int] = Field(default_factory=dict)
    in_flight: int | None = None
    ledger_ended: int | None = None
    upstream: Upstream | None = None

    @property
    def ended(self) -> int:
        """Traces that came to an end."""
        return sum(sum(part.values()) for part in (self.scored, self.skipped, self.dead))


class UseCaseReport(Record):
    """One use case under one rubric."""

    use_case: str
    rubric: str
    coverage: Coverage
    revisions: tuple[RevisionReport, ...]


class PeriodReport(Record):
    """Traces that started in [since, until).

    Attributes:
        by: the fact that rates are split by.
        use_cases: in the order of their names.
        spent_without_score: what was paid on these days for no score, of all use cases. None: not known.
        unknown_ends: calls of these days of which nobody knows how they ended. None: not known.
        notes: what was not reachable while this was read.
        drift: the last daily check of each use case in the period.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[3] = Field(default=3, alias="schema")
    since: AwareDatetime
    until: AwareDatetime
    by: Fact | None = None
    use_cases: tuple[UseCaseReport, ...]
    spent_without_score: UnscoredSpend | None = None
    unknown_ends: UnknownEnds | None = None
    notes: tuple[str, ...] = ()
    drift: tuple[DriftLine, ...] = ()


def report_schema() -> dict[str, Any]:
    """The JSON schema of `assay report --json`."""
    return PeriodReport.model_json_schema(by_alias=True, mode="serialization")
