"""Money and durations in words, with as many digits as they need."""

from __future__ import annotations

import math

_MOST_DIGITS = 15
"""Digits behind the point that a sum of money is ever shown with."""


def usd(value: float) -> str:
    """Dollars: `0.001789 USD`, `0.000000412 USD`, `12,345.68 USD`. What is not 0 is never shown as 0."""
    if value == 0:
        return "0 USD"
    if abs(value) >= 1_000:
        return f"{value:,.2f} USD"
    digits = 6 if abs(value) >= 0.001 else min(_MOST_DIGITS, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f} USD"


def usd_number(value: float) -> str:
    """The same without its unit, for the ends of an interval."""
    return usd(value).removesuffix(" USD")
