"""Numbers as plans show them: short, and never 0 for what is only small."""

from __future__ import annotations

import re

from assay.judges.errors import ConfigurationError

UNKNOWN = "unknown"

MOST_TRACES = 10**12
"""A day. Nobody has more, and a slip of the finger does."""

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}

_VOLUME = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(?:[eE]\+?(\d{1,2}))? ?([kMGT]?)", re.ASCII)
"""A number of traces as a table shows it, or as programs write it: `250000`, `250 k`, `1.5M`, `1e6`."""


def parse_volume(text: str) -> int:
    """Traces a day: `250000`, `250,000`, `250k`, `1.5 M` or `1e6`.

    Raises:
        ConfigurationError
    """
    match = _VOLUME.fullmatch(text.strip().replace(",", "").replace("_", ""))
    if match is None:
        raise ConfigurationError(f"--traces-a-day: {text!a} is no number of traces; write it as 250000, 250k or 1e6")
    number, exponent, unit = match.groups()
    traces = float(number) * 10.0 ** int(exponent or 0) * _UNITS[unit]
    if traces > MOST_TRACES:
        raise ConfigurationError(f"--traces-a-day: {text!a} is over 1 T, the most that is worked out; give fewer")
    return round(traces)


def size(count: int | None) -> str:
    """Bytes as people say them: `512 kB`, `1.4 GB`."""
    if count is None:
        return UNKNOWN
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # a thousand of each makes the next
            return f"{amount:,.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def short(count: float | None) -> str:
    """A number with three digits, as `564`, `32.0 k` or `1 M`."""
    if count is None:
        return UNKNOWN
    for unit, worth in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= worth * 0.9995:
            amount = count / worth
            return f"{amount:,.0f} {unit}" if amount >= 1000 else f"{amount:.3g} {unit}"
    return f"{count:,.0f}"


def rate(each: float | None) -> str:
    """So many a second or a minute: `34.7`, `0.02`, `0` for none, and `< 0.01`."""
    if each is None:
        return UNKNOWN
    if each == 0:
        return "0"
    if each < 0.01:
        return "< 0.01"
    return f"{each:.2g}" if each < 0.95 else f"{each:,.1f}"


def usd(amount: float | None) -> str:
    """Dollars, with three digits of what is less than one: `1,527.00`, `0.0153`."""
    from assay.worker.reporting.cost.terminal import dollars

    return UNKNOWN if amount is None else dollars(amount)


def percent(share: float, digits: int = 0) -> str:
    """A share: `32.7%`, `0.4%`. What is left out of 100 % or above 0 % is seen.

    Args:
        share: 1 is all.
        digits: behind the point, where they are enough for that.
    """
    if share in (0.0, 1.0):
        return f"{share:.{digits}%}"
    for more in range(digits, digits + 3):
        told = f"{share:.{more}%}"
        if 0.0 < float(told[:-1]) != 100.0:
            return told
    return f"under {10.0 ** -(digits + 2):g}%" if share < 0.5 else f"over {100 - 10.0 ** -(digits + 2):g}%"
