"""Alerts of drift. What drifts says nothing of quality by itself, so nobody is woken."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import DAY_S, HOUR_S
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics import drift

_BY = ("use_case", "side", "feature")
_STALE = ("AssayDriftStale",)

TOPICS = "question_topics|answer_topics"
"""Features whose index the brief has a ticket for."""


def rules(deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of the daily check."""
    yield _topics(deployment)
    yield _centroids()
    yield _detected(
        "AssayTrafficDrift",
        "input|output|retrieval",
        "{use_case}: {feature} differs from the baseline",
        "The test says so, and the change is large enough to matter.",
        runbook="traffic-drift",
    )
    yield _detected(
        "AssayModelServedChanged",
        "model",
        "{use_case}: another model answers than in the baseline",
        "The models that the provider says it served differ from those of the baseline.",
        runbook="model-served-changed",
    )
    yield AlertRule(
        name="AssayDriftStale",
        severity="ticket",
        all_of=(Condition(metric=drift.CHECKED.name, comparator=">", threshold=2 * DAY_S, is_age=True),),
        by=("use_case",),
        for_s=HOUR_S,
        summary="{use_case}: drift was last checked {value} ago",
        description="The check is due every day. Until it runs, no alert of drift can fire.",
        runbook="drift-stale",
        dashboard="assay-cost-drift",
        inhibited_by=("AssayBeatDead", "AssayStateUnreadable"),
    )


def _topics(deployment: Deployment) -> AlertRule:
    psi = deployment.alerts.thresholds.psi
    where = {"feature": TOPICS}
    return AlertRule(
        name="AssayTopicShift",
        severity="ticket",
        all_of=(
            Condition(metric=drift.PSI.name, comparator=">=", threshold=psi, where=where),
            Condition(metric=drift.PSI.name, comparator=">", threshold=1.0, than=drift.PSI_NULL.name, where=where),
        ),
        by=_BY,
        keep_firing_s=HOUR_S,
        summary="{use_case}: {feature} shifted, PSI {value}",
        description=f"The index has reached {psi:g}, and is above what samples of this size reach without drift.",
        runbook="topic-shift",
        dashboard="assay-cost-drift",
        inhibited_by=_STALE,
    )


def _centroids() -> AlertRule:
    return AlertRule(
        name="AssayCentroidDrift",
        severity="info",
        all_of=(Condition(metric=drift.CENTROID.name, comparator=">", threshold=1.0, than=drift.CENTROID_NULL.name),),
        by=_BY,
        keep_firing_s=HOUR_S,
        summary="{use_case}: the centroid of {feature} moved by {value}",
        description="The cosine distance is above the 99 % point of what permutations of the same texts give.",
        runbook="centroid-drift",
        dashboard="assay-cost-drift",
        inhibited_by=_STALE,
    )


def _detected(name: str, sides: str, summary: str, description: str, *, runbook: str) -> AlertRule:
    return AlertRule(
        name=name,
        severity="info",
        all_of=(Condition(metric=drift.DRIFTED.name, comparator=">=", threshold=1.0, where={"side": sides}),),
        by=_BY,
        keep_firing_s=HOUR_S,
        summary=summary,
        description=description,
        runbook=runbook,
        dashboard="assay-cost-drift",
        inhibited_by=_STALE,
    )
