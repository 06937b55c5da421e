"""Signs that a value nobody states was worked out from those of a line: then another value there proves nothing."""

from __future__ import annotations

import re

_OPERATION = re.compile(
    r"\b(?:totals?|totall?ed|altogether|in\sall|combined|together|both|sum|average[ds]?|mean|each|per|times|twice|double[ds]?"
    r"|triple[ds]?|half|halved|third|quarter|differen\w{2,4}|remain\w{0,4}|left|save[ds]?|more|less|fewer|cheaper|dearer|older"
    r"|younger|longer|shorter|higher|lower|later|earlier|faster|slower|percent|percentage|point[s]?|by|about|around|roughly"
    r"|nearly|almost|approximately|over|under|at\sleast|at\smost|up\sto|insgesamt|zusammen|durchschnitt\w{0,6}|um|rund|etwa"
    r"|mehr|weniger|total|moyenne|plus|moins|environ|en\stotal|promedio|media|más|menos|unos|gennemsnit\w{0,5}|mere|mindre)\b",
    re.IGNORECASE,
)
"""A word that speaks of arithmetic, rounding or a bound, e.g. `in total`, `by`, `more`."""

_PERIOD = re.compile(
    r"\b(?:second|minute|hour|day|week|month|quarter|year|dozen|daily|weekly|monthly|yearly|annual\w{0,2}|hourly"
    r"|stunde|tag|woche|monat|jahr|heure|jour|semaine|mois|an|hora|día|semana|mes|año)\w{0,3}\b",
    re.IGNORECASE,
)
"""A period that a rate is told for, e.g. `an hour`."""

_SHARE_OF = re.compile(
    r"(?:%|\b(?:half|thirds?|quarters?|fifths?|tenths?|percent|per\scent|majority|most))\s(?:of\s)?(?:the\s|its\s|their\s|all\s)?$",
    re.IGNORECASE,
)
"""What makes a value the whole of which a share is told, e.g. `20% of the `."""

_PERCENT = re.compile(r"%|\bper\s?cent\b|\bProzent\b|\bpour\scent\b|\bpor\sciento\b", re.IGNORECASE)
"""A share, e.g. `10%`: with it and a number another number can be worked out."""


def may_be_worked_out(claim: str, line: str, start: int) -> bool:
    """Whether a value of a claim may come by arithmetic from a line.

    Args:
        claim: the claim.
        line: the line of the evidence that has another value in its place.
        start: where that value begins in the line.
    """
    if _SHARE_OF.search(line[max(0, start - 30) : start]) or (_PERCENT.search(line) and not _PERCENT.search(claim)):
        return True
    return any(not _words(pattern, claim) <= _words(pattern, line) for pattern in (_OPERATION, _PERIOD))


def _words(pattern: re.Pattern[str], text: str) -> set[str]:
    return {match.group().lower() for match in pattern.finditer(text)}
