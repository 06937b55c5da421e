"""From the traces of a use case to what is told of its objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.worker.config.objectives import Objective, ObjectiveName
from assay.worker.signals.slos.attainment import attained, budget_left
from assay.worker.signals.slos.goodput import NOT_THE_ANSWERS, goodput_of, parts_of_goodput
from assay.worker.signals.slos.records import Attained, Goodput, ObjectiveReport, UseCaseReport
from assay.worker.signals.slos.traces import SloTraces

SPANS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "3d": timedelta(days=3),
}
"""Windows of burn rates: traces that started within them. The period of the budgets comes beside them."""

Objectives = Mapping[ObjectiveName, Objective]

_FEW = 0.9
"""Where less than this share of traces is known it is said."""

_NOTHING_KNOWN: Mapping[ObjectiveName, str] = {
    "quality": "no trace has a hallucination risk",
    "faithfulness": "no trace has a faithfulness",
    "refusals": "no trace was judged",
    "latency": "no trace says how long it took",
    "first_token": "no trace says its time to first token",
    "token_time": "no trace says both its time to first token and its output tokens",
    "cost": "no trace says what it cost, and no price is known of its model",
    "feedback": "no user gave an opinion",
    "coverage": "no trace that ended since the fleet began is old enough to tell",
}
"""Why an objective has no share."""


class Figures(NamedTuple):
    """What one window came to."""

    attained: Mapping[ObjectiveName, Attained]
    goodput: Goodput | None


def figures_of(traces: SloTraces, objectives: Objectives, parts: Sequence[ObjectiveName]) -> Figures:
    """The objectives of a use case in one window, and goodput of some of them."""
    return Figures(
        {name: attained(traces, objective) for name, objective in objectives.items()},
        goodput_of(traces, parts) if parts else None,
    )


def period_name(period: timedelta) -> str:
    """How the window of the budgets is called, e.g. `30d`, or `36h` where it is no whole number of days."""
    days, rest = divmod(period, timedelta(days=1))
    return f"{days}d" if days and not rest else f"{max(1, round(period / timedelta(hours=1)))}h"


def windows_of(traces: SloTraces, now: datetime, spans: Mapping[str, timedelta]) -> dict[str, SloTraces]:
    """The traces of each window."""
    return {name: traces.since(now - span) for name, span in spans.items()}


def use_case_report(
    use_case: str,
    profile: str,
    objectives: Objectives,
    traces: SloTraces,
    windows: Mapping[str, Figures],
    period: str,
    revisions: Mapping[str, str],
) -> UseCaseReport:
    """What is told of a use case.

    Args:
        use_case: its name.
        profile: the ready set that its objectives come from.
        objectives: those in force.
        traces: all of the period.
        windows: what each window came to.
        period: the name of the one that budgets are told over.
        revisions: the latest revision by rubric.
    """
    parts = parts_of_goodput(traces, objectives)
    return UseCaseReport(
        use_case=use_case,
        profile=profile,
        traces=traces.n,
        other_revisions=int(traces.is_other.sum()),
        revisions=revisions,
        objectives=[_objective(each, traces, windows, period) for each in objectives.values()],
        goodput={name: each.goodput for name, each in windows.items() if each.goodput is not None},
        goodput_of=parts,
        goodput_without=[name for name in objectives if name not in (*parts, *NOT_THE_ANSWERS)],
    )


def _objective(objective: Objective, traces: SloTraces, windows: Mapping[str, Figures], period: str) -> ObjectiveReport:
    by_window = {window: each.attained[objective.name] for window, each in windows.items()}
    whole = by_window[period]
    return ObjectiveReport(
        name=objective.name,
        limit=objective.limit,
        target=objective.share,
        windows=by_window,
        budget_left=budget_left(whole.good, objective.allowed),
        note=_note(objective, traces, whole),
    )


def _note(objective: Objective, traces: SloTraces, whole: Attained) -> str:
    uncalibrated = int(traces.is_uncalibrated.sum()) if not objective.allow_uncalibrated else 0
    if objective.name == "quality" and uncalibrated:
        return (
            f"the risk of {uncalibrated:,} traces is not calibrated; label answers and run assay calibrate, "
            "or set allow_uncalibrated: true"
        )
    if not whole.n:
        return _NOTHING_KNOWN[objective.name] if traces.n else "no trace was selected"
    if objective.name != "feedback" and whole.known is not None and whole.known < _FEW:
        return f"known of {whole.known:.0%} of the traces that it is about"
    return ""
