"""Counts and amounts as stores and dialects write them: numbers, or numbers in text. All else is unknown, never 0."""

from __future__ import annotations

import math
import re

from pydantic import JsonValue

from assay.worker.records.traces import MOST_TOKENS

MOST_USD = 1_000_000.0
"""Of one trace. More is a slip of units, or somebody's joke."""
_COUNT = re.compile(r"\s*(\d{1,10})(?:\.0{1,6})?\s*", re.ASCII)
"""A whole number in text: `120`, `120.0`."""
_AMOUNT = re.compile(r"\s*(\d{1,12}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?)\s*", re.ASCII)
"""A number in text: `0.00042`, `4.2e-4`."""


def count(value: JsonValue) -> int | None:
    """How many tokens a value says. None for what is no whole number from 0 to two billion."""
    if isinstance(value, str):
        match = _COUNT.fullmatch(value) if len(value) <= 20 else None
        value = int(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MOST_TOKENS and value == int(value) else None


def amount(value: JsonValue) -> float | None:
    """How many US dollars, seconds or milliseconds a value says. None for what is no number from 0 to a million."""
    if isinstance(value, str):
        match = _AMOUNT.fullmatch(value) if len(value) <= 50 else None
        value = float(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_USD:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
