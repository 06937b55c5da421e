"""The objectives in force of a use case: those of its profile, with what assay.yaml says differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.slo_profiles import HIGH_STAKES, PROFILES, USUAL_PROFILE
from assay.worker.config.slos import Aim, ApplicationBudget, Objectives, SloProfile, UseCaseSlos

if TYPE_CHECKING:
    from assay.worker.config.deployment import Deployment

ObjectiveName = Literal[
    "quality",
    "faithfulness",
    "refusals",
    "latency",
    "first_token",
    "token_time",
    "cost",
    "feedback",
    "coverage",
]
OBJECTIVE_NAMES: tuple[ObjectiveName, ...] = get_args(ObjectiveName)

LIMIT_KEYS: Mapping[ObjectiveName, str] = {
    "quality": "risk_below",
    "faithfulness": "at_least",
    "latency": "at_most_s",
    "first_token": "at_most_s",
    "token_time": "at_most_s",
    "cost": "at_most_usd",
    "coverage": "within_minutes",
}
"""The key that tells good from bad. Objectives that are not here have none."""


class Objective(NamedTuple):
    """One objective in force.

    Attributes:
        name: e.g. `latency`.
        limit: what tells good from bad, e.g. 2.0 seconds. Of coverage it is minutes. None: of refusals and feedback.
        share: the least share of traces that are to be good, more than 0 and less than 1.
        allow_uncalibrated: of quality: whether a risk counts that is not calibrated.
    """

    name: ObjectiveName
    limit: float | None
    share: float
    allow_uncalibrated: bool = False

    @property
    def allowed(self) -> float:
        """The share of traces that may be bad."""
        return 1 - self.share


def objectives_of(deployment: Deployment, use_case: str) -> dict[ObjectiveName, Objective]:
    """The objectives in force of a use case, in the order of `OBJECTIVE_NAMES`. Those that are off are left out.

    A use case that assay.yaml no longer has is held to the general ones.

    Raises:
        ValueError: an objective has no limit or no share, neither of its own nor of its profile. Of a deployment that
            was checked none is so.
    """
    layers = list(_layers(deployment, use_case))
    in_force = {}
    for name in OBJECTIVE_NAMES:
        keys = _merged(getattr(layer, name) for layer in layers)
        if keys is not None:
            in_force[name] = _objective(name, keys, use_case, profile_of(deployment, use_case))
    return in_force


def profile_of(deployment: Deployment, use_case: str) -> SloProfile:
    """The profile in force of a use case."""
    own = entry_of(deployment, use_case)
    return (own.profile if own else None) or deployment.slos.profile or USUAL_PROFILE


def entry_of(deployment: Deployment, use_case: str) -> UseCaseSlos | None:
    """What stands under `slos.use_cases` for a use case. None: nothing."""
    entries = deployment.slos.use_cases
    return next((entry for pattern, entry in entries.items() if fnmatchcase(use_case, pattern)), None)


def application_budget(deployment: Deployment, use_case: str | None = None) -> ApplicationBudget:
    """What the application may cost: a use case's own traffic, or all of it."""
    own = deployment.slos if use_case is None else entry_of(deployment, use_case)
    return own or ApplicationBudget()


def check_objectives(deployment: Deployment) -> None:
    """Whether `slos:` is whole: each entry is about a use case, each objective says what is good.

    Raises:
        ValueError: names key and remedy.
    """
    names = [case.name for case in deployment.use_cases]
    _check_entries(tuple(deployment.slos.use_cases), names)
    for name in ("", *names):
        objectives_of(deployment, name)


def _check_entries(patterns: Sequence[str], names: Sequence[str]) -> None:
    """Each entry is the first match of some use case: one that never applies looks as if it did."""
    taken: dict[str, str] = {}
    for pattern in patterns:
        matching = [name for name in names if fnmatchcase(name, pattern)]
        if not matching:
            known = did_you_mean(pattern, names, "use cases")
            raise ValueError(f"slos.use_cases: {pattern!r} is the name of no use case; {known}")
        if all(name in taken for name in matching):
            before = taken[matching[0]]
            raise ValueError(
                f"slos.use_cases: {pattern!r} never applies, for {before!r} above it matches first; move it above that"
            )
        taken |= {name: pattern for name in matching if name not in taken}


def _layers(deployment: Deployment, use_case: str) -> Iterator[Objectives]:
    """What is said of a use case's objectives, the later overruling the earlier."""
    yield PROFILES[profile_of(deployment, use_case)]
    yield deployment.slos.objectives
    case = deployment.use_case(use_case)
    if case is not None and case.stakes == "high":
        yield Objectives(quality=HIGH_STAKES)
    own = entry_of(deployment, use_case)
    if own is not None:
        yield own.objectives


def _merged(aims: Iterator[Aim | bool | str | None]) -> dict[str, float] | None:
    """The keys in force. None where the objective is off, or nobody spoke of it."""
    keys: dict[str, float] | None = None
    for aim in aims:
        if isinstance(aim, Aim):
            keys = {**(keys or {}), **aim.model_dump(exclude_none=True)}
        elif aim is not None:
            keys = None
    return keys


def _objective(name: ObjectiveName, keys: Mapping[str, float], use_case: str, profile: str) -> Objective:
    limit = LIMIT_KEYS.get(name)
    needed = ("share",) if limit is None else (limit, "share")
    missing = [key for key in needed if key not in keys]
    if missing:
        of = f" for {use_case}" if use_case else ""
        raise ValueError(
            f"slos.objectives.{name}: {' and '.join(missing)} missing{of}, and profile {profile} has no {name}; "
            f"write {{{', '.join(f'{key}: …' for key in needed)}}}, or name a profile that has it"
        )
    return Objective(name, keys[limit] if limit else None, keys["share"], bool(keys.get("allow_uncalibrated", False)))
