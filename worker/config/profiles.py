"""Profiles: named sets of a use case's keys, so that three hundred use cases are three hundred short lines."""

from __future__ import annotations

from collections import Counter
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
    """`[billing]` for `{billing: billing}`: the use case is called as what it matches.

    Raises:
        ValueError: YAML read a name as something else, or a name stands twice.
    """
    if not isinstance(value, list):
        return value
    odd = [name for name in value if not isinstance(name, str)]
    if odd:
        read_as = str(odd[0]).lower() if isinstance(odd[0], bool) else repr(odd[0])
        raise ValueError(f"YAML reads one name as {read_as}, which is no text; write it in quotes")
    twice = sorted(name for name, count in Counter(value).items() if count > 1)
    if twice:
        raise ValueError(f"{', '.join(map(repr, twice))} stands there twice; remove one")
    return {name: name for name in value}


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
    """A use case with the keys of its profile where it does not say, and so with each key of `match`.

    What the profile's `allow_rate` allows is the profile's rate. A use case that says another one allows it itself.

    Raises:
        ValueError: there is no such profile, or the keys do not go together.
    """
    if case.profile is None:
        return case
    profile = profiles.get(case.profile)
    if profile is None:
        raise ValueError(f"profile: {case.profile!r} is unknown; {did_you_mean(case.profile, profiles, 'profiles')}")
    keys = {**_written(profile), **_written(case)}
    del keys["profile"]
    if "rate" in profile.model_fields_set & case.model_fields_set and "allow_rate" not in case.model_fields_set:
        keys.pop("allow_rate", None)
    keys["match"] = {**_written(profile.match), **_written(case.match)}
    return UseCase.model_validate(keys).model_copy(update={"profile": case.profile})


def with_its_profile(case: UseCase, info: ValidationInfo) -> UseCase:
    """The same while a deployment is read, whose profiles come before its use cases."""
    return with_profile(case, info.data.get("profiles", {}))


def known_profile(section: UseCasesFrom, info: ValidationInfo) -> UseCasesFrom:
    """Refuse a section whose profile there is not, or has a `match` of its own for what tells the names apart.

    Raises:
        ValueError
    """
    profiles = info.data.get("profiles", {})
    if section.profile not in profiles:
        known = did_you_mean(section.profile, profiles, "profiles")
        raise ValueError(f"profile: {section.profile!r} is unknown; {known}")
    if getattr(profiles[section.profile].match, section.by):
        raise ValueError(
            f"by: profile {section.profile!r} has match.{section.by} too, which the names would replace; "
            "remove it there, or tell them apart by another key"
        )
    return section


def _written(section: Section) -> dict[str, Any]:
    """The keys that stand in the file."""
    return {name: getattr(section, name) for name in section.model_fields_set}
