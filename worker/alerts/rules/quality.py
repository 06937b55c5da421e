"""Alerts of quality: spikes at once, slow changes by tests that do not mind being asked every minute."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import DAY_S, HOUR_S, NO_SIGNALS, at_least, by_threshold, percent, rounded
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import objectives_of
from assay.worker.records.metrics import quality

_JUDGED_BY = ("use_case", "rubric")


def rules(deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of what judges said."""
    yield from _spikes(deployment)
    yield _unarmed()
    yield _decline(deployment)
    yield _creep()
    yield _refusals(deployment)
    yield _unanswered(deployment)


def _spikes(deployment: Deployment) -> Iterator[AlertRule]:
    """The brief's page, and the exact bound that keeps it from firing by chance: statistics.md 5.1."""
    asked = deployment.alerts.thresholds
    for group in by_threshold(deployment, partial(_allowed_share, deployment)):
        now = {**group.where, "window": "15m"}
        yield AlertRule(
            name="LLMHallucinationSpike",
            severity="page",
            all_of=(
                Condition(metric=quality.FLAGGED.name, comparator=">", threshold=asked.spike_share, where=now),
                Condition(metric=quality.FLAGGED_ALARM.name, comparator=">", threshold=group.threshold, where=now),
                at_least(quality.WITH_RISK, asked.spike_least_traces, now),
            ),
            by=_JUDGED_BY,
            # The share of thirty answers goes up and down: one incident is one page.
            keep_firing_s=HOUR_S,
            summary="{use_case}: {value} of the latest answers are flagged as hallucinated",
            description=(
                f"More than {percent(asked.spike_share)} of the answers judged within 15 minutes (or of the last 30) "
                "are flagged by {rubric}, and the exact lower bound is above the objective of "
                f"{percent(group.threshold)}."
            ),
            runbook="hallucination-spike",
            dashboard="assay-quality",
            inhibited_by=NO_SIGNALS,
        )


def _allowed_share(deployment: Deployment, use_case: str) -> float | None:
    """The share of answers that may be flagged, e.g. 0.05. None: none is aimed at."""
    aimed = objectives_of(deployment, use_case).get("quality")
    return None if aimed is None else rounded(aimed.allowed)


def _unarmed() -> AlertRule:
    """The partner of the page: it says where the page cannot fire."""
    return AlertRule(
        name="AssayHallucinationAlarmOff",
        severity="info",
        all_of=(Condition(metric=quality.ALARM_ARMED.name, comparator="<", threshold=1, where={"window": "15m"}),),
        by=_JUDGED_BY,
        for_s=HOUR_S,
        summary="{use_case}: no alert of hallucinations can fire",
        description=(
            "The risk of {rubric} is not calibrated, or the local screen alone gave it, which never pages. Calibrate a "
            "judge model, or set alerts.allow_uncalibrated."
        ),
        runbook="hallucination-alarm-off",
        dashboard="assay-quality",
        inhibited_by=NO_SIGNALS,
    )


def _decline(deployment: Deployment) -> AlertRule:
    asked = deployment.alerts.thresholds
    return AlertRule(
        name="AssayFaithfulnessDecline",
        severity="ticket",
        all_of=(
            Condition(metric=quality.DECLINE.name, comparator="<", threshold=-asked.decline_share),
            Condition(metric=quality.DECLINE_P.name, comparator="<", threshold=asked.decline_pvalue),
            at_least(quality.JUDGED, asked.least_traces, {"window": "24h"}),
        ),
        by=_JUDGED_BY,
        for_s=1800,
        keep_firing_s=HOUR_S,
        summary="{use_case}: the share of faithful answers changed by {value} within 24 hours",
        description=(
            f"Of the last 24 hours, over {percent(asked.decline_share)} fewer answers are faithful by {{rubric}} than "
            f"of the 7 days before, and the one-sided p-value of that is below {asked.decline_pvalue:g}."
        ),
        runbook="faithfulness-decline",
        dashboard="assay-quality",
        inhibited_by=NO_SIGNALS,
    )


def _creep() -> AlertRule:
    return AlertRule(
        name="AssayFlaggedCreep",
        severity="ticket",
        all_of=(Condition(metric=quality.CUSUM.name, comparator=">=", threshold=1.0, than=quality.CUSUM_LIMIT.name),),
        by=_JUDGED_BY,
        keep_firing_s=HOUR_S,
        summary="{use_case}: flagged answers rise slowly",
        description=(
            "The CUSUM of flags by {rubric} against the objective has reached {value}, its limit: a rise too slow for "
            "any window to show."
        ),
        runbook="flagged-creep",
        dashboard="assay-quality",
        inhibited_by=(*NO_SIGNALS, "LLMHallucinationSpike"),
    )


def _refusals(deployment: Deployment) -> AlertRule:
    asked = deployment.alerts.thresholds
    return AlertRule(
        name="AssayRefusalTrend",
        severity="info",
        all_of=(
            Condition(metric=quality.REFUSAL_TREND.name, comparator=">", threshold=asked.refusal_change),
            Condition(metric=quality.REFUSAL_TREND.lower, comparator=">", threshold=0.0),
            at_least(quality.JUDGED, asked.least_traces, {"window": "7d"}),
        ),
        by=_JUDGED_BY,
        for_s=HOUR_S,
        keep_firing_s=DAY_S,
        summary="{use_case}: refusals rose by {value} of all answers within 7 days",
        description="The lower bound of the rise by {rubric} against the 7 days before is above 0.",
        runbook="refusal-trend",
        dashboard="assay-quality",
        inhibited_by=NO_SIGNALS,
    )


def _unanswered(deployment: Deployment) -> AlertRule:
    where = {"window": "24h"}
    return AlertRule(
        name="AssayAnswersUnjudged",
        severity="ticket",
        all_of=(
            Condition(metric=quality.ANSWERED.name, comparator="<", threshold=0.9, where=where),
            at_least(quality.JUDGED, deployment.alerts.thresholds.least_traces, where),
        ),
        by=_JUDGED_BY,
        for_s=1800,
        keep_firing_s=HOUR_S,
        summary="{use_case}: only {value} of the selected answers got a verdict",
        description="Over a tenth of what {rubric} should have judged within 24 hours was skipped or died.",
        runbook="answers-unjudged",
        dashboard="assay-quality",
        inhibited_by=("AssayNoScores", "AssayJudgeFailing", "AssayJudgeDenied"),
    )
