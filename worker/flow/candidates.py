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


@dataclass
class Choice:
    """What was chosen among the roots of a window.

    Attributes:
        promises: one for each selected trace and rubric.
        passed_over: how many traces were passed over, by `count_key`.
        maybe_promised: the `count_key` of those that an earlier and higher rate of the window may have taken, by rubric
            and trace id.
    """

    promises: list[Promise] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    maybe_promised: dict[tuple[str, str], str] = field(default_factory=dict)


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
        self, roots: Iterable[TraceRoot], window: WindowRecord, now: datetime, *, only: str | None = None
    ) -> Choice:
        """Choose among the roots of a window.

        Args:
            roots: the roots.
            window: their window, with the rates of all use cases that they belong to.
            now: the current moment.
            only: the one use case to choose for. None: all of them.
        """
        choice = Choice()
        for root in roots:
            case = self.use_case_of(root, now)
            if case is None or only not in (None, case.name):
                continue
            rate = window.rates[case.name]
            chosen = selection.decide(root, case, rate.rate, self.deployment.salt)
            for name in self.deployment.rubrics_of(case):
                key = count_key(case.name, name)
                choice.passed_over[key] += chosen is None
                if chosen is not None:
                    rubric = self.rubrics[name]
                    choice.promises.append(self._promise(root, chosen, case, rubric, window=window.id, now=now))
                elif rate.lowered:
                    choice.maybe_promised[name, root.trace_id] = key
        return choice

    def use_case_of(self, root: TraceRoot, now: datetime) -> UseCase | None:
        """The use case that takes a trace. None where none does, or where the trace is excluded or still runs."""
        if selection.is_excluded(root, self.deployment) or not _is_encodable(root) or self._is_unfinished(root, now):
            return None
        return next(iter(selection.matching_use_cases(root, self.deployment)), None)

    def version_of(self, rubric: str) -> tuple[str, str | None]:
        """The versions of a rubric and its calibration that are in force."""
        calibration = self.calibrations.get(rubric)
        return self.rubrics[rubric].content_hash(), calibration.content_hash() if calibration else None

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
        rubric_hash, calibration_hash = self.version_of(rubric.name)
        return Promise(
            trace_id=root.trace_id,
            rubric=rubric.name,
            rubric_hash=rubric_hash,
            calibration_hash=calibration_hash,
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
