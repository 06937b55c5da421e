"""Alerts of objectives: what burns an error budget, and what is slower than it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import HOUR_S, MINUTE_S, NO_SIGNALS, by_threshold, rounded
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import ObjectiveName, objectives_of
from assay.worker.records.metrics import fleet, quality, slo
from assay.worker.records.metrics.metric import Metric

COVERAGE: Final = "coverage"
"""The fleet's own objective: worked off in time."""

_COVERAGE_WINDOWS = (("1h", 14.4, 0.72), ("6h", 6.0, 0.30))
"""Window, burn rate, and the share of late answers that is too much whatever is allowed, e.g. of a target of 0.9."""

_BY = ("use_case", "objective")
_SHARE_OF_P95 = 0.95
_QUALITY_PAGES = ("LLMHallucinationSpike",)


def rules(deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of what `slos:` aims at."""
    yield from _coverage_burn(deployment)
    asked = deployment.alerts.thresholds
    yield _slow_burn("AssayBudgetBurnsFast", "24h", asked.burn_day, hidden_by=_QUALITY_PAGES)
    yield _slow_burn("AssayBudgetBurnsSlowly", "3d", asked.burn_three_days, hidden_by=("AssayBudgetBurnsFast",))
    yield from _slow_answers(deployment)


def _coverage_burn(deployment: Deployment) -> Iterator[AlertRule]:
    """Two windows, as for any service: the long one says that it matters, the short one that it goes on."""
    for group in by_threshold(deployment, partial(_allowed_uncovered, deployment)):
        yield AlertRule(
            name="AssayCoverageBurn",
            severity="page",
            all_of=(
                *(
                    Condition(
                        metric=slo.BURN.lower,
                        comparator=">",
                        threshold=rounded(min(burn, worst / group.threshold)),
                        where={**group.where, "objective": COVERAGE, "window": window},
                    )
                    for window, burn, worst in _COVERAGE_WINDOWS
                ),
                # It goes on: after an outage both windows are full of traces that were late, and nothing is to be done.
                Condition(metric=fleet.OLDEST_OPEN.name, comparator=">", threshold=_late_s(deployment)),
            ),
            by=("use_case",),
            keep_firing_s=600,
            summary="{use_case}: judging falls behind, its error budget burns {value} times too fast",
            description="Selected answers are late, by the bounds of one hour and of six, and one waits now.",
            runbook="coverage-burn",
            inhibited_by=("AssayNoScores", "AssaySignalsStale", "AssayJudgeFailing", "AssayJudgeDenied"),
        )


def _allowed_uncovered(deployment: Deployment, use_case: str) -> float | None:
    aimed = objectives_of(deployment, use_case).get(COVERAGE)
    return None if aimed is None else rounded(aimed.allowed)


def _late_s(deployment: Deployment) -> float:
    """How long a selected trace may wait before the first objective is missed, in seconds."""
    aims = (objectives_of(deployment, case.name).get(COVERAGE) for case in deployment.use_cases)
    return MINUTE_S * min((aim.limit for aim in aims if aim is not None and aim.limit is not None), default=15.0)


def _slow_burn(name: str, window: str, burn: float, *, hidden_by: tuple[str, ...]) -> AlertRule:
    return AlertRule(
        name=name,
        severity="ticket",
        all_of=(Condition(metric=slo.BURN.lower, comparator=">", threshold=burn, where={"window": window}),),
        by=_BY,
        for_s=900,
        keep_firing_s=HOUR_S,
        summary="{use_case}: the error budget of {objective} burns at least {value} times too fast",
        description=(
            f"The exact lower bound of the burn rate of {window} is above {burn:g}: more answers miss the objective "
            "{objective} than its budget allows."
        ),
        runbook="budget-burn",
        dashboard="assay-quality",
        inhibited_by=(*NO_SIGNALS, *hidden_by),
    )


def _slow_answers(deployment: Deployment) -> Iterator[AlertRule]:
    yield from _over(
        deployment,
        "AssayFirstTokenOverSlo",
        quality.FIRST_TOKEN_P95,
        _limit_of(deployment, "first_token"),
        "the slowest 5 % of answers wait {value} or longer for their first token",
    )
    yield from _over(
        deployment,
        "AssayLatencyOverSlo",
        quality.DURATION_P95,
        _limit_of(deployment, "latency"),
        "the slowest 5 % of answers take {value} or longer",
    )


def _limit_of(deployment: Deployment, objective: ObjectiveName) -> Callable[[str], float | None]:
    """Its limit for each use case. Where fewer than 95 % are to keep it, its 95th percentile says nothing of it."""

    def limit(use_case: str) -> float | None:
        aimed = objectives_of(deployment, use_case).get(objective)
        return None if aimed is None or aimed.share < _SHARE_OF_P95 else aimed.limit

    return limit


def _over(
    deployment: Deployment, name: str, metric: Metric, limit_of: Callable[[str], float | None], told: str
) -> Iterator[AlertRule]:
    for group in by_threshold(deployment, limit_of):
        yield AlertRule(
            name=name,
            severity="ticket",
            all_of=(
                Condition(
                    metric=metric.lower,
                    comparator=">",
                    threshold=group.threshold,
                    where={**group.where, "window": "15m"},
                ),
            ),
            by=("use_case",),
            for_s=600,
            keep_firing_s=900,
            summary="{use_case}: " + told,
            description=(
                f"The lower bound of the 95th percentile has been above the objective of {group.threshold:g} s for 10 "
                "minutes."
            ),
            runbook="slow-answers",
            dashboard="assay-quality",
            inhibited_by=("AssaySignalsStale",),
        )
