"""Signs by which a line without a full stop states something: a verb, a limit, or the shape of a predicate."""

from __future__ import annotations

import re

from assay.judges.text.words import word_set

FINITE_VERB = re.compile(
    r"\b(?:is|are|was|were|isn['’]t|aren['’]t|has|have|had|will|can|cannot|could|should|must|did|does|do|said"
    r"|built|invented"
    r"|founded|opened|closed|closes|became|costs?|includes?|requires?|lasts?|died|won|lost|made|shows?|allowed|stays?"
    r"|goes|went|gets|got|gave|took|owns?|owned|burnt|burned|beats?|kills?|killed|murdered|stole|stolen|fled|sold"
    r"|bought"
    r"|ist|sind|war|wird|werden|hat|kostet|est|sont|es|son|è|sono|é|são|está|están|cuesta|coûte|costa)\b",
    re.IGNORECASE,
)
"""A verb that makes a line a sentence, e.g. `is`, `opened`. Common ones of five languages: enough to be careful by."""

_LIMITS = re.compile(
    r"\b(?:not|no|none|never|without|free|only|always|all|every\w{0,10}|forever|daily|anytime|anymore|today"
    r"|tomorrow|now"
    r"|nicht|kein\w{0,2}|nur|ohne|immer|nie|pas|sans|toujours|jamais|sin|non|senza|não|sem|siempre|nunca|sempre)\b",
    re.IGNORECASE,
)
"""A word by which a title without a verb states something, e.g. `No refunds`."""

_ALLOWS = re.compile(
    r"\b(?:welcome|prohibited|forbidden|banned|excluded|included|required|mandatory|compulsory|guaranteed"
    r"|permitted|accepted"
    r"|available|unavailable|possible|impossible|necessary|safe|unsafe|refundable|erlaubt|verboten|erforderlich"
    r"|geschlossen"
    r"|geöffnet|kostenlos|möglich|untersagt|inbegriffen|frei|gesperrt|ausverkauft|permitid[oa]s?|prohibid[oa]s?|obligatori[oa]s?"
    r"|gratuit[oaes]{0,2}"
    r"|cerrad[oa]s?|abiert[oa]s?|autorisée?s?|interdite?s?|obligatoire|fermée?s?|ouverte?s?|vietat[oaie]|ammess[oaie]"
    r"|chius[oaie]|apert[oaie]|proibid[oa]s?|verplicht|toegestaan|gesloten)(?=\W*$|\W+(?:in|on|at|by|with|for"
    r"|from|inside"
    r"|outside|since|until|everywhere|during|im|in|am|ab|bei|en|à|a|con|por|per)\b)",
    re.IGNORECASE,
)
"""A word that allows, forbids or limits what stands before it, e.g. `Visa required`, `Hunde verboten`."""

_PARTICIPLE = re.compile(
    r"(?<=[^\W_]\s)(?!(?:accessed|retrieved|updated|published|revised|based|related|listed|need|speed|feed|seed"
    r"|indeed|hundred"
    r"|used|cited|united|asked|requested|provided|mentioned|described|supported|generated"
    r"|associated)\b)[a-zß-ÿ]{2,20}[^\We]ed\b"
)
"""A participle or past tense after its noun, in small letters, e.g. `Einstein discovered radium`."""

_OBJECT = re.compile(
    r"(?<=[^\W\d_])\s(?:the|an?|his|her|its|their|our|my|your|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|twelve)\s(?=\w)",
    re.IGNORECASE,
)
"""A determiner or a number after a word that may be a verb, e.g. `acquires the museum`."""

_LEADS_TO_NOUN = word_set("""
of to in on at for from by with about as and or vs versus the into over under between against during per via through
within across around behind beyond near than like how what why when where who which both meet using understanding
getting finding choosing planning visiting exploring inside
""")
"""Words a determiner may follow in a title, e.g. `of` in `History of the bridge`."""


def states(line: str) -> bool:
    """Whether a line states something: it has a value in digits, a verb, or a word that allows or forbids."""
    return any(map(str.isdigit, line)) or tells(line)


def tells(line: str) -> bool:
    """Whether a line has a verb, a limit or another sign of a predicate; values aside, which names may have."""
    return any(pattern.search(line) for pattern in (FINITE_VERB, _LIMITS, _ALLOWS)) or has_predicate(line)


def has_predicate(line: str) -> bool:
    """Whether the shape of a line is that of a sentence: `radium discovered`, `takes the money`."""
    if _PARTICIPLE.search(line):
        return True
    return any(_word_before(line, match.start()) not in _LEADS_TO_NOUN for match in _OBJECT.finditer(line))


def _word_before(line: str, position: int) -> str:
    words = re.findall(r"[^\W\d_]+", line[max(0, position - 40) : position])
    return words[-1].lower() if words else "of"
