"""What a sentence says that the evidence does not tell, so that it can be looked up there."""

from __future__ import annotations

import re

from assay.judges.text.refusals.english import SOURCES

_DENIED = re.compile(
    rf"\b{SOURCES}\b[^.!?]{{0,40}}?\b(?:do|does|did)(?:\snot|n['’]t)\s(?:\w+\s){{0,2}}"
    r"(?:mention|state|say|specify|tell|indicate|give|provide|contain|include|list|name|reveal|describe|explain|show)\b\s?"
    r"(?P<matter>[^.!?;]{3,200})",
    re.IGNORECASE,
)
"""A sentence about what sources leave out: `The document does not state when Acme was founded.`"""

_ASKS_FOR = (
    (re.compile(r"\b(?:when|what\s(?:year|date|day)|the\s(?:date|year))\b", re.IGNORECASE), "date"),
    (
        re.compile(
            r"\b(?:how\s(?:many|much|long|old|tall|far|big)|the\s(?:number|price|cost|amount|dose|age|rate|fee))\b",
            re.I,
        ),
        "number",
    ),
    (re.compile(r"\b(?:who|the\s(?:name|founder|author|owner))\b", re.IGNORECASE), "name"),
)
"""Words that say what kind of value is missing: `when`."""


def denied_matter(sentence: str) -> tuple[str, str] | None:
    """What the sources are said not to tell, and the kind of value asked for: `date`, `number`, `name`, or empty."""
    match = _DENIED.search(" ".join(sentence.split()))
    if match is None:
        return None
    matter = match.group("matter")
    return matter, next((kind for pattern, kind in _ASKS_FOR if pattern.search(matter)), "")
