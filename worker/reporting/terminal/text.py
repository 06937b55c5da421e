"""Foreign text and numbers in a terminal."""

from __future__ import annotations

import re

from rich.markup import escape

from assay.worker.statistics.intervals import Estimate

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys, for example `\\x1b` (escape), or that reverse what is read, as `\\u202e` does."""


def without_controls(text: str) -> str:
    """Foreign text made harmless for a terminal: no control characters or direction marks."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def shown(text: str) -> str:
    """Foreign text made harmless for a terminal and for Rich: also no markup."""
    return escape(without_controls(text))


def percent(estimate: Estimate | None) -> str:
    """A share with its interval and denominator, `12.0 % (8.1–17.3, n=240)`."""
    if estimate is None:
        return "not estimable"
    return f"{estimate.value:.1%} ({estimate.low:.1%}–{estimate.high:.1%}, n={estimate.n})"


def visible(text: str) -> str:
    """Text that cannot drive a terminal: characters it would obey, or not show, stand there by their number."""
    return "".join(char if char.isprintable() or char == "\n" else f"⟨U+{ord(char):04X}⟩" for char in text)
