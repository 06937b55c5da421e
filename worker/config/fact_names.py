"""`facts:` in assay.yaml: where an application writes what no convention has a name for."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from assay.worker.config.section import FilledSection

_PATH = re.compile(r"metadata(\.[^.\s]{1,60}){1,6}")
"""A place in the metadata of a trace's root, e.g. `metadata.app.feature_id`."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no place in a trace's metadata; write it as metadata.feature_id")
    return text


_Paths = Annotated[
    tuple[Annotated[str, AfterValidator(_path)], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(min_length=1, max_length=10),
]
"""One place, or several of which the first that is there counts."""


class FactNames(FilledSection):
    """Keys of a trace's metadata."""

    feature: _Paths = Field(
        default=("metadata.feature_id", "metadata.feature"),
        description="Where the root's metadata names the feature: metadata.feature_id, or a list of places.",
    )
    user_tier: _Paths = Field(
        default=("metadata.user_tier", "metadata.tier"),
        description="Where it names the tier of the user, as free or enterprise; the same.",
    )
