"""Alerts of the fleet itself: what keeps it from judging, or from telling that it does not."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import HOUR_S, MINUTE_S
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics import fleet, quality

_STATE_GONE = ("AssayStateUnreadable",)
_STOPPED = ("AssayStateUnreadable", "AssayBeatDead")

DROPPED = "unverified"
"""Reason of a trace whose scores the store never showed, however often they were written."""


def rules(deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of processes, state, store and record."""
    yield _no_scores(deployment)
    yield from _processes(deployment)
    yield from _writing(deployment)
    yield from _late(deployment)
    yield from _hindrances(deployment)


def _no_scores(deployment: Deployment) -> AlertRule:
    """What makes silence of all alerts of quality suspicious: work is there, and none of it ends."""
    silent_s = deployment.alerts.thresholds.no_scores_seconds
    return AlertRule(
        name="AssayNoScores",
        severity="page",
        all_of=(
            Condition(metric=quality.LAST_SCORED.name, comparator=">", threshold=silent_s, is_age=True),
            Condition(metric=fleet.OLDEST_OPEN.name, comparator=">", threshold=silent_s),
            Condition(
                metric=quality.COMPUTED.name,
                comparator="<",
                threshold=deployment.alerts.thresholds.stale_seconds,
                where={"window": "15m"},
                is_age=True,
            ),
        ),
        for_s=300,
        keep_firing_s=300,
        summary=f"Traces were selected, but none was scored for over {silent_s / MINUTE_S:.0f} minutes",
        description="The oldest selected trace has waited for longer than that. Rates stand still.",
        runbook="no-scores",
        inhibited_by=("AssayJudgeFailing", "AssayJudgeDenied", "AssayNoAssessWorkers", *_STOPPED),
    )


def _processes(deployment: Deployment) -> Iterator[AlertRule]:
    silent_s = deployment.alerts.thresholds.beat_seconds
    yield AlertRule(
        name="AssayStateUnreadable",
        severity="page",
        all_of=(Condition(metric=fleet.STATE_READABLE.name, comparator="<", threshold=1),),
        for_s=120,
        summary="Redis does not answer the fleet",
        description="Nothing is selected, judged or told. What was selected is kept in Redis' own file.",
        runbook="state-unreadable",
    )
    yield AlertRule(
        name="AssayBeatDead",
        severity="page",
        # The youngest of all ticks: some are due every second.
        all_of=(Condition(metric=fleet.TICK_SENT_AGE.name, comparator=">", threshold=silent_s, aggregate="min"),),
        keep_firing_s=120,
        summary="Beat has sent nothing for {value}",
        description="No sweep, no release, no check and no scheduled golden run happens until a beat runs again.",
        runbook="beat-dead",
        inhibited_by=_STATE_GONE,
    )
    yield AlertRule(
        name="AssayNoAssessWorkers",
        severity="page",
        all_of=(Condition(metric=fleet.PROCESSES.name, comparator="<", threshold=1, where={"role": "assess"}),),
        for_s=300,
        summary="No assess worker is alive",
        description="Selected traces wait; none is judged.",
        runbook="no-assess-workers",
        inhibited_by=_STATE_GONE,
    )


def _writing(deployment: Deployment) -> Iterator[AlertRule]:
    asked = deployment.alerts.thresholds
    given_up = {"reason": DROPPED}
    yield AlertRule(
        name="AssayStoreDropsWrites",
        severity="page",
        all_of=(
            Condition(metric=fleet.SKIPPED_TRACES.name, comparator=">=", threshold=asked.unverified, where=given_up),
        ),
        summary="The trace store drops what is written: scores of {value} traces of today were given up",
        description="They were written three times, and reading them back never found them.",
        runbook="store-drops-writes",
        inhibited_by=_STOPPED,
    )
    yield AlertRule(
        name="AssayScoresLost",
        severity="ticket",
        all_of=(Condition(metric=fleet.SKIPPED_TRACES.name, comparator=">=", threshold=1, where=given_up),),
        summary="Scores of {value} traces of today were given up: the store never showed them",
        description="They are dead letters. Replay them once the store takes writes.",
        runbook="store-drops-writes",
        inhibited_by=("AssayStoreDropsWrites", *_STATE_GONE),
    )
    yield AlertRule(
        name="AssayRecordUnwritable",
        severity="page",
        all_of=(Condition(metric=fleet.RECORD_TROUBLE.name, comparator=">=", threshold=1),),
        for_s=600,
        summary="The record cannot be written",
        description="Ended work waits in Redis for its row. Reports, signals and alerts of quality stand still.",
        runbook="record-unwritable",
        inhibited_by=_STATE_GONE,
    )


def _late(deployment: Deployment) -> Iterator[AlertRule]:
    stale_s = deployment.alerts.thresholds.stale_seconds
    yield AlertRule(
        name="AssaySignalsStale",
        severity="ticket",
        all_of=(
            Condition(
                metric=quality.COMPUTED.name,
                comparator=">",
                threshold=stale_s,
                where={"window": "15m|24h|slo"},
                aggregate="min",
                is_age=True,
            ),
        ),
        keep_firing_s=300,
        summary="Rates were last computed {value} ago",
        description="Until they are again, no alert of quality, objectives or cost can fire.",
        runbook="signals-stale",
        inhibited_by=("AssayRecordUnwritable", *_STOPPED),
    )
    yield AlertRule(
        name="AssayTickNotDone",
        severity="ticket",
        all_of=(
            Condition(metric=fleet.TICK_DONE_AGE.name, comparator=">", threshold=10, than=fleet.TICK_INTERVAL.name),
            Condition(metric=fleet.TICK_DONE_AGE.name, comparator=">", threshold=stale_s),
        ),
        by=("tick",),
        for_s=300,
        summary="The tick {tick} was last done {value} ago",
        description="Control workers do not take it, or it fails each time.",
        runbook="tick-not-done",
        inhibited_by=_STOPPED,
    )


def _hindrances(deployment: Deployment) -> Iterator[AlertRule]:
    yield AlertRule(
        name="AssayDeadLetters",
        severity="ticket",
        all_of=(
            Condition(
                metric=fleet.DEAD_LETTERS.name,
                comparator=">=",
                threshold=deployment.alerts.thresholds.dead_letters,
            ),
        ),
        by=("rubric",),
        for_s=300,
        summary="{value} traces could not be judged by {rubric} and wait for a person",
        description="`assay dead ls` shows the reasons.",
        runbook="dead-letters",
        inhibited_by=_STATE_GONE,
    )
    yield AlertRule(
        name="AssaySweepHeldBack",
        severity="ticket",
        all_of=(Condition(metric=fleet.SWEEP_HELD_BACK.name, comparator=">=", threshold=1),),
        for_s=1800,
        keep_firing_s=600,
        summary="No new traffic is looked through: what is selected takes too long to judge",
        description="More is selected than the fleet can judge. Add assess workers, or lower rates.",
        runbook="sweep-held-back",
        inhibited_by=("AssayJudgeFailing", "AssayJudgeDenied", "AssayNoAssessWorkers", *_STATE_GONE),
    )
    yield AlertRule(
        name="AssayClockOff",
        severity="ticket",
        all_of=(Condition(metric=fleet.CLOCK_OFFSET.name, comparator=">", threshold=10),),
        for_s=600,
        keep_firing_s=HOUR_S,
        summary="The clock of a machine is {value} off",
        description="Windows, deadlines and budgets go by it. Let a time service keep it.",
        runbook="clock-off",
        inhibited_by=_STATE_GONE,
    )
