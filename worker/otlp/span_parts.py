"""The parts of a span, checked: ids, moments, kinds, states, values. Both forms of the protocol are read with these."""

from __future__ import annotations

import math
import re
from collections.abc import Sized
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.upstream_sampling import TRACE_STATE
from assay.worker.records.spans import Attributes

DEEPEST = 24
"""Levels of lists and mappings in one value. What is deeper is no data that anybody wrote."""
MOST_ITEMS = 10_000
"""Attributes of a span, its events, or elements of one list."""
MOST_SPAN_BYTES = 8_000_000
MOST_RESOURCE_BYTES = 1_000_000
"""Of one span and of one resource as they were sent."""
MOST_SCOPE_CHARS = 1_000
"""Of the name of a scope, which every span of it carries. It is cut: nobody judges it."""
MOST_TRACE_STATE_CHARS = 4_096
"""Of a span's trace state. The standard asks that 512 are passed on."""
KINDS = ("", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATES = ("", "OK", "ERROR")
"""Kinds and states by their numbers in the protocol."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = 946_684_800 * 10**9
_LATEST = 7_258_118_400 * 10**9
"""The years 2000 and 2200, in nanoseconds: a start outside was not counted in nanoseconds since 1970."""
_HALVES = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, as `\\ud83d` alone: JSON can name it, no UTF-8 can carry it."""
_HEX = re.compile(r"[0-9a-f]+")
"""An id: `5b8efff798038103d269b633813fc60c`."""
_NO_ID = re.compile(r"0*")
"""An id that stands for none: all zeros, or nothing."""


class Refused(ValueError):
    """A span that cannot be taken, with the reason."""


def trace_id_in(hexed: str) -> str:
    """A trace's id.

    Raises:
        Refused: it is no id of 16 bytes.
    """
    return _id(hexed, 32, "trace")


def span_id_in(hexed: str) -> str:
    """A span's id.

    Raises:
        Refused: it is no id of 8 bytes.
    """
    return _id(hexed, 16, "span")


def parent_id_in(hexed: str) -> str | None:
    """The id of the span above; None for a root.

    Raises:
        Refused: it is no id of 8 bytes.
    """
    return None if not hexed or _NO_ID.fullmatch(hexed) else _id(hexed, 16, "parent")


def _id(hexed: str, digits: int, whose: str) -> str:
    if len(hexed) != digits or _HEX.fullmatch(hexed) is None or not hexed.strip("0"):
        raise Refused(f"the {whose} id is not {digits // 2} bytes that are not all zero")
    return hexed


def start_in(nanos: int) -> datetime:
    """When a span began.

    Raises:
        Refused: the number is no moment in nanoseconds since 1970.
    """
    if not _EARLIEST <= nanos <= _LATEST:
        raise Refused("the start is no time in nanoseconds since 1970")
    return _EPOCH + timedelta(microseconds=nanos // 1000)


def moment_in(nanos: int) -> datetime | None:
    """Another moment of a span; None where nobody told it, or told nonsense."""
    return _EPOCH + timedelta(microseconds=nanos // 1000) if _EARLIEST <= nanos <= _LATEST else None


def end_in(nanos: int, start: datetime) -> datetime | None:
    """When a span ended. A clock that was set back makes it end as it began."""
    end = moment_in(nanos)
    return start if end is not None and end < start else end


def text_in(text: str) -> str:
    """A text that UTF-8 can carry."""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


def scope_in(name: str) -> str:
    """The name of what made a span."""
    return name[:MOST_SCOPE_CHARS]


def with_trace_state(attributes: Attributes, state: str) -> Attributes:
    """Attributes of a span, and among them what its trace state says of sampling.

    Other vendors' parts of it are not kept. One longer than tracers pass on is left out: cut, it would say something
    else.
    """
    if "ot=" not in state or len(state) > MOST_TRACE_STATE_CHARS:
        return attributes
    ours = ",".join(part for part in map(str.strip, state.split(",")) if part.startswith("ot="))
    return attributes | {TRACE_STATE: text_in(ours)} if ours else attributes


def number_in(number: float) -> JsonValue:
    """A number, or the protocol's word for what JSON has no number for: `NaN`, `Infinity`, `-Infinity`."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def name_at(names: tuple[str, ...], number: Any) -> str:
    """A kind or a state by its number; empty for one that the protocol does not have."""
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else ""


def check_depth(depth: int) -> None:
    """Check how deep a list or a mapping lies in a value.

    Raises:
        Refused: it lies too deep.
    """
    if depth >= DEEPEST:
        raise Refused(f"a value is nested more than {DEEPEST} levels deep")


def check_number(items: Sized, what: str) -> None:
    """Check how many attributes, events or elements there are, before any of them is looked at.

    Raises:
        Refused: there are too many.
    """
    if len(items) > MOST_ITEMS:
        raise Refused(f"more than {MOST_ITEMS:,} {what}")
