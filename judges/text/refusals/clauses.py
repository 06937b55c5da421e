"""The clauses of a sentence: a refusal in one of them says nothing of the next."""

from __future__ import annotations

import re
from typing import NamedTuple

_TURNS = (
    r"but|however|though|although|while|whereas|yet|nevertheless|still|instead|only|except|aber|sondern|jedoch|allerdings"
    r"|pero|sino|mais|cependant|toutefois|mas|porém|contudo|però|tuttavia|maar|echter|jednak|но|однако|але|ama"
    r"|fakat|ancak|tetapi|namun|nhưng|لكن|ولكن|लेकिन|परंतु|मगर|কিন্তু|তবে"
)
"""Words that turn to something else: `but`."""

_REASONS = r"and|so|because|since|as|und|denn|weil|y|porque|et|perché|omdat|och|og|и|ve|và|और|এবং|و"
"""Words that add or explain: `and`, `because`."""

_UNSPACED = "但是|但|不过|不過|然而|しかし|ですが|하지만|그러나"
"""The same in scripts without blanks: `但是`."""

_CUT = re.compile(
    rf"(?P<mark>[,;:](?=\s)|(?<=\s)[-–—]+(?=\s)|—|[，；：、،;]|\.{{2,}}|…)"
    rf"|(?<=\s)(?P<turn>{_TURNS})(?=[\s,])|(?<=\s)(?P<more>{_REASONS})(?=\s)|(?P<script>{_UNSPACED})",
    re.IGNORECASE,
)
"""Where a clause ends: at the comma of `It rains, so I stay`, at a dash, or before a word that turns or adds."""


class Clause(NamedTuple):
    """A clause, and what it follows: a `mark`, a word that turns (`turn`) or goes on (`more`), or nothing."""

    text: str
    after: str


def clauses(sentence: str) -> list[Clause]:
    """The clauses of a sentence in order, with single spaces and straight apostrophes. Never empty ones."""
    text = " ".join(sentence.replace("’", "'").split())
    cut: list[Clause] = []
    start, after = 0, ""
    for mark in _CUT.finditer(text):
        kind = "turn" if mark.lastgroup == "script" else str(mark.lastgroup)
        _add(cut, text[start : mark.start()], after)
        after = kind if kind != "mark" or not _is_blank(text[start : mark.start()]) else after
        start = mark.end()
    _add(cut, text[start:], after)
    return cut


def _add(cut: list[Clause], text: str, after: str) -> None:
    if not _is_blank(text):
        cut.append(Clause(text.strip(), after))


def _is_blank(text: str) -> bool:
    return not any(char.isalnum() for char in text)
