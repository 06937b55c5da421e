"""Words of English for what answers are drawn from, what it tells, and information as a thing one has or lacks."""

from __future__ import annotations

_TEXTS = (
    r"(?:passages?|contexts?|documents?|documentation|docs|sources?|texts?|articles?|excerpts?|snippets?"
    r"|paragraphs?|knowledge\sbase)"
)
"""What is nothing but something to read: `passages`."""

_RECORDS = r"(?:information|materials?|records?|files?|pages?|data|evidence|results?)"
"""What can also be a part of the world told of: `results`, as in `The results do not show side effects`."""

SOURCES = rf"(?:{_TEXTS}|{_RECORDS})"
"""What an answer is drawn from: `passages`."""

_OF_THE_TALK = (
    r"(?:provided|given|available|retrieved|supplied|above|following|attached|uploaded|shared|source|reference|search"
    r"|relevant|current|original|entire|input|structured|same|other|existing|referenced)"
)
"""Words that say that the sources are those of the talk: `provided`."""

_POINTING = rf"(?:the|these|this|those|that|any|all|your|my|our|such|both|each|either|no|of|in|\w+ly|{_OF_THE_TALK})"

OWN_SOURCES = (
    rf"(?:(?:^\W{{0,9}}|(?<=[^\w\s]\s)|\b(?:{_POINTING}\s){{1,5}})(?:\w+\s(?=knowledge\sbase))?{_TEXTS}\b"
    rf"|\b(?:{_POINTING}\s){{0,4}}{_OF_THE_TALK}\s(?:\w+\s)?{_RECORDS}\b)"
)
"""Sources that are surely those of the talk: `the provided data`, not `the policy documents`."""

SAY = (
    r"(?:mention|state|specify|say|address|discuss|answer|indicate|describe|explain|tell|reveal|clarify|define|note"
    r"|identify|talk|disclose|report|detail)"
)
"""What only a text does: `mention`."""

HOLD = r"(?:contain|provide|include|cover|offer|give|list|show|have)"
"""What other things do too: `contain`."""

SAID = (
    r"(?:mentioned|specified|stated|addressed|discussed|answered|indicated|described|explained|disclosed|detailed"
    r"|defined|clear|known|reported|noted)"
)
"""The same as a participle, as in `is not mentioned`."""

HELD = r"(?:contained|provided|included|covered|given|listed|shown|available|found|present)"
"""The same for what is held, as in `is not contained`."""

_FACTS = (
    r"(?:information|mention|reference|details?|data|answers?|context|evidence|idea|clue|records?|knowledge|access"
    r"|results?|instructions?|specifics?|figures?|examples?|explanations?|definitions?|guidance|indications?)"
)
"""Information as something one has or lacks: `details`."""

_ENDS = (
    r"(?=\W*$|\s?[^\w\s]|\s(?:about|on|regarding|concerning|for|of|to|in|that|which|from|with|available|here|at|beyond|as"
    r"|whether|how|what|when|where|who|why|if|is|are|was|were|has|have|given|provided|or|and|related|needed|required"
    r"|found|such|relating|specific|by|within|necessary|beyond|pertaining|could|can)\b)"
)

OF_FACTS = rf"(?:\w+(?:'s)?\s){{0,4}}?{_FACTS}{_ENDS}"
"""An object that is information: `enough information`, not the first noun of `data plans`."""

FACTS = (
    rf"(?:{OF_FACTS}|(?:that|it|this|them|those|these|anything|any|enough|much)\b(?=\W*$|\s(?:about|in|on|for|from|at|of)\b)"
    r"|(?:an?\s|the\s|any\s)?(?:specific|exact|precise|sufficient|enough|further|additional|real-time|up-to-date)\b)"
)
"""An object that is information, or stands for it: `that`."""
