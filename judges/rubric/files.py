"""Variables filled into a file that a team edits, and a check that its content can be stored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from assay.judges.errors import RubricError
from assay.judges.team_files.reading import Document, Place
from assay.judges.team_files.strict_yaml import load


def load_yaml(text: str) -> Any:
    """Parse YAML safely.

    Raises:
        yaml.YAMLError: also where a key stands twice in one mapping, a value is none, an anchor holds itself or unfolds
            without bound, or something is nested too deeply.
    """
    return load(text)[0]


def check_storable(value: Any, source: str, document: Document | None = None, place: Place = ()) -> None:
    """Check that a parsed tree keeps its content when it is written as JSON: a version is the hash of that.

    Args:
        value: the tree.
        source: the file, for errors.
        document: what knows the lines of the file. None where nothing does.
        place: where in the file the tree stands.

    Raises:
        RubricError: a number that is not finite, or half of a surrogate pair. The error names its place.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            check_storable(name, source, document, place)
            check_storable(inner, source, document, (*place, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check_storable(inner, source, document, (*place, number))
    elif problem := _not_storable(value):
        key = ".".join(map(str, place)) or "file"
        raise RubricError(source, key, problem, document.line(place) if document and place else None)


def _not_storable(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number that can be compared; write a finite one"
    if isinstance(value, str) and _SURROGATE.search(value):
        return "holds half of a surrogate pair; write the whole character"
    return ""


_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, as `\\ud83d` alone."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable to fill in: `${ASSAY_JUDGE_MODEL}`."""


def fill(value: Any, variables: Mapping[str, str], source: str, document: Document, place: Place = ()) -> Any:
    """Replace `${NAME}` in every string of a parsed YAML tree.

    Args:
        value: the tree.
        variables: the values of names.
        source: the file, for errors.
        document: what knows the lines of the file.
        place: where in the file the tree stands.

    Raises:
        RubricError: a variable without a value.
    """
    if isinstance(value, dict):
        return {k: fill(v, variables, source, document, (*place, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(item, variables, source, document, (*place, at)) for at, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if not variables.get(name):
            remedy = f"${{{name}}} has no value; set {name} in the environment"
            raise RubricError(source, str(place[-1]) if place else "file", remedy, document.line(place))
        return variables[name]

    return _VARIABLE.sub(replace, value)
