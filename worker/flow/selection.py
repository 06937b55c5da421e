"""Selection as survey design: which traces are judged, with which known probability.

A trace is selected at rate r where u < r * 2**64. u is the first 64 bits of SHA-256 over a salt and the
trace's id (`assay.judges.hash_sampling`). So every machine and every retry gives the same answer, and a
sample at 5 % lies inside the one at 10 %. Each trace is selected independently of all others, with a
probability pi that is known and recorded.

Survey statistics call this Poisson sampling with permanent random numbers: E. Ohlsson, "Coordination of
samples using permanent random numbers", in Business Survey Methods, Wiley 1995, chapter 9. A hash as the
random number: N. Duffield and M. Grossglauser, "Trajectory sampling for direct traffic observation",
IEEE/ACM Transactions on Networking 9(3), 2001. Nothing here does I/O.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Literal, NamedTuple

from assay.judges.hash_sampling import hash64, is_below
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Defaults, LowTraffic, Match, UseCase
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot
from assay.worker.records.windows import ResolvedRate, Why

_DOMAIN = "assay.select.v1"


class Selected(Record):
    """A trace that was chosen: by which stratum, with which probability."""

    pi: float
    stratum: str
    sample: Literal["base", "boost"]


def selection_salt(salt: str) -> str:
    """The deployment's salt, separated from every other use of the same hash."""
    return f"{_DOMAIN}:{salt}"


def matches(root: TraceRoot, match: Match) -> bool:
    """Whether a trace falls under a match: keys ANDed, values ORed, globs allowed."""
    for patterns in match.compiled:
        if not patterns.take(getattr(root, patterns.column) or ""):
            return False
    if match.tags_any and not any(_any_glob(tag, match.tags_any) for tag in root.tags):
        return False
    return all(root.metadata.get(key) == value for key, value in match.metadata.items())


def matching_use_cases(root: TraceRoot, deployment: Deployment) -> list[UseCase]:
    """All use cases of its store that match a trace, in file order. The first is its use case."""
    return [case for case in _cases_of_store(root, deployment) if matches(root, case.match)]


def first_match(root: TraceRoot, deployment: Deployment) -> UseCase | None:
    """The use case of a trace. With hundreds of them it takes less time than to look for all that match."""
    return next((case for case in _cases_of_store(root, deployment) if matches(root, case.match)), None)


def _cases_of_store(root: TraceRoot, deployment: Deployment) -> Iterable[UseCase]:
    """The use cases of a trace's store."""
    if not deployment.stores:
        return deployment.use_cases
    first = deployment.first_store
    store = root.store or first
    return (case for case in deployment.use_cases if (case.store or first) == store)


def is_excluded(root: TraceRoot, deployment: Deployment) -> bool:
    """Whether the trace is our own, another evaluator's, or has no environment. No judge is ever judged."""
    if not root.environment:
        return True
    return root.environment == OWN_ENVIRONMENT or _any_glob(root.environment, deployment.exclude_environments)


class Volume(NamedTuple):
    """What is known of a use case's traffic when the rate of one window is resolved.

    Attributes:
        in_window: its traces in the window that the rate will be for.
        in_day: most traces of the use case in any 24 hours with this window in them, as far as they are known. The
            window's own that the rate will be for are left out.
        taken_in_day: how many of any such 24 hours are selected on average.
        complete_days: traces seen on each of the last complete days, at most seven.
        partial_days: the same for earlier days that were seen in part. They understate the volume.
        was_whole: whether the previous window was judged whole because traffic was low (hysteresis).
    """

    in_window: int = 0
    in_day: int = 0
    taken_in_day: float = 0.0
    complete_days: tuple[int, ...] = ()
    partial_days: tuple[int, ...] = ()
    was_whole: bool = False

    @property
    def day(self) -> int:
        """Traces of a day that are known of, this window's included."""
        return self.in_day + self.in_window

    @property
    def expected(self) -> float | None:
        """The mean of the complete days. None where there is none."""
        return sum(self.complete_days) / len(self.complete_days) if self.complete_days else None

    @property
    def at_least(self) -> float:
        """A volume that an ordinary day has at least, by what was seen on other days."""
        days = self.complete_days or self.partial_days
        return sum(days) / len(days) if days else 0.0


def resolve_rate(use_case: UseCase, defaults: Defaults, volume: Volume) -> ResolvedRate:
    """The base rate for one window.

    Traffic that is low, or not known to be high, is judged whole. The bar and the caps bound how many traces that may
    be. The volumes are counted before anything is selected, so the rate is the chance that each trace has.

    Args:
        use_case: the policy.
        defaults: what holds where the policy says nothing.
        volume: what is known of its traffic.
    """
    standard = use_case.rate or (defaults.high_stakes_rate if use_case.stakes == "high" else defaults.rate)
    strata = {stratum.key: stratum.rate for stratum in use_case.strata}
    resolved = partial(_resolved, volume=volume, strata=strata)
    whole = _rate_for_low_traffic(defaults.low_traffic, volume)
    if whole is not None and whole > standard:
        return resolved(whole, "volume_unknown" if volume.expected is None else "low_traffic")
    least = _rate_for_minimum(defaults.min_per_day, volume)
    if least > standard:
        return resolved(least, "min_per_day")
    return resolved(standard, "configured")


def bar_per_day(rule: LowTraffic, *, is_known: bool, was_whole: bool) -> float:
    """Traces a day from which traffic is no longer low: half as many again where it was judged whole so far."""
    return rule.below_per_day * (1.5 if is_known and was_whole else 1.0)


def _rate_for_low_traffic(rule: LowTraffic, volume: Volume) -> float | None:
    """The rate of traffic that is low, or not known to be high. None where it is known to be high."""
    bar = bar_per_day(rule, is_known=volume.expected is not None, was_whole=volume.was_whole)
    if volume.day >= bar or volume.at_least >= bar:
        return None
    left_in_day = (rule.most_per_day or bar) - volume.taken_in_day
    cap = min(rule.most_per_window or bar, left_in_day)
    return _share(cap, volume.in_window)


def _rate_for_minimum(min_per_day: int, volume: Volume) -> float:
    """The rate that gives a day its least number of traces: over the whole day, or at once while nobody knows one."""
    over_the_day = _share(min_per_day, max(volume.at_least, volume.day))
    if volume.at_least:
        return over_the_day
    return min(over_the_day, _share(min_per_day - volume.taken_in_day, volume.in_window))


def _share(wanted: float, traces: float) -> float:
    """`wanted` of so many traces as a rate. Rounded down: a rate is kept with so many digits, and exceeds no cap."""
    return math.floor(1e9 * min(1.0, max(0.0, wanted) / traces)) / 1e9 if traces else 0.0


def _resolved(rate: float, why: Why, *, volume: Volume, strata: dict[str, float]) -> ResolvedRate:
    return ResolvedRate(
        rate=rate,
        why=why,
        seen=volume.in_window,
        seen_in_day=volume.day,
        expected=volume.expected,
        strata=strata,
    )


def decide(
    root: TraceRoot,
    use_case: UseCase,
    base_rate: float,
    salt: str,
    *,
    paced: float = 1.0,
    strata: Mapping[str, float] | None = None,
) -> Selected | None:
    """Choose or pass over one trace.

    Of the strata that match the trace, the one with the highest rate gives its probability. A trace that the
    base rate alone would have selected stays in the `base` sample.

    Args:
        root: the trace.
        use_case: its use case.
        base_rate: the base rate of its window.
        salt: the deployment's.
        paced: what a budget leaves of the strata's rates. The base rate is lowered already.
        strata: the strata's rates that are stored with the window; None where none are.
    """
    u64 = hash64(selection_salt(salt), root.trace_id)
    stratum = highest_stratum(root, use_case, strata)
    raised = stratum.rate * paced if stratum else 0.0
    pi = max(base_rate, raised)
    if not is_below(u64, pi):
        return None
    name = stratum.name if stratum and raised > base_rate else "standard"
    return Selected(pi=pi, stratum=name, sample="base" if is_below(u64, base_rate) else "boost")


class RaisedRate(NamedTuple):
    """What a stratum is called, and its rate."""

    name: str
    rate: float


def highest_stratum(root: TraceRoot, use_case: UseCase, stored: Mapping[str, float] | None = None) -> RaisedRate | None:
    """Of the strata that match a trace, the one with the highest rate.

    Where a window's own rates are stored, an edit of assay.yaml changes nothing: a trace that was passed over would
    else be taken by a later scan at a higher rate, and those that were taken before would count for too many.
    """
    raised = (RaisedRate(s.name, s.rate if stored is None else stored.get(s.key, 0.0)) for s in use_case.strata)
    matching = (rate for rate, stratum in zip(raised, use_case.strata, strict=True) if matches(root, stratum.when))
    return max(matching, key=lambda rate: rate.rate, default=None)


def _any_glob(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
