"""Lower rows of the dashboard of the fleet: judges, and what is written and kept."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import Given, line, more
from assay.worker.alerts.dashboards.panel import Panel, Query
from assay.worker.alerts.dashboards.queries import latest, per_second, quantile
from assay.worker.records.metrics import fleet, process

_STATUS = more("status")
_ENDPOINT = "{{model}} at {{endpoint}}"


def judge_panels(given: Given) -> tuple[Panel, ...]:
    """What judge endpoints answer, how fast, and how near to their limits."""
    by_model = ("endpoint", "model")
    return (
        Panel(
            "Judge requests by outcome",
            (Query(per_second(process.JUDGE_REQUESTS, ("endpoint", "outcome")), "{{endpoint}} {{outcome}}"),),
            "reqps",
            "answered, refused (429), rejected (4xx), denied, failed, timed_out, cancelled.",
            width=6,
            least=0,
            stacked=True,
            runbook="judge-failing",
        ),
        Panel(
            "Judge calls, slowest 5 %",
            (Query(quantile(0.95, process.JUDGE_SECONDS, by_model), _ENDPOINT),),
            "s",
            "How long answered calls took.",
            width=6,
            least=0,
            runbook="judge-failing",
        ),
        Panel(
            "Judge tokens a second",
            (Query(per_second(process.JUDGE_TOKENS, ("type",)), "{{type}}"),),
            "short",
            "Input, cached input and output.",
            width=6,
            least=0,
            runbook="judge-budget",
        ),
        Panel(
            "Limits in use",
            (Query(latest(fleet.LIMIT_USED, ("endpoint", "model", "kind")), "{{endpoint}} {{model}} {{kind}}"),),
            "percentunit",
            "Near 100 % work waits for it; that is no fault." + _STATUS,
            width=6,
            least=0,
            runbook="no-scores",
        ),
        *_stops(given),
    )


def _stops(given: Given) -> tuple[Panel, ...]:
    """What stops calls until it passes, and what until a person mends it."""
    return (
        Panel(
            "Breakers",
            (Query(latest(fleet.BREAKER, ("endpoint",)), "{{endpoint}}"),),
            "short",
            f"Open for {given.thresholds.breaker_seconds / 60:g} minutes it pages." + _STATUS,
            "stat",
            width=12,
            height=4,
            runbook="judge-failing",
            words=((0, "closed", "green"), (1, "half open", "orange"), (2, "open", "red")),
        ),
        Panel(
            "Keys, accounts and models",
            (Query(latest(fleet.ENDPOINT_DENIED, ("endpoint",)), "{{endpoint}}"),),
            "short",
            "Whether work waits until a person mends one of them." + more("doctor --judge"),
            "stat",
            width=12,
            height=4,
            runbook="judge-denied",
            words=((0, "in order", "green"), (1, "refused", "red")),
        ),
    )


def kept_panels(given: Given) -> tuple[Panel, ...]:
    """Scores, rows of the record, and the processes themselves."""
    return (
        Panel(
            "Scores to be read back",
            (
                Query(latest(fleet.WRITE_REWRITES), "due"),
                Query(
                    f"sum ({latest(fleet.SKIPPED_TRACES, ('reason',), {'reason': 'unverified'})}) or vector(0)",
                    "given up today",
                ),
            ),
            "short",
            "Scores that were posted and not seen in the store yet.",
            width=6,
            least=0,
            steps=line(given.thresholds.unverified),
            runbook="store-drops-writes",
        ),
        Panel(
            "Rows for the record",
            (
                Query(latest(fleet.RECORD_WAITING), "waiting"),
                Query(latest(fleet.RECORD_TROUBLE), "cannot be written"),
            ),
            "short",
            "Ended work that waits for its row." + more("doctor"),
            width=6,
            least=0,
            runbook="record-unwritable",
        ),
        Panel(
            "Event loop and clocks",
            (
                Query("max by (job) (" + process.LOOP_LAG.name + ")", "loop lag, the worst"),
                Query(latest(fleet.CLOCK_OFFSET), "clock offset, the largest"),
            ),
            "s",
            "How late a process' loop ran what was due, and how far a clock is from Redis'.",
            width=6,
            least=0,
            runbook="clock-off",
        ),
        Panel(
            "Memory",
            (Query('sum by (instance) (process_resident_memory_bytes{job="assay"})', "{{instance}}"),),
            "bytes",
            "Resident memory of each process.",
            width=6,
            least=0,
            runbook="target-down",
        ),
    )
