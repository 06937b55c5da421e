"""Alerts that only Prometheus can raise: of what is not there, and of how something changed over weeks."""

from __future__ import annotations

from typing import NamedTuple

from assay.worker.alerts.rendering.promql import matcher
from assay.worker.alerts.rendering.templates import Unit
from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import DAY_S, HOUR_S
from assay.worker.records.metrics import fleet, quality

PASS_RATE_CHANGE = 0.02
"""Told from here on: two points of a golden set's pass rate."""

COST_CHANGE = 1.25
"""Told from here on: a feature's cost of seven days over that of the seven before."""

JOB = "assay"
"""The job's name in the scrape configuration, which the label `job` of all series has."""


class Series(NamedTuple):
    """A series of a rule's test: what it was for eight days, and what it has been since."""

    name: str
    before: float
    after: float


class PrometheusRule(NamedTuple):
    """A rule with an expression of its own.

    Attributes:
        rule: all else about it.
        expression: PromQL. Empty: as the rule's conditions or its absence say.
        firing, quiet: a series with which it fires, and one with which it does not. None: as conditions say.
        metrics: all that the expression looks at.
        value: what the rule tells in its test.
        unit: what its value is counted in.
        use_cases: which ones it is of, where it is not of all.
    """

    rule: AlertRule
    expression: str = ""
    firing: Series | None = None
    quiet: Series | None = None
    metrics: frozenset[str] = frozenset()
    value: float = 1.0
    unit: Unit = "number"
    use_cases: tuple[str, ...] = ()

    def of(self, use_cases: tuple[str, ...]) -> PrometheusRule:
        """The rule of some use cases. None: of all."""
        picked = "," + matcher("use_case", "|".join(use_cases)) if use_cases else ""
        return self._replace(
            expression=self.expression.replace(_PICKED, picked),
            firing=_series_of(self.firing, use_cases),
            quiet=_series_of(self.quiet, use_cases),
            use_cases=use_cases,
        )


_PICKED = "<use cases>"
"""Stands in an expression where a selector picks use cases."""

_ANY = 'use_case="everything"'


def _series_of(series: Series | None, use_cases: tuple[str, ...]) -> Series | None:
    if series is None or not use_cases:
        return series
    return series._replace(name=series.name.replace(_ANY, f'use_case="{use_cases[0]}"'))


_PASS = f'{fleet.GOLDEN_PASS.name}{{golden_set="support-v1"}}'
_FEATURE = f'{quality.COST_BY.name}{{{_ANY},window="7d",by="feature",value="search"}}'


def _weekly(metric: str, labels: str, where: str = "") -> tuple[str, str]:
    now = f"max by ({labels}) ({metric}{where})"
    return now, f"max by ({labels}) ({metric}{where} offset 7d)"


_PASS_NOW, _PASS_THEN = _weekly(fleet.GOLDEN_PASS.name, "golden_set")
_COST_NOW, _COST_THEN = _weekly(quality.COST_BY.name, "use_case, value", f'{{window="7d",by="feature"{_PICKED}}}')

PROMETHEUS_ONLY: tuple[PrometheusRule, ...] = (
    PrometheusRule(
        AlertRule(
            name="AssayControlNotScraped",
            severity="page",
            absent=fleet.STATE_READABLE.name,
            for_s=300,
            summary="No control worker of the fleet can be scraped",
            description="Nothing is known of the fleet: it is down, or Prometheus does not reach it.",
            runbook="control-not-scraped",
        )
    ),
    PrometheusRule(
        AlertRule(
            name="AssaySignalsMissing",
            severity="ticket",
            absent=quality.COMPUTED.name,
            for_s=1800,
            summary="No rates of traffic are computed at all",
            description="Until they are, no alert of quality, objectives or cost can fire.",
            runbook="signals-stale",
            inhibited_by=("AssayControlNotScraped", "AssayStateUnreadable", "AssayBeatDead", "AssayRecordUnwritable"),
        )
    ),
    PrometheusRule(
        AlertRule(
            name="AssayBeatNeverRan",
            severity="page",
            for_s=600,
            summary="No beat has ever run for this fleet",
            description="Nothing is selected, checked or scheduled: start `assay beat`.",
            runbook="beat-dead",
        ),
        expression=f"absent({fleet.TICK_SENT_AGE.name})\nand on () max({fleet.STATE_READABLE.name}) == 1",
        firing=Series(fleet.STATE_READABLE.name, 1.0, 1.0),
        quiet=Series(fleet.STATE_READABLE.name, 0.0, 0.0),
        metrics=frozenset({fleet.TICK_SENT_AGE.name, fleet.STATE_READABLE.name}),
    ),
    PrometheusRule(
        AlertRule(
            name="AssayTargetDown",
            severity="ticket",
            all_of=(Condition(metric="up", comparator="<", threshold=1, where={"job": JOB}),),
            by=("instance",),
            for_s=300,
            summary="The process {instance} does not answer its scrape",
            description="It is down, hangs, or its port is closed to Prometheus.",
            runbook="target-down",
        )
    ),
    PrometheusRule(
        AlertRule(
            name="AssayGoldenPassRateChanged",
            severity="info",
            by=("golden_set",),
            for_s=HOUR_S,
            summary="{golden_set}: the pass rate is {value} away from that of a week before",
            description="Whether that is more than chance, the gate's own test says; see its report.",
            runbook="golden-pass-rate-changed",
            dashboard="assay-golden",
        ),
        expression=f"abs({_PASS_NOW}\n  - {_PASS_THEN})\n  >= {PASS_RATE_CHANGE}",
        firing=Series(_PASS, 0.96, 0.9),
        quiet=Series(_PASS, 0.96, 0.95),
        metrics=frozenset({fleet.GOLDEN_PASS.name}),
        value=0.96 - 0.9,
        unit="ratio",
    ),
    PrometheusRule(
        AlertRule(
            name="AssayFeatureCostChanged",
            severity="info",
            by=("use_case", "value"),
            for_s=HOUR_S,
            keep_firing_s=DAY_S / 4,
            summary="{use_case}: the feature {value_label} costs {value} times what it did a week before",
            description="`assay cost` shows by what: more requests, more tokens, or another model.",
            runbook="feature-cost-changed",
            dashboard="assay-cost-drift",
        ),
        expression=f"{_COST_NOW}\n  / ({_COST_THEN} > 0)\n  >= {COST_CHANGE}",
        firing=Series(_FEATURE, 40.0, 80.0),
        quiet=Series(_FEATURE, 40.0, 44.0),
        metrics=frozenset({quality.COST_BY.name}),
        value=2.0,
    ),
)
