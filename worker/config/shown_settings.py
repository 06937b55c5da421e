"""Settings as people see them: by their environment variables, with their source and meaning, secrets starred."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel, SecretStr

from assay.judges.models.web_address import shown_address
from assay.worker.config.secret_variables import PROVIDER_KEYS
from assay.worker.config.settings import Settings, child_environment, names_of


class SettingValue(NamedTuple):
    """A setting as people see it.

    Attributes:
        variable: the environment variable: of several names the one that is set, else the first.
        value: what is in force, starred where it is secret; None: nothing.
        source: `environment` or `default`.
        meaning: what it is for.
    """

    variable: str
    value: str | None
    source: Literal["environment", "default"]
    meaning: str


_KEY_MEANING = "Key of endpoints of the provider's protocol that have no url."

STARS = "**********"
"""Stands for a secret."""


def shown_settings(model: BaseModel) -> list[SettingValue]:
    """Every setting of a model, with its environment variable and where its value comes from."""
    environ = child_environment()
    shown = []
    for name, field in type(model).model_fields.items():
        names = names_of(field.validation_alias) or [f"ASSAY_{name.upper()}"]
        variable = next((each for each in names if environ.get(each)), None)
        shown.append(
            SettingValue(
                variable=variable or names[0],
                value=_shown_value(name, getattr(model, name)),
                source="default" if variable is None else "environment",
                meaning=field.description or "",
            )
        )
    return shown


def shown_own_variables() -> list[SettingValue]:
    """Variables that are no setting of Assay's: keys of providers, endpoints, and what rubrics and targets name."""
    known = {f"ASSAY_{name.upper()}" for name in Settings.model_fields}
    environ = child_environment()
    keys = [
        SettingValue(name, STARS, "environment", _KEY_MEANING)
        if environ.get(name)
        else SettingValue(name, None, "default", _KEY_MEANING)
        for name in PROVIDER_KEYS
    ]
    return keys + [
        SettingValue(name, _shown_own(name, value), "environment", _own_meaning(name))
        for name, value in sorted(environ.items())
        if name.startswith("ASSAY_") and name not in known and value
    ]


def _shown_value(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return STARS
    return shown_address(str(value)) if name.endswith("_url") else str(value)


def _shown_own(name: str, value: str) -> str:
    is_address = name.startswith("ASSAY_ENDPOINT_") and name.endswith("_URL")
    return shown_address(value) if is_address else STARS


def _own_meaning(name: str) -> str:
    if name.startswith("ASSAY_ENDPOINT_"):
        return "A judge endpoint of its own, by the name that rubrics give it."
    return "Your own: rubrics and golden targets may name it. Not shown, as it may be a secret."
