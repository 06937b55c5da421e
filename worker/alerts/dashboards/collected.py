"""Panels of what comes by OTLP, and of scores that go on to further places."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import more
from assay.worker.alerts.dashboards.panel import Panel, Query
from assay.worker.alerts.dashboards.queries import latest, per_second
from assay.worker.records.metrics import collector, fleet


def collector_panels() -> tuple[Panel, ...]:
    """What applications send, and what becomes of it. Empty where no collector runs."""
    return (
        Panel(
            "Requests of senders",
            (Query(per_second(collector.REQUESTS, ("signal", "status")), "{{signal}}: {{status}}", is_rare=True),),
            "reqps",
            "By the status of the answer. A 429 or 503 is sent again by an SDK.",
            width=6,
            least=0,
        ),
        Panel(
            "Spans and log records",
            (
                Query(per_second(collector.SPANS, ("outcome",)), "spans {{outcome}}", is_rare=True),
                Query(per_second(collector.EVENTS, ("outcome",)), "log records {{outcome}}", is_rare=True),
            ),
            "short",
            "A second. What is rejected was refused by partial success.",
            width=6,
            least=0,
        ),
        Panel(
            "Bytes",
            (
                Query(per_second(collector.BYTES), "inflated, a second", is_rare=True),
                Query(latest(collector.HELD), "not answered yet", is_rare=True),
            ),
            "bytes",
            "What came, and what waits for the disk.",
            width=6,
            least=0,
        ),
        Panel(
            "Open requests, strange times, forgotten traces",
            (
                Query(latest(collector.OPEN), "open requests", is_rare=True),
                Query(f"3600 * {per_second(collector.STRANGE_TIMES)}", "spans a day off, an hour", is_rare=True),
                Query(f"3600 * {per_second(collector.FORGOTTEN)}", "traces forgotten, an hour", is_rare=True),
            ),
            "short",
            "Times more than a day off are a sender's clock.",
            width=6,
            least=0,
        ),
    )


def copies_panels() -> tuple[Panel, ...]:
    """Scores that are copied to further places. Empty where none are."""
    return (
        Panel(
            "Copies: traces that wait",
            (Query(latest(fleet.COPIES_WAITING, ("place", "state")), "{{place}}: {{state}}", is_rare=True),),
            "short",
            "To be written there, or written and to be shown." + more("status"),
            width=8,
            least=0,
        ),
        Panel(
            "Copies: how long the oldest waits",
            (Query(latest(fleet.COPIES_OLDEST, ("place",)), "{{place}}", is_rare=True),),
            "s",
            "After a day a copy is given up.",
            width=8,
            least=0,
        ),
        Panel(
            "Copies: how they ended",
            (
                Query(
                    latest(fleet.COPIES_ENDED, ("place", "outcome", "reason")),
                    "{{place}}: {{outcome}} {{reason}}",
                    is_rare=True,
                ),
            ),
            "short",
            "Ever. Unverified: the place shows nothing back.",
            width=8,
            least=0,
        ),
    )
