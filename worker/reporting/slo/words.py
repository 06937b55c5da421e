"""Objectives in words: what is aimed at, what was attained, what is left."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.config.objectives import ObjectiveName
from assay.worker.signals.slos.records import Attained, Goodput, ObjectiveReport, UseCaseReport
from assay.worker.statistics.intervals import Estimate

_LABELS: dict[ObjectiveName, str] = {
    "quality": "quality",
    "faithfulness": "faithfulness",
    "refusals": "refusals",
    "latency": "latency",
    "first_token": "first token",
    "token_time": "token time",
    "cost": "cost",
    "feedback": "feedback",
    "coverage": "coverage",
}


_LEAST_TOLD = 0.001
"""A smaller share of unknown traces changes no figure that is shown."""


def label(name: ObjectiveName) -> str:
    """An objective's name as people read it, e.g. `first token`."""
    return _LABELS[name]


def aim_words(objective: ObjectiveReport) -> str:
    """What is aimed at, e.g. `95% risk < 0.15`."""
    return f"{share(objective.target)} {_good(objective.name, objective.limit)}"


def share(value: float) -> str:
    """A share with as many digits as a target of 99.9 % needs, e.g. `99%` and `99.9%`."""
    return f"{100 * value:.6g}%"


def _good(name: ObjectiveName, limit: float | None) -> str:
    if limit is None:
        return "answered" if name == "refusals" else "positive"
    return {
        "quality": f"risk < {limit:g}",
        "faithfulness": f"≥ {limit:g}",
        "latency": f"≤ {limit:g} s",
        "first_token": f"≤ {limit:g} s",
        "token_time": f"≤ {limit:g} s",
        "cost": f"≤ ${limit:g}",
        "coverage": f"≤ {limit:g} min",
    }[name]


def attained_words(estimate: Estimate | None) -> str:
    """A share with its interval, e.g. `92.5% (91.4–93.4)`."""
    if estimate is None:
        return "not known"
    return f"{estimate.value:.1%} ({100 * estimate.low:.1f}–{100 * estimate.high:.1f})"


def budget_words(objective: ObjectiveReport) -> str:
    """What is left of the error budget, e.g. `58%`, or how far it is overdrawn, `-51%`."""
    left = objective.budget_left
    return "" if left is None else f"{left.value:.0%}"


def burn_words(attained: Attained | None) -> str:
    """How fast the error budget goes: `1.5`, 1 being as fast as it may."""
    return "" if attained is None or attained.burn is None else f"{attained.burn.value:.1f}"


def is_missed(objective: ObjectiveReport, period: str) -> bool:
    """Whether the objective is shown to be missed: even the upper end of the share lies below the target."""
    good = objective.windows[period].good
    return good is not None and good.high < objective.target


def is_doubtful(objective: ObjectiveReport, period: str) -> bool:
    """Whether the share lies below the target, and the interval leaves open whether it is so."""
    good = objective.windows[period].good
    return good is not None and good.value < objective.target <= good.high


def goodput_words(goodput: Goodput) -> str:
    """What is unknown of goodput, where something is."""
    if goodput.bounds is None or goodput.unknown < _LEAST_TOLD:
        return ""
    bounds = goodput.bounds
    return (
        f"{goodput.unknown:.1%} of the traces are not known in all: goodput lies between {bounds.low:.1%} "
        f"and {bounds.high:.1%}"
    )


def heading(case: UseCaseReport, period: str) -> str:
    """What a use case's figures rest on."""
    revisions = ", ".join(f"{rubric} {revision[:12]}" for rubric, revision in sorted(case.revisions.items()))
    return f"profile {case.profile} · {case.traces:,} traces in {period}" + (f" · {revisions}" if revisions else "")


def notes_of(case: UseCaseReport, period: str) -> Iterator[str]:
    """What is not known, and why."""
    for objective in case.objectives:
        if objective.note and case.traces:
            yield f"{label(objective.name)}: {objective.note}"
    whole = case.goodput.get(period)
    if whole is not None and (words := goodput_words(whole)):
        yield words
    if case.goodput_without and case.traces:
        left_out = ", ".join(label(name) for name in case.goodput_without)
        yield f"goodput leaves out {left_out}: too little is known of it"
    if case.other_revisions:
        yield f"{case.other_revisions:,} traces were judged by other revisions only: in no share of quality"
    if not case.traces:
        yield "no trace of this use case came to its end in the period"
