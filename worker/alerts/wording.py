"""Numbers and moments of alerts in words."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from assay.worker.alerts.rule import Condition
from assay.worker.reporting.period.quantities import usd

_SHARES = ("_ratio", "_ratio_lower_bound", "_ratio_upper_bound", "_ratio_alarm_bound")
_TIMES_OVER = "_jump_ratio"
"""A ratio that says how many times as much, e.g. `assay_prompt_tokens_jump_ratio`: no share."""

_SIGNS = {">=": "≥", "<=": "≤"}


def value_words(condition: Condition, value: float | None) -> str:
    """A value in the unit of its metric: `31.2%`, `12 min`, `0.0150 USD`, `4`. Of none `nothing`."""
    if value is None:
        return "nothing"
    if not math.isfinite(value):
        return "no number"
    name = condition.metric
    if condition.is_age or "_seconds" in name:
        return duration_words(value)
    if name.endswith(_SHARES) and _TIMES_OVER not in name:
        return f"{value:.1%}"
    if "_usd" in name:
        return money_words(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def money_words(value: float) -> str:
    """Dollars: `12.50 USD`, `0.8012 USD`, and of less as many digits as there are."""
    if abs(value) >= 1:
        return f"{value:,.2f} USD"
    return f"{value:.4f} USD" if abs(value) >= 0.01 else usd(value)


def duration_words(seconds: float) -> str:
    """A duration with as much as tells: `0.42 s`, `45 s`, `12 min`, `3.5 h`, `9.2 days`."""
    for least, unit, name in ((172_800, 86_400, "days"), (7_200, 3_600, "h"), (120, 60, "min")):
        if abs(seconds) >= least:
            return f"{seconds / unit:.{0 if unit == 60 else 1}f} {name}"
    return f"{seconds:.0f} s" if abs(seconds) >= 10 else f"{seconds:.2f} s"


def comparison_words(condition: Condition, value: float, limit: float) -> str:
    """What was compared: `31.2% > 20.0%`."""
    sign = _SIGNS.get(condition.comparator, condition.comparator)
    return f"{value_words(condition, value)} {sign} {value_words(condition, limit)}"


def moment(at: float) -> str:
    """A moment to the minute: `2026-11-30 05:10 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def cut(text: str, most: int) -> str:
    """Text of at most so many characters; three dots say that it goes on."""
    return text if len(text) <= most else f"{text[: most - 2]} …"
