"""Markup around an answer that no reader sees: comments, scripts, LaTeX environments, front matter, special tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNSEEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
"""What begins a stretch that is not shown, and what ends it."""

_MARKUP = re.compile(
    r"\\(?:begin|end)\{(?:itemize|enumerate|description|document|center|quote|quotation|abstract|table"
    r"|tabular)\}(?:\[[^\[\]\n]{0,20}\])?"
    r"|\\item\b(?:\[[^\[\]\n]{0,12}\])?|<!DOCTYPE[^<>\n]{0,100}>|&(?:nbsp|ensp|emsp|thinsp|zwnj|zwj|shy);"
    r"|<\|[\w/]{1,30}\|>"
    r"|(?:^|(?<=\n))[ \t>]{0,4}(?:\[!(?:NOTE|TIP|WARNING|IMPORTANT|CAUTION|INFO)\]"
    r"|:{3}[ \t]?[\w-]{0,20})[ \t]{0,4}(?=\n|$)",
    re.IGNORECASE,
)
"""Markup without words of its own, e.g. `\\begin{itemize}`, `&nbsp;`, `:::note`."""

_FRONT_MATTER = re.compile(r"\s{0,4}---[ \t]*\n(?:[\w-]{1,30}:[^\n]{0,200}\n){1,15}---[ \t]*(?=\n)")
"""What a page tells of itself before its text, e.g. `---\ntitle: Answer\n---\n`."""

_PAGE_LINE = re.compile(
    r"(?:date|created|updated|modified|version|id|lang|language|layout|format|draft"
    r"|model)[ \t]*:[ \t]*[\w.:/+-]{0,40}[ \t]*"
    r"|title[ \t]*:[ \t]*[\"']?(?:answers?|response|summary|overview|results?)[\"']?[ \t]*|---[ \t]*",
    re.IGNORECASE,
)
"""A line of it that can tell about nothing but the page, e.g. `date: 2024-05-06`."""

_SECTION_TITLE = re.compile(
    r"\\(?:sub){0,2}section\*?\{(?:answers?|overview|introduction|summary|conclusions?|results?|sources?"
    r"|background|details)\}",
    re.IGNORECASE,
)
"""The heading of a part in LaTeX that names none but a part, e.g. `\\section{Answer}`."""

_STROKES = re.compile(r"(?<![\w=~])(?P<stroke>==|~~)(?=[^\s=~])[^=~\n]{1,400}(?<=[^\s=~])(?P=stroke)(?![\w=~])")
"""A stretch that is marked or struck out, e.g. `==It opened.==`. Only the strokes are form."""

_MATHS_NUMBER = re.compile(
    r"(?<![\w$\\])\$(?P<number>-?\d[\d.,]{0,15}(?:\{,\}\d{3}){0,4}(?:\.\d{1,6})?)(?P<percent>\\%)?\$(?![\d$\w])"
)
"""A number set as a formula in LaTeX, which is no sum of dollars, e.g. `$1932$`, `$7\\%$`."""


def markup(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that lay a text out, or that nobody is shown."""
    front = _FRONT_MATTER.match(text)
    if front and all(map(_PAGE_LINE.fullmatch, front.group().strip().split("\n"))):
        yield front.span()
    low = text.lower() if "<" in text else ""
    for opening, closing in _UNSEEN if low and len(low) == len(text) else ():
        yield from _stretches(low, opening, closing)
    if "\\" in text or "&" in text or "<" in text or "[!" in text or ":::" in text:
        for pattern in (_MARKUP, _SECTION_TITLE):
            for match in pattern.finditer(text):
                yield match.span()
    for match in _STROKES.finditer(text) if "==" in text or "~~" in text else ():
        yield match.start(), match.start() + 2
        yield match.end() - 2, match.end()


def _stretches(low: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """From each opening to the next closing; one that is never closed is shown."""
    start = low.find(opening)
    while start >= 0:
        end = low.find(closing, start)
        if end < 0:
            return
        yield start, end + len(closing)
        start = low.find(opening, end)


def plain_numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Numbers set as formulas, as (start, end, the number as one writes it outside of them)."""
    for match in _MATHS_NUMBER.finditer(text) if "$" in text else ():
        plain = match.group("number").replace("{,}", ",") + ("%" if match.group("percent") else "")
        yield *match.span(), plain
