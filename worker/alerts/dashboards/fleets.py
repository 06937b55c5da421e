"""The dashboard of the fleet: what waits, who works, what judges answer, and what is kept."""

from __future__ import annotations

from assay.worker.alerts.dashboards.collected import collector_panels, copies_panels
from assay.worker.alerts.dashboards.common import Given, addresses, firing_panel, line, marks, more
from assay.worker.alerts.dashboards.fleet_parts import judge_panels, kept_panels
from assay.worker.alerts.dashboards.panel import Dashboard, Panel, Query, Row, Step
from assay.worker.alerts.dashboards.queries import age, latest, per_second, quantile
from assay.worker.records.metrics import fleet, process, quality, slo

_STATUS = more("status")


def fleet_dashboard(given: Given) -> Dashboard:
    """Whether the fleet keeps up."""
    return Dashboard(
        uid="assay-fleet",
        title="Assay: fleet",
        description="Whether everything that was selected is judged in time, and what keeps it from that.",
        variables=addresses(given),
        rows=(
            Row("Alerts", (firing_panel(),)),
            Row("State", _state(given)),
            Row("Coverage and lag", _coverage()),
            Row("Work", _work(given)),
            Row("Judges", judge_panels(given)),
            Row("Stores and processes", kept_panels(given)),
            Row("Copies of scores", copies_panels()),
            Row("Collector", collector_panels()),
        ),
        marks=marks(of_use_case=False),
        since="now-24h",
    )


def _stat(
    title: str, queries: tuple[Query, ...], unit: str, description: str, steps: tuple[Step, ...], runbook: str
) -> Panel:
    return Panel(title, queries, unit, description + _STATUS, "stat", steps, 4, 4, runbook=runbook)


def _state(given: Given) -> tuple[Panel, ...]:
    asked = given.thresholds
    needed = (Step(None, "red"), Step(1, "green"))
    beat = f"min ({latest(fleet.TICK_SENT_AGE, ('tick',))})"
    return (
        _stat(
            "Redis answers",
            (Query(latest(fleet.STATE_READABLE), "redis"),),
            "bool_yes_no",
            "Without it nothing is selected, judged or told.",
            needed,
            "state-unreadable",
        ),
        _stat(
            "Processes",
            (Query(latest(fleet.PROCESSES, ("role",)), "{{role}}"),),
            "short",
            "Alive, by role.",
            needed,
            "no-assess-workers",
        ),
        _stat(
            "Beat",
            (Query(beat, "sent its last tick"), Query(age(process.BEAT_ROUND), "went its last round")),
            "s",
            "Ago. The second is what the beat that is scraped says itself.",
            line(asked.beat_seconds),
            "beat-dead",
        ),
        _stat(
            "Rates computed",
            (Query(age(quality.COMPUTED, (), {"window": "15m"}), "ago"),),
            "s",
            "Those of the last 15 minutes, once a minute.",
            line(asked.stale_seconds),
            "signals-stale",
        ),
        _stat(
            "Sweep held back",
            (Query(latest(fleet.SWEEP_HELD_BACK), "held back"),),
            "bool_yes_no",
            "Whether no new traces are looked through for now.",
            line(1, "orange"),
            "sweep-held-back",
        ),
        _stat(
            "Dead letters",
            (Query(f"sum ({latest(fleet.DEAD_LETTERS, ('rubric',))}) or vector(0)", "dead"),),
            "short",
            "Work that gave up and waits for a person: `assay dead ls`.",
            line(asked.dead_letters),
            "dead-letters",
        ),
    )


def _coverage() -> tuple[Panel, ...]:
    burn = latest(slo.BURN, ("use_case",), {"objective": "coverage", "window": "1h"}, name=slo.BURN.lower)
    return (
        Panel(
            "Judged within 15 minutes",
            (Query(latest(quality.IN_TIME, ("use_case",), {"window": "24h"}), "{{use_case}}"),),
            "percentunit",
            "Of the last 24 hours." + _STATUS,
            width=6,
            most=1,
            runbook="coverage-burn",
        ),
        Panel(
            "Coverage: burn rate of an hour, at least",
            (Query(burn, "{{use_case}}"),),
            "short",
            "With six hours above 6 and the hour above 14.4 it pages.",
            width=6,
            least=0,
            steps=line(14.4),
            runbook="coverage-burn",
        ),
        Panel(
            "From a trace's end to its scores",
            (
                Query(quantile(0.5, process.SCORE_LAG), "median"),
                Query(quantile(0.95, process.SCORE_LAG), "p95"),
            ),
            "s",
            "Until scores were read back from the store.",
            width=6,
            least=0,
            runbook="coverage-burn",
        ),
        Panel(
            "Today's traces, by what became of them",
            (
                Query(f"sum by (state) ({latest(fleet.FUNNEL_TRACES, ('use_case', 'rubric', 'state'))})", "{{state}}"),
                Query(latest(fleet.SKIPPED_TRACES, ("reason",)), "for: {{reason}}"),
            ),
            "short",
            "Traces that began on this UTC day, and why some have no score." + _STATUS,
            width=6,
            least=0,
            runbook="answers-unjudged",
        ),
    )


def _work(given: Given) -> tuple[Panel, ...]:
    return (
        Panel(
            "What waits",
            (
                Query(latest(fleet.QUEUE_WAITING, ("queue",)), "queue {{queue}}"),
                Query(latest(fleet.QUEUE_IN_HAND), "in hand"),
                Query(latest(fleet.BACKLOG_TRACES, ("use_case",)), "backlog of {{use_case}}"),
            ),
            "short",
            "Messages in queues and in workers' hands, and traces that are not released yet." + _STATUS,
            width=6,
            least=0,
            runbook="no-scores",
        ),
        Panel(
            "Oldest trace in flight",
            (Query(latest(fleet.OLDEST_OPEN), "oldest"),),
            "s",
            "Since it was selected." + _STATUS,
            width=6,
            least=0,
            steps=line(given.thresholds.no_scores_seconds),
            runbook="no-scores",
        ),
        *_tasks(),
    )


def _tasks() -> tuple[Panel, ...]:
    return (
        Panel(
            "Tasks a second",
            (Query(per_second(process.TASKS, ("task", "outcome")), "{{task}} {{outcome}}"),),
            "reqps",
            "Messages and ticks worked off.",
            width=6,
            least=0,
            runbook="tick-not-done",
        ),
        Panel(
            "How long tasks take, slowest 5 %",
            (Query(quantile(0.95, process.TASK_SECONDS, ("task",)), "{{task}}"),),
            "s",
            "By task.",
            width=6,
            least=0,
            runbook="tick-not-done",
        ),
        Panel(
            "What tasks came to, an hour",
            (
                Query(
                    f"3600 * {per_second(process.TASK_COUNTS, ('task', 'result'))} > 0",
                    "{{task}}: {{result}}",
                    is_rare=True,
                ),
            ),
            "short",
            "By the counts of their reports, e.g. assess: judged.",
            width=12,
            least=0,
            runbook="answers-unjudged",
        ),
        Panel(
            "Ticks: run late by",
            (
                Query(
                    f"{latest(fleet.TICK_DONE_AGE, ('tick',))}\n/ {latest(fleet.TICK_INTERVAL, ('tick',))}",
                    "{{tick}}",
                ),
            ),
            "short",
            "Age of the last run over how often it is due. Above 10 there is a ticket.",
            width=12,
            least=0,
            steps=line(10, "orange"),
            runbook="tick-not-done",
        ),
    )
