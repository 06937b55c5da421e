"""Reading the files a team edits: strict YAML, one line for a problem, variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from judges.errors import RubricError


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys: PyYAML would silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Build a mapping; a key that comes twice is an error at its place."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key if isinstance(key, str) else id(key_node))
        return super().construct_mapping(node, deep=deep)


def load_yaml(text: str) -> Any:
    """Parse YAML safely; a key that stands twice in one mapping is an error.

    Raises:
        yaml.YAMLError
    """
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a subclass of SafeLoader


def first_problem(exc: ValidationError) -> tuple[str, str]:
    """The key and the remedy of a validation error's first problem, for one line of message."""
    problem = exc.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"]) or "file"
    if problem["type"] == "extra_forbidden":
        return key, "unknown key; remove it or check its spelling against the schema"
    if problem["type"] == "missing":
        return key, "missing; add it"
    if problem["type"] == "string_type" and isinstance(problem["input"], bool):
        return key, "YAML reads yes, no, on and off as true or false; put the word in quotes"
    message = problem["msg"].removeprefix("Value error, ")
    named = _NAMED_KEY.match(message) if not problem["loc"] else None
    return (named.group(1), message[named.end() :]) if named else (key, message)


_NAMED_KEY = re.compile(r"([a-z_][\w.]*): ")
"""How a check over several keys says which one it means."""


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


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
