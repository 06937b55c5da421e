"""Profiles: named sets of a use case's keys, so that three hundred use cases are three hundred short lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.section import Section
from assay.worker.config.use_cases import Policy, UseCase, UseCaseName

ProfileName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
MatchedBy = Literal["environment", "trace_name", "release", "version", "user_id", "tags_any"]


class Profile(Policy):
    """Keys of use cases, written once."""


Profiles = dict[ProfileName, Profile]


def _named_alike(value: Any) -> Any:
    """`[billing]` for `{billing: billing}`: the use case is called as what it matches."""
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return {name: name for name in value} if is_list else value


class UseCasesFrom(Section):
    """Use cases that differ in one value alone: one for each name, matched by one column of the root."""

    profile: str = Field(description="Name of the profile whose keys they have.")
    by: MatchedBy = Field(default="trace_name", description="The key of `match` that tells them apart.")
    names: Annotated[
        dict[UseCaseName, Annotated[str, Field(min_length=1)]],
        BeforeValidator(_named_alike),
        Field(
            min_length=1,
            description="Names of the use cases with what they match, globs allowed. A list where both are the same.",
            json_schema_extra={
                "anyOf": [
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
                ]
            },
        ),
    ]

    def use_cases(self) -> Iterator[UseCase]:
        """One for each name, with its profile yet to be filled in."""
        for name, pattern in self.names.items():
            yield UseCase.model_validate({"name": name, "profile": self.profile, "match": {self.by: (pattern,)}})


def with_profile(case: UseCase, profiles: Mapping[str, Profile]) -> UseCase:
    """A use case with the keys of its profile where it does not say. What both match must hold at once.

    Raises:
        ValueError: there is no such profile, or the keys do not go together.
    """
    if case.profile is None:
        return case
    profile = profiles.get(case.profile)
    if profile is None:
        raise ValueError(f"profile: {case.profile!r} is unknown; {did_you_mean(case.profile, profiles, 'profiles')}")
    keys = {**_written(profile), **_written(case), "profile": None}
    keys["match"] = {**_written(profile.match), **_written(case.match)}
    return UseCase.model_validate(keys).model_copy(update={"profile": case.profile})


def with_its_profile(case: UseCase, info: ValidationInfo) -> UseCase:
    """The same while a deployment is read, whose profiles come before its use cases."""
    return with_profile(case, info.data.get("profiles", {}))


def known_profile(section: UseCasesFrom, info: ValidationInfo) -> UseCasesFrom:
    """Refuse a section whose profile there is not.

    Raises:
        ValueError
    """
    profiles = info.data.get("profiles", {})
    if section.profile not in profiles:
        known = did_you_mean(section.profile, profiles, "profiles")
        raise ValueError(f"profile: {section.profile!r} is unknown; {known}")
    return section


def _written(section: Section) -> dict[str, Any]:
    """The keys that stand in the file."""
    return {name: getattr(section, name) for name in section.model_fields_set}
