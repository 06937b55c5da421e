"""Observations as they are stored, and how v2/observations shows them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.servers.langfuse import clock

Key = tuple[int, int, str]
"""Start, hash of the trace id, id: the order of every listing, descending."""

METADATA_CUT = 200
_PRIME = (2654435761, 2246822519, 3266489917, 668265263, 374761393)
_WORD = 0xFFFFFFFF

GROUPS: dict[str, tuple[str, ...]] = {
    "core": (),
    "basic": (
        "name", "level", "statusMessage", "version", "environment", "userId", "sessionId", "isRootObservation",
        "bookmarked", "public",
    ),
    "time": ("completionStartTime", "createdAt", "updatedAt"),
    "io": ("input", "output"),
    "metadata": ("metadata",),
    "model": ("model", "internalModelId", "modelParameters"),
    "usage": (
        "usageDetails", "inputUsage", "outputUsage", "totalUsage", "costDetails", "inputCost", "outputCost",
        "totalCost", "usagePricingTierId", "usagePricingTierName",
    ),
    "prompt": ("promptId", "promptName", "promptVersion"),
    "metrics": (),
    "trace_context": ("traceName", "release", "tags"),
}  # fmt: skip
ALWAYS = ("id", "traceId", "startTime", "endTime", "projectId", "parentObservationId", "type")
PRICED = ("modelId", "inputPrice", "outputPrice", "totalPrice")

DEFAULTS: Mapping[str, Callable[[], Any]] = {
    **dict.fromkeys(
        ("parentObservationId", "completionStartTime", "input", "output", "inputCost", "outputCost", "promptVersion",
         "usagePricingTierId", "usagePricingTierName", "latency", "timeToFirstToken", "traceName", *PRICED),
        lambda: None,
    ),
    **dict.fromkeys(
        ("name", "statusMessage", "version", "model", "internalModelId", "promptId", "promptName", "userId",
         "sessionId", "release"),
        str,
    ),
    **dict.fromkeys(("modelParameters", "usageDetails", "costDetails"), dict),
    **dict.fromkeys(("inputUsage", "outputUsage", "totalUsage", "totalCost"), int),
    "tags": list,
    "bookmarked": bool,
    "public": bool,
    "type": lambda: "SPAN",
    "level": lambda: "DEFAULT",
    "environment": lambda: "default",
}  # fmt: skip


@dataclass(slots=True)
class Row:
    """One stored observation; `fields` as the API shows them, `metadata` as the raw texts that are stored."""

    start: int
    visible: int
    fields: dict[str, Any]
    metadata: dict[str, str]
    experiment: dict[str, Any] = field(default_factory=dict)
    ended: bool = True
    doubled: bool = False
    """Comes back twice in every listing, as rows do that came by an older way."""
    trace_keys: frozenset[str] = frozenset()
    """Metadata that belongs to the whole trace; the older generation shows it there alone."""

    @property
    def key(self) -> Key:
        return self.start, trace_hash(self.fields["traceId"]), self.fields["id"]

    def shown(self, groups: Iterable[str], expand: frozenset[str]) -> dict[str, Any]:
        """The row with these field groups; unknown groups are ignored, as there."""
        wanted = [name for group in groups for name in GROUPS.get(group, ())]
        found = {name: self.fields[name] for name in ALWAYS}
        found |= {name: self.fields[name] for name in wanted if name != "metadata"}
        if "metadata" in wanted:
            found["metadata"] = {key: _cut(raw, whole=key in expand) for key, raw in self.metadata.items()}
        priced = "model" in groups
        found |= self._timing(measured="metrics" in groups)
        return found | {name: self.fields[name] if priced else None for name in PRICED}

    def _timing(self, *, measured: bool) -> dict[str, Any]:
        """Only the metrics group knows the first token's time, and only there no time at all is null."""
        latency = self.fields["latency"]
        first = self.fields["timeToFirstToken"]
        return {
            "latency": (latency or None) if measured else latency,
            "timeToFirstToken": first if measured else None,
        }


def make_row(columns: Mapping[str, Any], *, project_id: str, now: int, visible: int | None = None) -> Row:
    """A row out of some columns; times are ISO texts, input, output and metadata any JSON.

    Without `endTime` the row ends where it starts: a span that was sent open looks finished.
    """
    start = clock.parse(columns["startTime"])
    end = columns.get("endTime")
    found = {name: make() for name, make in DEFAULTS.items()}
    found |= {"createdAt": clock.iso(now), "updatedAt": clock.iso(now), "projectId": project_id}
    found |= {key: value for key, value in columns.items() if key not in {"metadata", "experiment", "traceKeys"}}
    found |= {"startTime": clock.iso(start), "endTime": clock.iso(clock.parse(end) if end else start)}
    found["latency"] = _seconds((clock.parse(end) - start) if end else 0)
    for name in ("input", "output"):
        found[name] = as_text(found[name]) if found[name] is not None else None
    if "isRootObservation" not in columns:
        found["isRootObservation"] = not found["parentObservationId"]
    metadata = {key: as_text(value) for key, value in columns.get("metadata", {}).items()}
    row = Row(start, now if visible is None else visible, found, metadata)
    row.experiment = dict(columns.get("experiment", {}))
    row.ended = bool(end) and found["type"] != "EVENT"
    row.trace_keys = frozenset(columns.get("traceKeys", ()))
    return row


def _seconds(milliseconds: int) -> float:
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def as_text(value: Any) -> str:
    """The raw text that is stored for any JSON value; a string stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def parsed(raw: str) -> Any:
    """A raw text as JSON where it is JSON, else itself."""
    try:
        return json.loads(raw, parse_constant=_no_constant, parse_float=_javascript_number)
    except ValueError:
        return raw


def _javascript_number(text: str) -> float | int:
    """JavaScript has one kind of number: 4.0 comes back as 4."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _cut(raw: str, *, whole: bool) -> Any:
    return parsed(raw if whole else raw[:METADATA_CUT])


@functools.lru_cache(maxsize=10_000)
def trace_hash(trace_id: str) -> int:
    """xxHash32 of the id with seed 0, by which ClickHouse orders rows of one start time."""
    data = trace_id.encode()
    lanes = [(_PRIME[0] + _PRIME[1]) & _WORD, _PRIME[1], 0, -_PRIME[0] & _WORD]
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data) - len(data) % 4, 4)]
    striped = len(words) - len(words) % 4
    for at in range(striped):
        lanes[at % 4] = _turn(lanes[at % 4] + words[at] * _PRIME[1], 13) * _PRIME[0] & _WORD
    mixed = _PRIME[4]
    if striped:
        mixed = sum(_turn(lane, turn) for lane, turn in zip(lanes, (1, 7, 12, 18), strict=True)) & _WORD
    mixed = mixed + len(data) & _WORD
    for word in words[striped:]:
        mixed = _turn(mixed + word * _PRIME[2], 17) * _PRIME[3] & _WORD
    for byte in data[len(words) * 4 :]:
        mixed = _turn(mixed + byte * _PRIME[4], 11) * _PRIME[0] & _WORD
    mixed = (mixed ^ mixed >> 15) * _PRIME[1] & _WORD
    mixed = (mixed ^ mixed >> 13) * _PRIME[2] & _WORD
    return mixed ^ mixed >> 16


def _turn(value: int, bits: int) -> int:
    value &= _WORD
    return (value << bits | value >> 32 - bits) & _WORD
