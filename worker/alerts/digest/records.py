"""The weekly message as data: what `assay digest --json` prints, and what each form of it is made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter

from assay.judges.schema import Record
from assay.worker.alerts.rule import Severity
from assay.worker.reporting.period.records import ChangeWord, WorstAnswer
from assay.worker.statistics.intervals import Estimate

UNOWNED = "no owner"
"""What use cases without an owner are told under."""


class DigestRate(Record):
    """The rate of one use case, rubric and evaluator revision.

    Attributes:
        name: what the rate is, e.g. `share flagged, risk ≥ 0.5`.
        rate: as of the week's own traffic. None: `note` says why.
        behind: as of the traffic behind it: what may be compared.
        before: the same of the week before.
        change: what the test says of both.
        change_words: the same with its numbers.
        judged, ended: traces with a verdict, and all that came to an end.
    """

    rubric: str
    revision: str
    name: str
    rate: Estimate | None
    behind: Estimate | None = None
    before: Estimate | None = None
    change: ChangeWord = "not compared"
    change_words: str = ""
    note: str = ""
    judged: int
    ended: int


class DigestAlert(Record):
    """How often an alert fired within the week.

    Attributes:
        times: how often.
        seconds: for how long in all.
        fires: whether it fires still.
        told: whether anybody was told, at least once.
    """

    rule: str
    severity: Severity
    summary: str
    times: int
    seconds: float
    fires: bool
    told: bool = True


class DigestLine(Record):
    """A fact in words. `tone` says whether somebody should look."""

    label: str
    text: str
    tone: Literal["", "good", "bad", "open"] = ""


class DigestUseCase(Record):
    """One use case.

    Attributes:
        objectives: attainment and budget left of each.
        changes: what was different from the week before: models, prompts, releases, revisions, drift.
        worst: the three worst answers of all its rates.
        costs: of the application and of judging it.
    """

    name: str
    rates: tuple[DigestRate, ...] = ()
    objectives: tuple[DigestLine, ...] = ()
    changes: tuple[DigestLine, ...] = ()
    alerts: tuple[DigestAlert, ...] = ()
    worst: tuple[WorstAnswer, ...] = ()
    costs: tuple[DigestLine, ...] = ()


class OwnerDigest(Record):
    """The message of one team.

    Attributes:
        owner: as use cases have it. None: those without one.
        use_cases: what got worse first.
        golden: how each golden set's last scheduled run ended.
        fleet: alerts that are of no use case.
        notes: what could not be read.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    owner: str | None
    since: AwareDatetime
    until: AwareDatetime
    use_cases: tuple[DigestUseCase, ...]
    golden: tuple[DigestLine, ...] = ()
    fleet: tuple[DigestAlert, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`Weekly digest for team-support`."""
        return f"Weekly digest for {self.owner}" if self.owner else "Weekly digest, use cases without an owner"

    @property
    def period(self) -> str:
        """`2026-11-23 to 2026-11-29 (UTC)` of whole days, else with times."""
        whole = all((at.hour, at.minute, at.second) == (0, 0, 0) for at in (self.since, self.until))
        if whole:
            return f"{self.since:%Y-%m-%d} to {self.until - timedelta(days=1):%Y-%m-%d} (UTC)"
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"


def digest_schema() -> dict[str, Any]:
    """The JSON schema of `assay digest --json`; each of its elements is `digest` in what the webhook gets."""
    return TypeAdapter(list[OwnerDigest]).json_schema(by_alias=True, mode="serialization")
