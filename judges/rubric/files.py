"""Reading the files a team edits: strict YAML, one line for a problem, variables filled in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from assay.judges.errors import RubricError


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys, of which PyYAML would silently take the last, and with a line for every fault."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping. A key that comes twice is an error at its place. What `<<` brings in may be overridden."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            named = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else (key.tag, str(id(key)))
            if named in seen:
                raise yaml.composer.ComposerError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(named)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Build a value. One that is none, as the 31st of February, is an error at its place."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as exc:
            problem = f"a value cannot be read ({str(exc).partition(':')[0]})"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from exc


def load_yaml(text: str) -> Any:
    """Parse YAML safely.

    Raises:
        yaml.YAMLError: also where a key stands twice in one mapping, a value is none, an anchor holds itself, or
            something is nested too deeply.
    """
    try:
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a subclass of SafeLoader
        _check_tree(value, set(), set())
    except RecursionError as exc:
        raise yaml.MarkedYAMLError(problem="nested too deeply") from exc
    return value


def _check_tree(value: Any, around: set[int], known: set[int]) -> None:
    """Refuse a value that holds itself, which YAML can say and nothing else can read."""
    if not isinstance(value, dict | list) or id(value) in known:
        return
    if id(value) in around:
        raise yaml.MarkedYAMLError(problem="an anchor stands inside what it names")
    around.add(id(value))
    for inner in value.values() if isinstance(value, dict) else value:
        _check_tree(inner, around, known)
    around.remove(id(value))
    known.add(id(value))


def check_storable(value: Any, source: str, key: str = "") -> None:
    """Check that a parsed tree keeps its content when it is written as JSON: a version is the hash of that.

    Raises:
        RubricError: a number that is not finite, or half of a surrogate pair. The error names its place.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            check_storable(name, source, key)
            check_storable(inner, source, f"{key}.{name!s}" if key else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check_storable(inner, source, f"{key}.{number}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise RubricError(source, key or "file", f"{value} is no number that can be compared; write a finite one")
    elif isinstance(value, str) and _SURROGATE.search(value):
        raise RubricError(source, key or "file", "holds half of a surrogate pair; write the whole character")


_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, as `\\ud83d` alone."""

_REMEDIES = {
    "extra_forbidden": "unknown key; remove it or check its spelling against the schema",
    "missing": "missing; add it",
    "tuple_type": "must be a list, as [x]",
    "dict_type": "must hold keys, as `key: value`; fill it or remove it",
    "model_type": "must hold keys, as `key: value`; fill it or remove it",
}
"""What a person should do, by pydantic's word for the problem, where its own sentence does not say so."""


def first_problem(exc: ValidationError) -> tuple[str, str]:
    """The key and the remedy of a validation error's first problem, for one line of message."""
    problem = exc.errors(include_url=False)[0]
    key, is_json = _place(problem["loc"])
    if is_json:
        return key, "holds what JSON does not have, as a date or a key that is a number; put it in quotes"
    if problem["type"] in _REMEDIES:
        return key, _REMEDIES[problem["type"]]
    if problem["type"] == "string_type" and isinstance(problem["input"], bool):
        return key, "YAML reads yes, no, on and off as true or false; put the word in quotes"
    message = problem["msg"].removeprefix("Value error, ")
    named = _NAMED_KEY.match(message) if not problem["loc"] else None
    return (named.group(1), message[named.end() :]) if named else (key, message)


def _place(loc: tuple[int | str, ...]) -> tuple[str, bool]:
    """Where a problem is, without pydantic's names for the members of a union, and whether it lies inside JSON."""
    parts = [str(part) for part in loc]
    tag = next((at for at, part in enumerate(parts) if part.startswith(_JSON_TAG)), None)
    parts = parts[:tag]
    if len(parts) > 1 and parts[-2] in _BOUNDS:
        del parts[-1]
    return ".".join(parts) or "file", tag is not None


_JSON_TAG = "dict[str,json-or-python["
_BOUNDS = ("at_least", "at_most")
"""Keys of rules whose value is a number or a day. A place below them is the name of one of the two."""

_NAMED_KEY = re.compile(r"([a-z_][\w.]*): ")
"""How a check over several keys says which one it means: `scores: `."""


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable to fill in: `${ASSAY_JUDGE_MODEL}`."""


def fill(value: Any, variables: Mapping[str, str], source: str, key: str) -> Any:
    """Replace `${NAME}` in every string of a parsed YAML tree.

    Raises:
        RubricError: a variable without a value.
    """
    if isinstance(value, dict):
        return {k: fill(v, variables, source, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(item, variables, source, key) for item in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if not variables.get(name):
            raise RubricError(source, key, f"${{{name}}} has no value; set {name} in the environment")
        return variables[name]

    return _VARIABLE.sub(replace, value)
