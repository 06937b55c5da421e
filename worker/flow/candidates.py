"""From the roots of a window to promises: which use case takes each trace, and what the hash selects.

Nothing here does I/O.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from assay.judges.rubric import Rubric
from assay.worker.config.calibration_sets import CalibrationSet, calibrations_for
from assay.worker.config.deployment import Deployment
from assay.worker.config.redaction import redaction_of_case
from assay.worker.config.use_cases import UseCase
from assay.worker.flow import selection
from assay.worker.records.ledger import Promise, count_key
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import ResolvedRate, WindowRecord

NO_TAKERS: Mapping[str, str] = {}
"""Where `assay.yaml` was not edited since, the present use case of a trace is the one that it was selected for."""


@dataclass
class Seen:
    """How many traces of one window belong to which use case, and how many to none."""

    by_use_case: Counter[str] = field(default_factory=Counter)
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0
    strata: Counter[tuple[str, float]] = field(default_factory=Counter)
    """How many of `by_use_case` lie in strata, by use case and the stratum's rate."""

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
        self.strata.update(other.strata)


@dataclass
class Choice:
    """What was chosen among the roots of a window.

    Attributes:
        promises: one for each selected trace and rubric.
        passed_over: how many traces were passed over, by `count_key`, without those that feedback added.
        unpaid: how many of them the rates without a budget would have taken.
        maybe_promised: the `count_key` of those that an earlier and higher rate of the window, or a stratum or use case
            that `assay.yaml` no longer has, may have taken, by rubric and trace id.
    """

    promises: list[Promise] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    unpaid: Counter[str] = field(default_factory=Counter)
    maybe_promised: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chooser:
    """Chooses traces by the policy, and names the rubrics and calibrations they will be judged with."""

    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    calibrations: Mapping[str, CalibrationSet]
    _versions: dict[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)

    @cached_property
    def policy(self) -> str:
        """Which use cases there are, and what they match, as a hash."""
        matches = [[case.name, case.match.model_dump(mode="json")] for case in self.deployment.use_cases]
        return hashlib.sha256(json.dumps(matches, sort_keys=True).encode()).hexdigest()[:12]

    def count_by_use_case(
        self,
        roots: Iterable[TraceRoot],
        now: datetime,
        first: WindowRecord | None = None,
        taken: Mapping[str, str] = NO_TAKERS,
    ) -> Seen:
        """Count roots by use case. Traces that have not been over for long enough wait for a later scan.

        Args:
            roots: the roots.
            now: the current moment.
            first: their window, where its first scan said which use cases there are.
            taken: by trace id the use cases that have promises of them already. There they stay.
        """
        seen = Seen()
        for root in roots:
            if taker := taken.get(root.trace_id):
                seen.by_use_case[taker] += 1
                _count_stratum(seen, root, self.deployment.use_case(taker), first)
            elif selection.is_excluded(root, self.deployment) or not is_encodable(root):
                seen.excluded += 1
            elif self._is_unfinished(root, now):
                seen.unfinished += 1
            elif case := self._taker(root, first):
                seen.by_use_case[case.name] += 1
                _count_stratum(seen, root, case, first)
            else:
                seen.unmatched += 1
        return seen

    def _is_unfinished(self, root: TraceRoot, now: datetime) -> bool:
        return root.end is None or root.end > now - timedelta(seconds=self.deployment.defaults.quiet_seconds)

    def choose(
        self,
        roots: Iterable[TraceRoot],
        window: WindowRecord,
        now: datetime,
        *,
        only: str | None = None,
        first: WindowRecord | None = None,
        taken: Mapping[str, str] = NO_TAKERS,
    ) -> Choice:
        """Choose among the roots of a window.

        Args:
            roots: the roots.
            window: their window, with the rates of all use cases that they belong to.
            now: the current moment.
            only: the one use case to choose for. None: all of them.
            first: as in `count_by_use_case`.
            taken: as there.
        """
        choice = Choice()
        by_feedback = {key: frozenset(ids) for key, ids in window.feedback.items()}
        for root in roots:
            case = self.use_case_of(root, now, first)
            if case is None or only not in (None, case.name):
                continue
            if taken.get(root.trace_id, case.name) != case.name:
                continue
            rate = window.rates[case.name]
            chosen = self._decide(root, case, rate.rate, rate)
            is_unpaid = chosen is None and rate.full is not None and self._takes(root, case, rate)
            may_be_promised = rate.lowered > 0 or _lacks_stratum(case, rate) or self.is_edited(window)
            for name in self.deployment.rubrics_of(case):
                key = count_key(case.name, name)
                choice.passed_over[key] += chosen is None and root.trace_id not in by_feedback.get(key, ())
                if is_unpaid:
                    choice.unpaid[key] += 1
                if chosen is not None:
                    rubric = self.rubrics[name]
                    choice.promises.append(self.promise(root, chosen, case, rubric, window=window.id, now=now))
                elif may_be_promised:
                    choice.maybe_promised[name, root.trace_id] = key
        return choice

    def _decide(
        self, root: TraceRoot, case: UseCase, base_rate: float, rate: ResolvedRate
    ) -> selection.Selected | None:
        salt = self.deployment.salt
        return selection.decide(root, case, base_rate, salt, paced=rate.paced, strata=rate.strata)

    def _takes(self, root: TraceRoot, case: UseCase, rate: ResolvedRate) -> bool:
        """Whether the rates without a budget would have taken it."""
        full = rate.full or rate.rate
        return selection.decide(root, case, full, self.deployment.salt, strata=rate.strata) is not None

    def use_case_of(self, root: TraceRoot, now: datetime, first: WindowRecord | None = None) -> UseCase | None:
        """The use case that takes a trace. None where none does, or where the trace is excluded or still runs."""
        if selection.is_excluded(root, self.deployment) or not is_encodable(root) or self._is_unfinished(root, now):
            return None
        return self._taker(root, first)

    def _taker(self, root: TraceRoot, first: WindowRecord | None) -> UseCase | None:
        """The first use case that matches. Where the use cases were others at a window's first scan, one that had a
        rate there goes first: what was counted and passed over as its trace stays that.
        """
        if first is None or not self.is_edited(first):
            return selection.first_match(root, self.deployment)
        cases = selection.matching_use_cases(root, self.deployment)
        return min(cases, key=lambda case: case.name not in first.rates, default=None)

    def is_edited(self, window: WindowRecord) -> bool:
        """Whether the use cases were others at the window's first scan."""
        return window.policy not in ("", self.policy)

    def version_of(self, rubric: str, use_case: str) -> tuple[str, str | None]:
        """The versions of a rubric, and of its calibration for a use case, that are in force."""
        key = (rubric, use_case)
        if key not in self._versions:  # a hash of a rubric takes longer than all else about a promise
            calibration = calibrations_for(rubric, use_case, self.calibrations)
            calibration_hash = calibration.content_hash() if calibration else None
            self._versions[key] = self.rubrics[rubric].content_hash(), calibration_hash
        return self._versions[key]

    def promise(
        self,
        root: TraceRoot,
        chosen: selection.Selected,
        use_case: UseCase,
        rubric: Rubric,
        *,
        window: str,
        now: datetime,
    ) -> Promise:
        """What is promised of a chosen trace."""
        rubric_hash, calibration_hash = self.version_of(rubric.name, use_case.name)
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
            environment=self._environment(root, use_case),
            pi=chosen.pi,
            stratum=chosen.stratum,
            sample=chosen.sample,
            selected_at=now,
        )

    def _environment(self, root: TraceRoot, use_case: UseCase) -> str:
        """The trace's environment as it may lie in Redis and go to further places with its scores."""
        redaction = redaction_of_case(self.deployment, use_case)
        if redaction.is_empty:
            return root.environment
        from assay.worker.flow.redacted_facts import redacted_environment  # loads a good deal

        return redacted_environment(root.environment, redaction)


def _count_stratum(seen: Seen, root: TraceRoot, case: UseCase | None, first: WindowRecord | None) -> None:
    if case and (stratum := selection.highest_stratum(root, case, _stored_strata(first, case))):
        seen.strata[case.name, stratum.rate] += 1


def _stored_strata(window: WindowRecord | None, case: UseCase) -> Mapping[str, float] | None:
    rate = window.rates.get(case.name) if window else None
    return rate.strata if rate else None


def _lacks_stratum(case: UseCase, rate: ResolvedRate) -> bool:
    """Whether a stratum that the window was scanned with was removed, renamed or takes other traces now."""
    return bool((rate.strata or {}).keys() - {stratum.key for stratum in case.strata})


def is_encodable(root: TraceRoot) -> bool:
    """Whether its ids and environment can be written anywhere: a lone surrogate cannot."""
    try:
        f"{root.trace_id}{root.observation_id}{root.environment}".encode()
    except UnicodeEncodeError:
        return False
    return True
