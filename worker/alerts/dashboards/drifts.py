"""The row of drift."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import Given, line, more
from assay.worker.alerts.dashboards.panel import Column, Panel, Query, Row, Step
from assay.worker.alerts.dashboards.queries import CASE, age, latest
from assay.worker.records.metrics import drift, quality

_FEATURE = ("side", "feature")
_SHOW = more("drift show --use-case $use_case")
_DAY_S = 86_400


def drift_row(given: Given) -> Row:
    """What the last check found, and how it came to that."""
    psi = given.thresholds.psi
    moved, chance = (latest(metric, _FEATURE, CASE) for metric in (drift.CENTROID, drift.CENTROID_NULL))
    return Row(
        "Drift against the baseline",
        (
            _table(),
            Panel(
                title="Models that answered, $window",
                queries=(Query(latest(quality.MODEL_SERVED, ("model",), {**CASE, "window": "$window"}), "{{model}}"),),
                unit="short",
                description="Judged traces by the model that the provider says it served." + _SHOW,
                least=0,
                width=10,
                stacked=True,
                links_traces=True,
                runbook="model-served-changed",
            ),
            Panel(
                title="PSI",
                queries=(Query(latest(drift.PSI, _FEATURE, CASE), "{{feature}}"),),
                unit="short",
                description=f"Population stability index. Topics have a ticket from {psi:g} on, if chance does not "
                "reach that at this n." + _SHOW,
                least=0,
                steps=line(psi, "orange"),
                runbook="topic-shift",
            ),
            Panel(
                title="Size of the change",
                queries=(Query(latest(drift.SIZE, _FEATURE, CASE), "{{feature}}"),),
                unit="percentunit",
                description="Share of the traffic that changed." + _SHOW,
                least=0,
                links_traces=True,
                runbook="traffic-drift",
            ),
            Panel(
                title="Distance of centroids over what chance gives",
                queries=(Query(f"{moved}\n/ ({chance} > 0)", "{{feature}}"),),
                unit="short",
                description="1 - cosine of the two centroids, over its 99 % point without drift. Above 1 it is told."
                + _SHOW,
                least=0,
                steps=line(1, "orange"),
                runbook="centroid-drift",
            ),
            *_ages(),
        ),
    )


def _table() -> Panel:
    asked = (
        (drift.DRIFTED, "drifted"),
        (drift.SIZE, "size"),
        (drift.PSI, "PSI"),
        (drift.PSI_NULL, "PSI by chance"),
    )
    smallest = f"min by (side, feature) ({latest(drift.P_VALUE, (*_FEATURE, 'test'), CASE)})"
    return Panel(
        title="Last check of $use_case",
        queries=(
            *(Query(latest(metric, _FEATURE, CASE), words) for metric, words in asked),
            Query(smallest, "p-value"),
        ),
        unit="short",
        description="1: the test says so and the change is large enough to matter. The p-value is held against all "
        "tests of the check." + _SHOW,
        kind="table",
        width=14,
        runbook="traffic-drift",
        columns=(
            Column("drifted", steps=(Step(None, "green"), Step(1, "orange"))),
            Column("size", unit="percentunit"),
        ),
    )


def _ages() -> tuple[Panel, ...]:
    late = (Step(None, "green"), Step(2 * _DAY_S, "orange"))
    old = (Step(None, "green"), Step(90 * _DAY_S, "orange"))
    check = Query(age(drift.CHECKED, (), CASE), "ago")
    baseline = Query(age(drift.BASELINE, (), CASE), "ago")
    traces = Query(latest(drift.TRACES, (), CASE), "traces")
    return (
        Panel("Last check", (check,), "s", "It is due every day." + _SHOW, "stat", late, 8, 4, runbook="drift-stale"),
        Panel(
            "Baseline captured",
            (baseline,),
            "s",
            "Capture a new one once a change is wanted." + more("drift baseline --use-case $use_case"),
            "stat",
            old,
            8,
            4,
            runbook="traffic-drift",
        ),
        Panel("Traces checked", (traces,), "short", "The n of the check." + _SHOW, "stat", (), 8, 4),
    )
