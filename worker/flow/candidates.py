"""From the roots of a window to promises: which use case takes each trace, and what the hash selects.

Nothing here does I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assay.judges.rubric import Rubric
from assay.worker.config.calibration_sets import CalibrationSet
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow import selection
from assay.worker.records.ledger import Promise, count_key
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import WindowRecord


@dataclass
class Seen:
    """How many traces of one window belong to which use case, and how many to none."""

    by_use_case: Counter[str] = field(default_factory=Counter)
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_use_case.values()) + self.unmatched + self.excluded + self.unfinished

    def add(self, other: Seen) -> None:
        """Count another page's, too."""
        self.by_use_case.update(other.by_use_case)
        self.unmatched += other.unmatched
        self.excluded += other.excluded
        self.unfinished += other.unfinished


@dataclass(frozen=True)
class Chooser:
    """Chooses traces by the policy, and names the rubrics and calibrations they will be judged with."""

    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    calibrations: Mapping[str, CalibrationSet]

    def count_by_use_case(self, roots: Iterable[TraceRoot], now: datetime) -> Seen:
        """Count roots by use case. Traces that have not been over for long enough wait for a later scan."""
        seen = Seen()
        for root in roots:
            if selection.is_excluded(root, self.deployment) or not _is_encodable(root):
                seen.excluded += 1
            elif self._is_unfinished(root, now):
                seen.unfinished += 1
            elif cases := selection.matching_use_cases(root, self.deployment):
                seen.by_use_case[cases[0].name] += 1
            else:
                seen.unmatched += 1
        return seen

    def _is_unfinished(self, root: TraceRoot, now: datetime) -> bool:
        return root.end is None or root.end > now - timedelta(seconds=self.deployment.defaults.quiet_seconds)

    def choose(
        self, roots: Iterable[TraceRoot], window: WindowRecord, now: datetime
    ) -> tuple[list[Promise], Counter[str]]:
        """Choose among the roots of a window.

        Returns:
            A promise for each selected trace and rubric, and how many were passed over, by `count_key`.
        """
        promises: list[Promise] = []
        passed_over: Counter[str] = Counter()
        for root in roots:
            if selection.is_excluded(root, self.deployment) or not _is_encodable(root):
                continue
            cases = () if self._is_unfinished(root, now) else selection.matching_use_cases(root, self.deployment)
            for use_case in cases[:1]:
                rate = window.rates[use_case.name].rate
                chosen = selection.decide(root, use_case, rate, self.deployment.salt)
                for name in self.deployment.rubrics_of(use_case):
                    passed_over[count_key(use_case.name, name)] += chosen is None
                    if chosen is not None:
                        promises.append(
                            self._promise(root, chosen, use_case, self.rubrics[name], window=window.id, now=now)
                        )
        return promises, passed_over

    def _promise(
        self,
        root: TraceRoot,
        chosen: selection.Selected,
        use_case: UseCase,
        rubric: Rubric,
        *,
        window: str,
        now: datetime,
    ) -> Promise:
        calibration = self.calibrations.get(rubric.name)
        return Promise(
            trace_id=root.trace_id,
            rubric=rubric.name,
            rubric_hash=rubric.content_hash(),
            calibration_hash=calibration.content_hash() if calibration else None,
            use_case=use_case.name,
            window=window,
            start=root.start,
            end=root.end,
            observation_id=(root.observation_id or None) if rubric.scores_on == "observation" else None,
            environment=root.environment,
            pi=chosen.pi,
            stratum=chosen.stratum,
            sample=chosen.sample,
            selected_at=now,
        )


def _is_encodable(root: TraceRoot) -> bool:
    """Whether its ids and environment can be written anywhere: a lone surrogate cannot."""
    try:
        f"{root.trace_id}{root.observation_id}{root.environment}".encode()
    except UnicodeEncodeError:
        return False
    return True
