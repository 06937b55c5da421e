r"""A text as its reader gets it: escapes of JSON, HTML, addresses of pages and Markdown are read as what they say.

`\nann@example.org` in a JSON string is a line end and an address, not an address that begins with n.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from assay.judges.values.deobfuscate import Visible, visible

_NO_SPACES = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
"""Inside of a character class: scripts that put words beside each other without a space, e.g. Thai, and Korean
particles."""

_ESCAPES = (
    r"(?P<line>\\{1,3}[nrt])"
    r"|(?P<unicode>\\{1,2}u[0-9a-fA-F]{4})"
    r"|(?P<byte>\\{1,2}x[2-7][0-9a-fA-F])"
    r"|(?P<mark>\\[!-/:-@\[\]^_`{-~])"
    r"|(?P<entity>&(?:#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-zA-Z]{2,10});)"
    r"|(?P<percent>%(?:25)?(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|0[Dd]%0[Aa]|0[AaDd]))"
    r"|(?P<fenced>[\[({][.@:][\])}])"
    r"|(?P<printable>=3D|=\r?\n)"
)
r"""`\n`, `\u0040`, `\x40`, `\@`, `&#64;`, `%40` (also `%2540`), `[.]`, `=3D`."""

_EDGES = (
    rf"|(?P<edge>(?<=[A-Za-z_])(?=[{_NO_SPACES}])|(?<=[{_NO_SPACES}])(?=[A-Za-z_]))"
    r"|(?P<wide>[\uff01-\uff5e])"
    r"|(?P<stop>(?<=[A-Za-z0-9\uff10-\uff5a])[\u2024\u3002\uff61](?=[A-Za-z0-9\uff10-\uff5a]))"
    r"|(?P<joiner>(?<=[A-Za-z0-9])[\u200c\u200d]+(?=[A-Za-z0-9.@]))"
)
"""Where Latin script meets one without spaces, as in `ann@example.org으로`, wide letters (`ＤＥ８９`), full stops of
other scripts (`203。0`), and joiners that join nothing."""

_IN_ASCII = re.compile(_ESCAPES)
"""What to read as something else in a text of ASCII alone, e.g. `&#64;`."""

_IN_ANY = re.compile(_ESCAPES + _EDGES)
"""The same in any other text, and where scripts meet, e.g. in `ann@example.org으로`."""


class Reading(NamedTuple):
    """A text as it is read. `escapes` and `shown` know where each stretch stands in the original."""

    text: str
    escapes: Visible
    shown: Visible

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch stands in the text that was read."""
        return self.escapes.original(*self.shown.original(start, end))


def reading(text: str) -> Reading:
    """The text with escapes, invisible characters and digits of other scripts read as what they stand for."""
    escapes = _unescaped(text)
    shown = visible(escapes.text)
    return Reading(shown.text, escapes, shown)


def _unescaped(text: str) -> Visible:
    pieces: list[str] = []
    origin: list[tuple[int, int]] = []
    position = length = 0
    for match in (_IN_ASCII if text.isascii() else _IN_ANY).finditer(text):
        start, end = match.span()
        character = _CHARACTERS[str(match.lastgroup)](match.group())
        if len(character) > 1:  # an entity of two characters, or one that nobody knows: it stays as it is
            continue
        origin += ((length, position), (length + start - position, start))
        pieces += (text[position:start], character)
        length += start - position + len(character)
        position = end
    if not pieces:
        return Visible(text, None)
    return Visible("".join((*pieces, text[position:])), [*origin, (length, position)])


def _percent(written: str) -> str:
    return chr(int(written[-2:], 16))


_CHARACTERS: Mapping[str, Callable[[str], str]] = {
    "line": lambda written: "\t" if written.endswith("t") else "\n",
    "unicode": lambda written: chr(int(written[-4:], 16)),
    "byte": lambda written: chr(int(written[-2:], 16)),
    "mark": lambda written: written[1],
    "entity": html.unescape,
    "percent": _percent,
    "fenced": lambda written: written[1],
    "printable": lambda written: "=" if written == "=3D" else "",
    "wide": lambda written: chr(ord(written) - 0xFEE0),
    "stop": lambda _: ".",
    "edge": lambda _: " ",
    "joiner": lambda _: "",
}
"""What is read, by the group that it was found by."""
