"""The clauses of a sentence: a refusal in one of them says nothing of the next."""

from __future__ import annotations

import re
from typing import NamedTuple

_TURNS = (
    r"but|however|though|although|while|whereas|yet|nevertheless|still|instead|only|except|apart\sfrom|aside\sfrom|aber|sondern|jedoch|doch"
    r"|allerdings|obwohl|pero|sino|aunque|mais|cependant|toutefois|mas|porém|contudo|embora|però|tuttavia|anche\sse"
    r"|maar|echter|hoewel|jednak|chociaż|но|однако|хотя|але|ama|fakat|ancak|tetapi|namun|meskipun|nhưng|لكن|ولكن|लेकिन"
    r"|परंतु|मगर|কিন্তু|তবে"
)
"""Words that turn to something else: `but`."""

_REASONS = (
    r"so(?!\s(?:many|much|far|that|as|called|well)\b)|because(?!\sof\b)|since(?!\s(?:\d|then|the\s(?:last|beginning)))"
    r"|(?:(?<=,\s)as|as(?=\s(?:it|they|he|she|there|none|i|we|you)\s))(?!\s(?:well|an?|of|far|to|long|soon|such)\b)"
    r"|denn|weil|(?<=,\s)da|porque|ya\sque|pues|puesto\sque|pois|já\sque|uma\svez\sque|parce\squ(?:e|(?='))"
    r"|car(?=\s(?:l[ae]s?|l'|ils?|elles?|on|nous|vous|je|ce|c'|son|sa|ses|une?|notre|aucune?)\b)|puisqu(?:e|(?='))"
    r"|perché|poiché|dato\sche|siccome|omdat|(?<=,\s)want|aangezien|ponieważ|(?<=,\s)bo|потому\sчто|так\sкак"
    r"|поскольку|çünkü|karena|vì|لأن|क्योंकि|কারণ"
)
"""Words that explain: `because`. What follows is told as a fact."""

_MORE = r"and|und|y|et|och|og|и|ve|và|और|এবং|و"
"""Words that add: `and`."""

_UNSPACED = (
    "但是|但|不过|不過|然而|可是|而且|しかし|(?:です|ます|ません|でした|ました)が|けれども|けれど|けど"
    "|하지만|그러나|지만"
)
"""Words that turn in scripts without blanks: `但是`."""

_UNSPACED_REASONS = "因为|因為|由于|由於|所以|なぜなら|왜냐하면"
"""Words that explain there: `因为`."""

_CUT = re.compile(
    rf"(?P<mark>[,:](?=\s)|(?<=\s)[-–—]+(?=\s)|—|[，：、،]|\.{{2,}}|…)|(?P<new>;(?=\s)|[；؛])"
    rf"|(?<=\s)(?P<turn>{_TURNS})(?=[\s,])|(?<=\s)(?P<reason>{_REASONS})(?=[\s'])|(?<=\s)(?P<more>{_MORE})(?=\s)"
    rf"|(?P<script>{_UNSPACED})|(?P<why>{_UNSPACED_REASONS})",
    re.IGNORECASE,
)
"""Where a clause ends: at the comma of `It rains, so I stay`, at a dash, or before a word that turns or adds."""

_KINDS = {"script": "turn", "why": "reason"}


class Clause(NamedTuple):
    """A clause, and what it follows.

    `after` is a comma or dash (`mark`), a mark that begins anew as `;` (`new`), a word that turns (`turn`), explains
    (`reason`) or adds (`more`), or empty for the first.
    """

    text: str
    after: str


def clauses(sentence: str) -> list[Clause]:
    """The clauses of a sentence in order, with single spaces and straight apostrophes. Never empty ones."""
    text = " ".join(sentence.replace("’", "'").split())
    cut: list[Clause] = []
    start, after = 0, ""
    for mark in _CUT.finditer(text):
        kind = str(mark.lastgroup)
        kind = _KINDS.get(kind, kind)
        # The ending of a Japanese verb belongs to the clause that it ends.
        end = mark.end() if mark.lastgroup == "script" and mark.group().endswith("が") else mark.start()
        between = text[start:end]
        _add(cut, between, after)
        after = kind if kind != "mark" or not _is_blank(between) else after
        start = mark.end()
    _add(cut, text[start:], after)
    return cut


def _add(cut: list[Clause], text: str, after: str) -> None:
    if not _is_blank(text):
        cut.append(Clause(text.strip(), after))


def _is_blank(text: str) -> bool:
    return not any(char.isalnum() for char in text)
