"""The `filter` parameter: a JSON array of conditions, all of which must hold."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.issues import Issue, Path, Refused
from tests.servers.langfuse.rows import Row

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
TEXT: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "contains": operator.contains,
    "does not contain": lambda text, part: part not in text,
    "starts with": str.startswith,
    "ends with": str.endswith,
    "matches": lambda text, part: part.lower() in text.lower(),
}
OPERATORS: dict[str, tuple[str, ...]] = {
    "datetime": (">", "<", ">=", "<="),
    "string": ("=", "contains", "does not contain", "starts with", "ends with"),
    "stringOptions": ("any of", "none of"),
    "arrayOptions": ("any of", "none of", "all of"),
    "number": ("=", ">", "<", ">=", "<="),
    "stringObject": ("=", "contains", "does not contain", "starts with", "ends with"),
    "numberObject": ("=", ">", "<", ">=", "<="),
    "boolean": ("=", "<>"),
    "null": ("is null", "is not null"),
}
STRINGS = (
    "id", "type", "name", "traceId", "environment", "level", "statusMessage", "version", "release", "userId",
    "sessionId", "traceName", "parentObservationId", "promptName", "input", "output",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, str]] = {
    **{name: ("string", name) for name in STRINGS},
    "model": ("string", "model"),
    "providedModelName": ("string", "model"),
    "startTime": ("datetime", "startTime"),
    "endTime": ("datetime", "endTime"),
    "latency": ("number", "latency"),
    "timeToFirstToken": ("number", "timeToFirstToken"),
    "inputTokens": ("number", "inputUsage"),
    "outputTokens": ("number", "outputUsage"),
    "totalTokens": ("number", "totalUsage"),
    "inputCost": ("number", "inputCost"),
    "outputCost": ("number", "outputCost"),
    "totalCost": ("number", "totalCost"),
    "promptVersion": ("number", "promptVersion"),
    "isRootObservation": ("boolean", "isRootObservation"),
    "hasParentObservation": ("boolean", "hasParentObservation"),
    "hasInput": ("boolean", "hasInput"),
    "hasOutput": ("boolean", "hasOutput"),
    "tags": ("arrayOptions", "tags"),
    "traceTags": ("arrayOptions", "tags"),
    "metadata": ("stringObject", "metadata"),
    "experimentId": ("string", "experimentId"),
    "experimentName": ("string", "experimentName"),
    "experimentDatasetId": ("string", "experimentDatasetId"),
}  # fmt: skip
EXPERIMENT = {"experimentId": "id", "experimentName": "name", "experimentDatasetId": "dataset.id"}
TAKES = {"string": {"string", "stringOptions"}, "stringObject": {"stringObject", "numberObject"}}


@dataclass(frozen=True)
class Condition:
    """One condition of a filter."""

    type: str
    column: str
    operator: str
    value: Any
    key: str = ""

    def holds(self, row: Row) -> bool:
        """Whether the row satisfies it."""
        found = column_of(row, COLUMNS[self.column][1], self.key)
        if self.type == "null":
            return (found in (None, "")) == (self.operator == "is null")
        if self.type in {"stringOptions", "arrayOptions"}:
            return self._chosen(found)
        if self.type in {"string", "stringObject"}:
            return TEXT[self.operator](found or "", self.value)
        if self.type == "datetime":
            return COMPARE[self.operator](clock.parse(found), clock.parse(self.value))
        try:
            number = float(found)
        except (TypeError, ValueError):
            return False
        return COMPARE[self.operator](number, float(self.value))

    def _chosen(self, found: Any) -> bool:
        have = set(found) if isinstance(found, list) else {found or ""}
        if self.operator == "all of":
            return have >= set(self.value)
        return bool(have & set(self.value)) == (self.operator == "any of")


def column_of(row: Row, name: str, key: str = "") -> Any:
    """A column's value: of the row, of its metadata's raw text, of its experiment or derived."""
    if name == "metadata":
        return row.metadata.get(key)
    if name in EXPERIMENT:
        return row.experiment.get(EXPERIMENT[name])
    derived = {
        "hasParentObservation": "parentObservationId",
        "hasInput": "input",
        "hasOutput": "output",
    }
    return row.fields[derived[name]] is not None if name in derived else row.fields[name]


def parse_filter(text: str | None) -> list[Condition]:
    """The conditions of a `filter` parameter.

    Raises:
        Refused: It is no JSON array of known conditions on known columns.
    """
    if text is None:
        return []
    try:
        given = json.loads(text)
    except ValueError:
        raise issues.refuse(400, "Invalid JSON in filter parameter", "InvalidRequestError") from None
    if not isinstance(given, list):
        raise issues.invalid([issues.wrong_type("array", given, ["filter"])])
    issues.check(*(_issues(one, ["filter", at]) for at, one in enumerate(given)))
    found = [
        Condition(one["type"], one["column"], one["operator"], one.get("value"), one.get("key", "")) for one in given
    ]
    for condition in found:
        _check_column(condition)
    _check_text_search(found)
    return found


def _issues(given: Any, path: Path) -> list[Issue]:
    if not isinstance(given, dict):
        return [issues.wrong_type("object", given, path)]
    if given.get("type") not in OPERATORS:
        return [{**issues.no_discriminator("type"), "path": [*path, "type"]}]
    found = issues.string(given.get("column", issues.MISSING), [*path, "column"])
    return found + _operator_issues(given, path) + _value_issues(given, path)


def _operator_issues(given: dict[str, Any], path: Path) -> list[Issue]:
    allowed, chosen = OPERATORS[given["type"]], given.get("operator")
    if given["type"] not in {"string", "stringObject"}:
        return issues.one_of(chosen, allowed, [*path, "operator"])
    only = {"code": "invalid_value", "values": ["matches"], "path": [], "message": 'Invalid input: expected "matches"'}
    return issues.union(
        chosen,
        [*path, "operator"],
        lambda value, at: issues.one_of(value, allowed, at),
        lambda value, _: [] if value == "matches" else [only],
    )


def _value_issues(given: dict[str, Any], path: Path) -> list[Issue]:
    value, at = given.get("value", issues.MISSING), [*path, "value"]
    if given["type"] in {"stringOptions", "arrayOptions"}:
        if not isinstance(value, list):
            return [issues.wrong_type("array", value, at)]
        empty = given["type"] == "stringOptions" and not value
        return [issues.custom("Invalid input", at)] if empty else []
    if given["type"] == "datetime":
        return [] if _is_date(value) else [issues.bad_date(at)]
    checks: dict[str, str] = {
        "string": "string",
        "stringObject": "string",
        "number": "number",
        "numberObject": "number",
    }
    expected = checks.get(given["type"], "boolean" if given["type"] == "boolean" else None)
    if expected is None or issues.kind_of(value) == expected:
        return []
    return [issues.wrong_type(expected, value, at)]


def _is_date(value: Any) -> bool:
    try:
        clock.parse(value)
    except (TypeError, ValueError):
        return False
    return True


def _check_column(condition: Condition) -> None:
    if condition.column not in COLUMNS:
        message = f"Column {condition.column} does not match a UI / CH table mapping."
        raise issues.refuse(400, message, "InvalidRequestError")
    expected = COLUMNS[condition.column][0]
    if condition.type != "null" and condition.type not in TAKES.get(expected, {expected}):
        message = (
            f"Invalid filter type '{condition.type}' for column '{condition.column}'. "
            f"Expected filter type '{expected}'."
        )
        raise issues.refuse(400, message, "InvalidRequestError")


def _check_text_search(conditions: list[Condition]) -> None:
    """Input and output are searched only by `=` or `matches`, at least one of them."""
    searched = [one for one in conditions if one.column in {"input", "output"}]
    if searched and not any(one.operator in {"=", "matches"} for one in searched):
        raise _needs_match()


def _needs_match() -> Refused:
    message = "Filters on input or output require at least one condition with operator '=' or 'matches'."
    return issues.refuse(400, message, "InvalidRequestError")
