"""Whether a response is JSON of a given schema. The response is hostile, so nothing here fetches or backtracks."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar
from itertools import islice
from typing import Any

import regex
from jsonschema import Draft202012Validator, SchemaError, ValidationError, validators
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from assay.judges.checks.references import check_references, check_schema
from assay.judges.errors import EvaluationError, RubricError, UnjudgeableSample
from assay.judges.rules.expressions import check_expression
from assay.judges.text.strict_json import NotJson, TooDeep, strict_loads, unfenced

PATTERN_TIMEOUT_S = 0.25
"""Longest match of one `pattern` of a schema."""

CHECK_CPU_S = 10.0
"""CPU time that one response may take in all. It is the thread's own, so that neighbours cost nobody an answer."""

MOST_ERRORS = 100
"""Faults of a response looked at to tell the one that says most."""

_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)


class SchemaPatternTimeout(EvaluationError):
    """A pattern of the schema took too long on this response."""


class SchemaTimeout(EvaluationError):
    """The schema as a whole took too long on this response: neither answer can be given."""


class JsonSchemaCheck:
    """One schema, ready to be held against many responses."""

    def __init__(self, schema: Any, source: str, key: str) -> None:
        """Compile the schema.

        Raises:
            RubricError: it is no JSON schema, refers to another document, or holds a pattern that is none.
        """
        dialect = validators.validator_for(schema, default=Draft202012Validator)
        try:
            for expression in _patterns(schema):
                check_expression(expression, source, f"{key}.pattern")
            check_schema(schema, dialect)
            check_references(schema, dialect, source, key)
        except SchemaError as exc:
            where = "/".join(map(str, exc.absolute_path)) or "its top"
            raise RubricError(source, key, f"is no JSON schema: {exc.message[:150]} at {where}; mend it") from exc
        except RecursionError as exc:
            raise RubricError(source, key, "is nested too deeply; make it flatter") from exc
        _check_bounded(schema, source, key)
        keywords = {name: _timed(keyword) for name, keyword in {**dialect.VALIDATORS, **_OWN_KEYWORDS}.items()}
        bounded = validators.extend(dialect, keywords)  # type: ignore[no-untyped-call]  # attrs' class is not typed
        # An empty registry: a reference to another document is never fetched.
        self._validator = bounded(schema, registry=Registry())

    def fault(self, text: str, *, in_fence: bool) -> str:
        """What is wrong with a response, in words. Empty where it conforms.

        Raises:
            UnjudgeableSample: nested deeper than anything here can read.
            SchemaPatternTimeout: a pattern of the schema took too long.
            SchemaTimeout: the whole of it did.
        """
        began = _DEADLINE.set(time.thread_time() + CHECK_CPU_S)
        try:
            errors = self._validator.iter_errors(strict_loads(unfenced(text) if in_fence else text))
            error = best_match(islice(errors, MOST_ERRORS))
        except (TooDeep, RecursionError) as exc:
            raise UnjudgeableSample("too_deeply_nested", "the JSON is nested too deeply to be checked") from exc
        except NotJson as exc:
            return f"no JSON: {exc}"
        except Unresolvable as exc:
            raise EvaluationError("the schema refers to a part it does not have") from exc
        finally:
            _DEADLINE.reset(began)
        if error is None:
            return ""
        where = "/".join(str(part) for part in error.absolute_path)[:80]
        return f"{f'at {where}: ' if where else ''}{error.message[:200]}"


def _timed(keyword: Any) -> Any:
    """A keyword of the library that first looks whether there is time left."""

    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _check_time()
        return keyword(validator, value, instance, schema)

    return check


def _check_time() -> None:
    if time.thread_time() > _DEADLINE.get():
        raise SchemaTimeout(f"the JSON schema took over {CHECK_CPU_S:g} s of CPU on this response; make it simpler")


def _search(expression: str, text: str) -> bool:
    _check_time()
    try:
        return regex.search(expression, text, timeout=PATTERN_TIMEOUT_S) is not None
    except TimeoutError as exc:
        raise SchemaPatternTimeout("a pattern of the JSON schema took too long; make it less ambiguous") from exc


def _pattern(_validator: Any, expression: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _search(expression, instance):
        yield ValidationError(f"{instance[:60]!r} does not match {expression!r}")


def _pattern_properties(
    validator: Any, given: dict[str, Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for expression, subschema in given.items():
        for key, value in instance.items():
            if _search(expression, key):
                yield from validator.descend(value, subschema, path=key, schema_path=expression)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    named, expressions = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in named or any(_search(expression, key) for expression in expressions):
            continue
        if allowed is False:
            yield ValidationError(f"{key[:60]!r} is not allowed")
        elif isinstance(allowed, dict):
            yield from validator.descend(value, allowed, path=key)


def _unique_items(_validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """In linear time: the library compares what it cannot sort pair by pair."""
    if wanted and isinstance(instance, list):
        distinct = {json.dumps(_levelled(item), sort_keys=True) for item in instance}
        if len(distinct) < len(instance):
            yield ValidationError("the items of a list are not all different")


_OWN_KEYWORDS = {
    "pattern": _pattern,
    "uniqueItems": _unique_items,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}


def _levelled(item: Any) -> Any:
    """With 1.0 as 1, which JSON Schema takes for the same number."""
    if isinstance(item, float) and item.is_integer():
        return int(item)
    if isinstance(item, list):
        return [_levelled(inner) for inner in item]
    return {key: _levelled(inner) for key, inner in item.items()} if isinstance(item, dict) else item


def _patterns(schema: Any) -> Iterator[str]:
    """Every regular expression a schema may apply."""
    if isinstance(schema, list):
        for item in schema:
            yield from _patterns(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), dict):
            yield from schema["patternProperties"]
        for value in schema.values():
            yield from _patterns(value)


def _check_bounded(schema: Any, source: str, key: str) -> None:
    """Refuse what would go through a response's patterns once more in the library's own, unbounded way.

    Raises:
        RubricError
    """
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "unevaluatedProperties" in node and "patternProperties" in str(schema):
                remedy = (
                    "unevaluatedProperties beside patternProperties is not bounded in time; use additionalProperties"
                )
                raise RubricError(source, key, remedy)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
