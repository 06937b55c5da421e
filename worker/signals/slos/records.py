"""What is told of objectives: shares with their n and bounds, by use case and window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.config.objectives import ObjectiveName
from assay.worker.signals.rates import Bounds
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate


class Attained(Record):
    """What one objective came to in one window.

    Attributes:
        n: traces of which it is known whether they are good.
        known: weighted share of these among all that the objective is about. None: it is about none.
        good: share of good ones, 1/π-weighted, sessions as clusters. None: nothing is known.
        burn: bad share over the allowed one. Its bounds are exact and one-sided at `BURN_ALPHA` each, for alarms.
    """

    n: int
    known: float | None
    good: Estimate | None
    burn: Difference | None


class Goodput(Record):
    """Traces that meet all objectives at once, in one window.

    Attributes:
        n: traces of which it is known.
        good: share of these that met all. Not a product of shares: what fails one objective often fails others.
        unknown: weighted share of traces that met all that is known of them, and of which something is not.
        bounds: of the share if all those were bad, and if all were good. None: nothing is unknown.
    """

    n: int
    good: Estimate | None
    unknown: float
    bounds: Bounds | None


class ObjectiveReport(Record):
    """One objective of one use case.

    Attributes:
        limit: what tells good from bad, in the objective's own unit. None: refusals and feedback have none.
        target: the least share of good traces.
        windows: what it came to, by the window's name, e.g. `1h`.
        budget_left: part of the period's error budget: 1 untouched, 0 spent, below it overdrawn.
        note: what to know of it, e.g. why nothing is known. No text of a trace.
    """

    name: ObjectiveName
    limit: float | None
    target: float
    windows: Mapping[str, Attained]
    budget_left: Difference | None
    note: str = ""


class UseCaseReport(Record):
    """All objectives of one use case.

    Attributes:
        profile: the ready set that they come from.
        traces: selected traces of the period that came to their end and count in rates.
        other_revisions: those of them that only other revisions than the latest judged: in no share of a judge's words.
        revisions: the latest revision by rubric.
        goodput: by window. Empty where no objective can be part of it.
        goodput_of: which objectives are part of it.
        goodput_without: which are not, since too little is known of them.
    """

    use_case: str
    profile: str
    traces: int
    other_revisions: int
    revisions: Mapping[str, str]
    objectives: Sequence[ObjectiveReport]
    goodput: Mapping[str, Goodput]
    goodput_of: Sequence[ObjectiveName]
    goodput_without: Sequence[ObjectiveName]


class SloReport(Record):
    """What was attained.

    Attributes:
        schema_version: of this form.
        period: name of the window over which budgets are told, e.g. `30d`.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    since: AwareDatetime
    until: AwareDatetime
    period: str
    use_cases: Sequence[UseCaseReport]


def slo_schema() -> dict[str, Any]:
    """The JSON schema of `assay slo --json`."""
    return SloReport.model_json_schema(by_alias=True, mode="serialization")
