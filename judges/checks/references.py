"""Where the references of a JSON schema lead: each to a schema inside the document, and none round in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from jsonschema import FormatChecker
from referencing import Registry, Specification
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from assay.judges.errors import RubricError

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_ALONGSIDE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
"""Keywords whose schemas are held against the same value, not against what is inside it."""


def check_schema(schema: Any, validator: Any) -> None:
    """Check a schema against that of its dialect, but for its patterns: not `re` will search them.

    Raises:
        SchemaError
    """
    validator.check_schema(schema, format_checker=FormatChecker(formats=()))


def check_references(schema: Any, validator: Any, source: str, key: str) -> None:
    """Check that every reference can be followed, by this document alone and to an end.

    Args:
        schema: that `check_schema` has accepted.
        validator: the validator class of its dialect.
        source: what errors name.
        key: where in it the schema stands.

    Raises:
        RubricError: a reference leads out of the schema, to nothing, to no schema, or back to itself.
        SchemaError: it leads to something that is nearly a schema.
    """
    spec: Specification[Any] = specification_with(validator.ID_OF(validator.META_SCHEMA))
    resolver: Any = Registry().resolver_with_root(spec.create_resource(schema))
    links: dict[int, set[int]] = {}
    stack = [(schema, resolver)]
    while stack:
        node, resolver = stack.pop()
        if not isinstance(node, dict) or id(node) in links:
            continue
        targets = [_resolved(resolver, name, node[name], source, key) for name in _REFERENCES if _is_text(node, name)]
        for target in targets:
            check_schema(target.contents, validator)
        links[id(node)] = {id(target.contents) for target in targets} | {id(inner) for inner in _alongside(node)}
        stack += [(target.contents, target.resolver) for target in targets]
        inside = spec.create_resource(node).subresources()
        stack += [(inner.contents, resolver.in_subresource(inner)) for inner in inside]
    try:
        TopologicalSorter(links).prepare()
    except CycleError as exc:
        remedy = "a $ref leads back to itself and never deeper into the JSON; put it under properties or items"
        raise RubricError(source, key, remedy) from exc


def _is_text(schema: dict[str, Any], name: str) -> bool:
    return isinstance(schema.get(name), str)


def _resolved(resolver: Any, name: str, target: str, source: str, key: str) -> Any:
    """What a reference leads to, with the resolver that holds there."""
    if not target.startswith("#"):
        raise RubricError(source, key, f"{name} {target[:80]!r} leads out of the schema; copy what it names")
    try:
        resolved = resolver.lookup(target)
    except (Unresolvable, LookupError, TypeError, ValueError) as exc:
        raise RubricError(source, key, f"{name} {target[:80]!r} leads nowhere; add what it names") from exc
    if not isinstance(resolved.contents, dict | bool):
        raise RubricError(source, key, f"{name} {target[:80]!r} leads to no schema; mend it")
    return resolved


def _alongside(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas in a schema that are held against the very same value."""
    for name in _ALONGSIDE:
        inner = schema.get(name)
        several = [inner] if name in {"not", "if", "then", "else"} else inner
        schemas = several.values() if isinstance(several, dict) else several if isinstance(several, list) else ()
        yield from (subschema for subschema in schemas if isinstance(subschema, dict))
