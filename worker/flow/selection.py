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

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal

from assay.judges.hash_sampling import hash64, is_below
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Defaults, Match, Stratum, UseCase
from assay.worker.records.traces import OWN_ENVIRONMENT, TraceRoot
from assay.worker.records.windows import ResolvedRate

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
    columns = (
        (match.environment, root.environment),
        (match.trace_name, root.name),
        (match.release, root.release or ""),
        (match.version, root.version or ""),
        (match.level, root.level),
        (match.user_id, root.user_id or ""),
    )
    if any(patterns and not _any_glob(value, patterns) for patterns, value in columns):
        return False
    if match.tags_any and not any(_any_glob(tag, match.tags_any) for tag in root.tags):
        return False
    return all(root.metadata.get(key) == value for key, value in match.metadata.items())


def matching_use_cases(root: TraceRoot, deployment: Deployment) -> list[UseCase]:
    """All use cases that match a trace, in file order. The first is its use case."""
    return [case for case in deployment.use_cases if matches(root, case.match)]


def is_excluded(root: TraceRoot, deployment: Deployment) -> bool:
    """Whether the trace is our own, another evaluator's, or has no environment. No judge is ever judged."""
    if not root.environment:
        return True
    return root.environment == OWN_ENVIRONMENT or _any_glob(root.environment, deployment.exclude_environments)


def resolve_rate(
    use_case: UseCase,
    defaults: Defaults,
    *,
    daily_volumes: Sequence[int],
    pace_per_day: float,
    was_full: bool,
) -> ResolvedRate:
    """The base rate for one window.

    Args:
        use_case: the policy.
        defaults: what holds where the policy says nothing.
        daily_volumes: traces seen on each of the last complete days, at most seven.
        pace_per_day: traces a day at the pace of the last hour. It stands in for a missing history, and keeps
            a sudden rush from being judged whole.
        was_full: whether the previous window judged everything because traffic was low (hysteresis).
    """
    standard = use_case.rate or (defaults.high_stakes_rate if use_case.stakes == "high" else defaults.rate)
    expected = sum(daily_volumes) / len(daily_volumes) if daily_volumes else None
    if expected is not None:
        bar = defaults.low_traffic.below_per_day * (1.5 if was_full else 1.0)
        if expected < bar and pace_per_day < bar:
            return ResolvedRate(rate=1.0, why="low_traffic")
    volume = expected if expected is not None else pace_per_day
    floor = min(1.0, defaults.min_per_day / volume) if volume > 0 else standard
    if floor > standard:
        return ResolvedRate(rate=floor, why="min_per_day")
    return ResolvedRate(rate=standard, why="configured")


def decide(root: TraceRoot, use_case: UseCase, base_rate: float, salt: str) -> Selected | None:
    """Choose or pass over one trace.

    Of the strata that match the trace, the one with the highest rate gives its probability. A trace that the
    base rate alone would have selected stays in the `base` sample.
    """
    u64 = hash64(selection_salt(salt), root.trace_id)
    stratum = _highest(root, use_case.strata)
    pi = max(base_rate, stratum.rate) if stratum else base_rate
    if not is_below(u64, pi):
        return None
    name = stratum.name if stratum and stratum.rate > base_rate else "standard"
    return Selected(pi=pi, stratum=name, sample="base" if is_below(u64, base_rate) else "boost")


def _highest(root: TraceRoot, strata: Sequence[Stratum]) -> Stratum | None:
    return max((s for s in strata if matches(root, s.when)), key=lambda s: s.rate, default=None)


def _any_glob(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
