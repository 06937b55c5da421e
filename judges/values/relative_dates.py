"""Dates stated relative to the day of the trace: an answer may write the date where the evidence has `yesterday`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from pydantic import JsonValue

from assay.judges.rubric import ValueKind
from assay.judges.values.dates import same_date
from assay.judges.values.extract import Value

_KEYS = ("date", "timestamp", "time", "start_time", "trace_date", "created_at")
_SAID = re.compile(
    r"\b(?:(today|tonight|now|currently)|(yesterday)|(tomorrow)|(this|last|next|previous|past|coming)\s(year|month))\b",
    re.IGNORECASE,
)
"""A day, month or year relative to today: `yesterday`, `last year`."""


def trace_date(metadata: Mapping[str, JsonValue]) -> date | None:
    """The day the trace was recorded, from the sample's metadata. None where it says none."""
    for key in _KEYS:
        written = metadata.get(key)
        if isinstance(written, str):
            try:
                return datetime.fromisoformat(written).date()
            except ValueError:
                continue
    return None


def meant_by(value: Value, texts: Iterable[str], today: date | None) -> bool:
    """Whether the value is the day of the trace, or a date the texts name relative to it."""
    if today is None or value.kind is not ValueKind.DATE:
        return False
    meant = {today.isoformat(), *(day for text in texts for day in _meant(text, today))}
    return any(same_date(value.normal, day) for day in meant)


def _meant(text: str, today: date) -> Iterable[str]:
    """Normal forms of the dates a text names relative to `today`."""
    for match in _SAID.finditer(text):
        now, before, after, which, unit = match.groups()
        if now:
            continue
        step = -1 if before or (which or "").lower() in ("last", "previous", "past") else 0
        step = 1 if after or (which or "").lower() in ("next", "coming") else step
        if unit is None:
            yield (today + timedelta(days=step)).isoformat()
        elif unit.lower() == "year":
            yield f"{today.year + step:04d}------"
        else:
            months = today.year * 12 + today.month - 1 + step
            yield f"{months // 12:04d}-{months % 12 + 1:02d}---"
