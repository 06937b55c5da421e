"""What a capacity table tells of each volume."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.setup.capacity_basis import CapacityBasis
from assay.worker.setup.capacity_constants import Measured

BoundKind = Literal[
    "requests a minute",
    "tokens a minute",
    "calls in flight",
    "reads a minute",
    "writes a minute",
    "traces listed a second",
]

AssessBy = Literal["one is the least", "processor", "calls in flight"]
"""What makes it so many assess workers."""

BoundState = Literal["fits", "waits at the peak", "binds", "unknown"]
"""*waits at the peak*: what is selected then is judged later. *binds*: a day selects more than it lets through."""


class BoundUse(Record):
    """A limit of a judge endpoint, of the trace store or of sweeps, beside what a volume needs of it.

    Attributes:
        endpoint: its name; `trace store` and `sweeps` for those.
        model: where the limit is one of a model alone.
        kind: what is limited.
        limit: as assay.yaml has it; of sweeps, what one worker lists.
        mean: what the day needs on average. None: not known.
        peak: what its busiest minutes need.
        state: whether it binds.
        fits_a_day: traces a day that it lets through, at the rates of this volume. None: not known.
        fits_at_peak: traces a day that never wait for it.
    """

    endpoint: str
    model: str | None = None
    kind: BoundKind
    limit: int
    mean: float | None
    peak: float | None
    state: BoundState
    fits_a_day: int | None = None
    fits_at_peak: int | None = None


class BudgetUse(Record):
    """A budget beside what a volume costs. `pays` is the share of it that is paid for: sweeps lower the rates so."""

    use_case: str | None
    usd_per_day: float
    usd: float | None
    pays: float | None


class CapacityRow(Record):
    """One volume. None: not known, and never 0.

    Attributes:
        traces_a_day: the volume.
        judgements_a_day: what is judged of it, by all rubrics.
        judgements_per_s_peak: the same in the busiest minutes.
        assess_workers: processes.
        assess_by: what makes it so many.
        control_workers: processes.
        redis_bytes: once the ledger is full, after 14 days.
        record_bytes_a_day: of the record's database.
        record_bytes_kept: the same for the days for which it is kept.
        store_bytes_a_day: of the embedded stores together. None: traces are elsewhere.
        store_bytes_kept: the same for the days for which what the collector took is kept. None: nothing is removed.
        calls: to models, a day.
        tokens_in: of prompts, a day.
        tokens_out: of replies, a day.
        usd: a day, before budgets lower the rates.
        spans_per_s: that the collector takes, on average.
        spans_per_s_peak: in the busiest minutes.
        collectors: processes.
        sweeps: what listing every trace takes of the one worker that sweeps at a time.
        bounds: limits of judge endpoints and of the trace store.
        budgets: of money.
    """

    traces_a_day: int
    judgements_a_day: int
    judgements_per_s_peak: float
    assess_workers: int
    assess_by: AssessBy
    control_workers: int
    redis_bytes: int
    record_bytes_a_day: int
    record_bytes_kept: int
    store_bytes_a_day: int | None = None
    store_bytes_kept: int | None = None
    calls: int | None
    tokens_in: int | None
    tokens_out: int | None
    usd: float | None
    spans_per_s: float | None = None
    spans_per_s_peak: float | None = None
    collectors: int | None = None
    sweeps: BoundUse
    bounds: tuple[BoundUse, ...] = ()
    budgets: tuple[BudgetUse, ...] = ()


class CapacityReport(Record):
    """Everything that `assay plan --capacity` tells.

    Attributes:
        schema_version: of this form.
        peak: the busiest minutes of a day beside its mean.
        traffic: what the parts of the use cases rest on.
        own: figures that were measured in this deployment.
        constants: figures of benchmarks, with their sources, that stand for what was not measured here.
        basis: what the rows were worked out from.
        rows: a volume each.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    peak: float
    traffic: str
    own: tuple[str, ...] = ()
    constants: tuple[Measured, ...] = ()
    basis: CapacityBasis
    rows: tuple[CapacityRow, ...]


def capacity_schema() -> dict[str, Any]:
    """The JSON schema of `assay plan --capacity --json`."""
    return CapacityReport.model_json_schema(by_alias=True, mode="serialization")
