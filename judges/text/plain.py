"""Text of a trace on one line and without markup, to be shown where something may obey it: a terminal, a web page."""

from __future__ import annotations

import re

COMMENT_LIMIT = 300
"""Characters of a score's comment: short enough to be read where scores are listed."""

_LINK = re.compile(r"!?\[(?P<text>[^\[\]\n]{0,300})\]\([^()\s]{0,500}(?:\s[^()\n]{0,100})?\)")
"""A link or an image of Markdown, e.g. `![x](http://example.org/a.png)`. Its text stays."""

_TAG = re.compile(r"</?[a-zA-Z!?][^<>\n]{0,500}>")
"""A tag of HTML, e.g. `<img src=x>`."""

_BEGINS_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
"""What is left of a tag that is cut off, e.g. `<img`."""


def on_one_line(text: str) -> str:
    """The text without control characters, links, tags and backticks, and with single blanks."""
    # Characters without a look of their own (direction marks, zero width) go; other control characters part words.
    seen = text if text.isprintable() else "".join(map(_shown, text))
    seen = _LINK.sub(lambda match: match.group("text"), seen) if "](" in seen else seen
    seen = _BEGINS_TAG.sub("‹", _TAG.sub(" ", seen)) if "<" in seen else seen
    seen = seen.replace("`", "'").replace("](", "] (").replace("![", "[")
    return " ".join(seen.split())


def shortened(text: str, limit: int = COMMENT_LIMIT) -> str:
    """On one line, without control characters and markup, cut with an ellipsis at `limit` characters."""
    line = on_one_line(text[: 4 * limit])
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    return "" if _is_invisible(char) else " "


def _is_invisible(char: str) -> bool:
    return char in "\u00ad\u061c\u180e\ufeff" or "\u200b" <= char <= "\u200f" or "\u202a" <= char <= "\u206f"
