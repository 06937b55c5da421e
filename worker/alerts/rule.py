"""An alert rule as a value: the same for Prometheus, for which it is rendered, and for the evaluator of the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["page", "ticket", "info"]
Comparator = Literal[">", ">=", "<", "<="]
Aggregate = Literal["max", "min", "sum"]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One comparison. Series are aggregated over all labels but those of the alert, then compared.

    Attributes:
        metric: its name, with the suffix of a bound where that is compared, e.g. `assay_flagged_ratio_alarm_bound`.
        where: labels that a series must have, e.g. `{"window": "15m"}`. A value may be a list of alternatives, joined
            by `|`.
        comparator, threshold: what holds it true.
        than: instead of the threshold alone: the name of another metric, aggregated alike, times the threshold.
        aggregate: over series that differ in other labels: several processes serve the same value.
        is_age: the metric is a Unix time, and what is compared is how many seconds ago that was.
    """

    metric: str
    comparator: Comparator
    threshold: float
    where: Mapping[str, str] = field(default_factory=dict)
    than: str | None = None
    aggregate: Aggregate = "max"
    is_age: bool = False


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """One alert: it fires, once for each value of its labels, where all of its conditions hold for long enough.

    Attributes:
        name: CamelCase, e.g. `AssayHallucinationSpike`.
        severity: page: wakes somebody; ticket: within four hours; info: weekly.
        all_of: what must hold. The first one's value is told.
        by: labels that tell alerts of this rule apart, e.g. `("use_case",)`. Every condition is aggregated by those of
            them that its metric has.
        for_s: how long the conditions must hold.
        keep_firing_s: how long it goes on after they no longer hold.
        absent: instead of `all_of`: the metric whose absence (no sample at all) is the alert.
        summary, description: sentences with `{label}` and `{value}` to be filled in. No text of traces.
        runbook: the heading's anchor in the runbook, e.g. `hallucination-spike`.
        dashboard: uid of the dashboard that shows it.
        inhibited_by: names of rules that explain this one: while one of them fires for the same use case, or for the
            fleet, this one is not sent.
    """

    name: str
    severity: Severity
    all_of: tuple[Condition, ...] = ()
    by: tuple[str, ...] = ()
    for_s: float = 0.0
    keep_firing_s: float = 0.0
    absent: str | None = None
    summary: str
    description: str
    runbook: str
    dashboard: str = "assay-fleet"
    inhibited_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A rule that fires for one set of labels.

    Attributes:
        labels: those of `AlertRule.by`, and `owner` where the use case has one.
        value: of the first condition. None: of an absence.
        started_at: since when its conditions hold (Unix time).
    """

    rule: AlertRule
    labels: Mapping[str, str]
    value: float | None
    started_at: float

    @property
    def key(self) -> str:
        """What it is known by, stable over restarts, e.g. `AssayHallucinationSpike/use_case=support-bot`."""
        told = "/".join(f"{name}={self.labels[name]}" for name in sorted(self.labels) if name in self.rule.by)
        return f"{self.rule.name}/{told}" if told else self.rule.name
