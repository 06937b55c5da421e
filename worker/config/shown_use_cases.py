"""A use case as it is in force: its own keys, those of its profile and the defaults, by the names of assay.yaml."""

from __future__ import annotations

from pydantic import JsonValue

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Match, UseCase


def shown_use_case(deployment: Deployment, name: str) -> dict[str, JsonValue]:
    """The keys in force of a use case, those left out that say nothing.

    Raises:
        ConfigurationError: there is none of that name.
    """
    return shown_policy(deployment, named_use_case(deployment, name))


def named_use_case(deployment: Deployment, name: str) -> UseCase:
    """The use case that a person named by `--use-case`.

    Raises:
        ConfigurationError: there is none of that name.
    """
    case = deployment.use_case(name)
    if case is None:
        known = did_you_mean(name, [each.name for each in deployment.use_cases], "use cases")
        raise ConfigurationError(f"--use-case {name!a}: not in assay.yaml; {known}")
    return case


def shown_policy(deployment: Deployment, case: UseCase) -> dict[str, JsonValue]:
    """The same of a use case that is at hand."""
    defaults = deployment.defaults
    usual_rate = defaults.high_stakes_rate if case.stakes == "high" else defaults.rate
    in_force = case.model_copy(
        update={
            "rate": case.rate or usual_rate,
            "rubrics": deployment.rubrics_of(case),
            "redact": defaults.redact if case.redact is None else case.redact,
        }
    )
    shown: dict[str, JsonValue] = in_force.model_dump(mode="json", exclude_none=True)
    match = {key: value for key, value in case.match.model_dump(mode="json").items() if value}
    return {
        "name": case.name,
        **{key: value for key, value in shown.items() if value not in ([], False)},
        "match": match,
    }


def never_reached(deployment: Deployment) -> str | None:
    """In words: which use cases get no trace, because one before them takes every trace. None where all may get one."""
    cases = deployment.use_cases
    at = next((at for at, case in enumerate(cases) if case.match == Match()), len(cases))
    behind = [case.name for case in cases[at + 1 :]]
    if not behind:
        return None
    more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
    return f"{cases[at].name} takes every trace, so {behind[0]}{more} behind it will get none; put it last"
