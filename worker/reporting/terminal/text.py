"""Foreign text and numbers in a terminal."""

from __future__ import annotations

import json

from rich.markup import escape

from assay.worker.reporting.terminal.visible import is_hidden, visible
from assay.worker.statistics.intervals import Estimate


def one_line(text: str) -> str:
    """Foreign text of which nothing is cut, on one line: an id, a name. It cannot pass for a line of ours."""
    return visible(text).replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")


def without_controls(text: str) -> str:
    """The same as `visible`, for text that is no markup of Rich."""
    return visible(text)


def shown(text: str) -> str:
    """Foreign text made harmless for a terminal and for Rich: also no markup."""
    return escape(visible(text))


def clipped(text: str, limit: int) -> str:
    """Foreign text on one line, visible, and cut at `limit` characters. The length of a longer one is told.

    Example: `The ferry leaves at… (12,345 characters)`.
    """
    # What is left of a longer text is never looked at, however long it is.
    line = " ".join(text[: 4 * limit].split())
    if len(line) <= limit and len(text) <= 4 * limit:
        return visible(line)
    return f"{visible(line[:limit].rstrip())}… ({len(text):,} characters)"


def json_text(text: str, encoding: str | None) -> str:
    """JSON that no terminal obeys: hidden characters, and those it cannot show, become escapes that mean the same.

    Such characters stand only within strings, where JSON reads the escape as the character.
    """
    if text.isascii() and text.isprintable():
        return text
    able = encoding or "utf-8"
    return "".join(char if _can_show(char, able) else json.dumps(char)[1:-1] for char in text)


def _can_show(char: str, encoding: str) -> bool:
    if char.isascii():
        return char == "\n" or char.isprintable()
    try:
        char.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return not is_hidden(char)


def percent(estimate: Estimate | None) -> str:
    """A share with its interval and denominator, `12.0% (8.1%–17.3%, n=240)`."""
    if estimate is None:
        return "not estimable"
    return f"{estimate.value:.1%} ({estimate.low:.1%}–{estimate.high:.1%}, n={estimate.n})"
