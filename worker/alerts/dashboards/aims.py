"""Lines of what is aimed at: by `slos:` of each use case, so that a graph shows the line of the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable

from assay.worker.alerts.dashboards.panel import Query
from assay.worker.alerts.dashboards.queries import CASE, latest
from assay.worker.alerts.rules.parts import by_threshold
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import Objective, ObjectiveName, objectives_of
from assay.worker.records.metrics import quality, slo
from assay.worker.records.metrics.metric import Metric

_MEDIAN = 0.5
_P95 = 0.95
_FAITHFUL = 0.8
"""What `assay_faithful_ratio` counts from: an objective with another limit is not about it."""


class Aims:
    """What a deployment aims at, as queries."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def share(self, name: ObjectiveName) -> tuple[Query, ...]:
        """The least share of good traces."""
        return self._target(name, "{}", "at least")

    def bad_share(self, name: ObjectiveName) -> tuple[Query, ...]:
        """The largest share of bad ones."""
        return self._target(name, "1 - {}", "at most")

    def faithful_share(self) -> tuple[Query, ...]:
        """The least share of faithful answers, where the objective counts them as the metric does."""
        is_so = any(aim.limit == _FAITHFUL for aim in self._of_all("faithfulness"))
        return self.share("faithfulness") if is_so else ()

    def median(self) -> tuple[Query, ...]:
        """The least median of faithfulness: an objective for half of the answers is one for their median."""
        return self._limit("faithfulness", quality.FAITHFULNESS, lambda aim: aim.share == _MEDIAN)

    def slowest(self, name: ObjectiveName, metric: Metric) -> tuple[Query, ...]:
        """The most seconds of the 95th percentile, where at least 95 % are to keep them."""
        return self._limit(name, metric, lambda aim: aim.share >= _P95)

    def request_cost(self) -> tuple[Query, ...]:
        """The most USD of a request."""
        return self._limit("cost", quality.REQUEST_COST, lambda _: True)

    def _of_all(self, name: ObjectiveName) -> list[Objective]:
        cases = self._deployment.use_cases
        return [aims[name] for case in cases if name in (aims := objectives_of(self._deployment, case.name))]

    def _target(self, name: ObjectiveName, form: str, word: str) -> tuple[Query, ...]:
        if not self._of_all(name):
            return ()
        target = latest(slo.TARGET, (), {**CASE, "objective": name})
        return (Query(form.format(target), f"{word} (objective)", "limit"),)

    def _limit(self, name: ObjectiveName, metric: Metric, is_meant: Callable[[Objective], bool]) -> tuple[Query, ...]:
        """The limit, written down: no metric tells it. Of several groups of use cases the chosen one's."""

        def limit_of(use_case: str) -> float | None:
            aim = objectives_of(self._deployment, use_case).get(name)
            return aim.limit if aim is not None and is_meant(aim) else None

        parts = []
        for group in by_threshold(self._deployment, limit_of):
            matchers = ['use_case="$use_case"', *(f'use_case=~"{names}"' for names in group.where.values())]
            parts.append(f"vector({group.threshold:.10g}) and on () group ({metric.name}{{{','.join(matchers)}}})")
        return (Query("\nor ".join(parts), "objective", "limit"),) if parts else ()
