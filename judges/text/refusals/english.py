"""How English declines: the words of a clause that says there is no answer, or nothing to answer from."""

from __future__ import annotations

import re

from assay.judges.text.words import word_set

SOURCES = (
    r"(?:passages?|contexts?|documents?|documentation|sources?|information|texts?|articles?|materials?|excerpts?"
    r"|snippets?|records?|files?|pages?|data|evidence|results?|paragraphs?|knowledge\sbase)"
)
"""What an answer is drawn from: `passages`."""

_BETWEEN = r"(?:(?!\b(?:that|which|who)\b)[^.!?]){0,60}?"
"""What may stand between the sources and what they do: no clause of its own."""

_TELL = (
    r"(?:contain|mention|provide|include|specify|state|say|address|discuss|answer|cover|offer|give|indicate|describe"
    r"|explain|tell|list|show|reveal|have|detail|clarify|define|note|identify|talk|disclose|report)"
)
"""What sources do not do: `mention`."""

_TOLD = (
    r"(?:contained|mentioned|provided|included|specified|stated|addressed|discussed|answered|covered|given|indicated"
    r"|described|explained|listed|shown|disclosed|available|known|found|present|clear|detailed|defined)"
)
"""The same as a participle, as in `is not mentioned`."""

_NOT_DECLINING = r"(?!\s?(?:believe|imagine|wait|stop|recommend|agree|stand|think|complain|resist)\b)"
"""Verbs with which `I can't` declines nothing: `I can't wait`."""

DECLINES = re.compile(
    rf"""
    \b(?:i|we)(?:\s(?:am|was|are|were)|'m|'re)\s(?:(?:very|so|really|afraid|sorry|but|,)\s?){{0,4}}
        (?:unable\sto|not\sable\sto|not\s(?:\w+\s)?(?:sure|certain|aware|familiar))
  | \b(?:i|we)\s(?:do\snot|don't|did\snot|didn't|could\snot|couldn't|can\s?not|can't)\s
        (?:\w+\s){{0,2}}(?:have|know|find|answer|help|provide|assist|determine|access|see|locate|comment|say|confirm
            |verify|tell|share|give|offer|discuss|respond)\b(?!\sthat)
  | \b(?:i|we)\s(?:am\s|are\s|will\s)?(?:can\s?not|can't|unable\sto|not\sable\sto|won't\sbe\sable\sto){_NOT_DECLINING}
        \s(?:\w+\s){{0,2}}(?:create|generate|write|complete|fulfil|fulfill|produce|summari[sz]e|make|perform|process
            |recall|identify|look|check|search|extract|infer|establish|guess|speculate|be\sof)\b
  | \b(?:i|we)\s(?:have|had|see|find|found|know\sof)\s(?:no|not\s(?:any|enough)|insufficient)\s
        (?:\w+\s){{0,3}}(?:information|mention|details?|data|answer|context|idea|clue|records?|knowledge|access
            |results?)\b
  | \b{SOURCES}\b{_BETWEEN}\b(?:do|does|did|can)(?:\snot|n't|not)\s(?:\w+\s){{0,2}}{_TELL}\b
  | \b{SOURCES}\s(?:\w+\s)?(?:lacks?|(?:is|are|was|were)\ssilent)\b
  | \bn(?:one|either)\sof\s(?:\w+\s){{0,3}}{SOURCES}\b
  | \b(?:is|are|was|were)(?:\snot|n't)\s(?:\w+\s){{0,2}}{_TOLD}\s(?:\w+\s){{0,2}}(?:in|by|from|within)\s(?:any\sof\s)?
        (?:the|this|these|my|any|your)\s(?:\w+\s){{0,3}}{SOURCES}\b
  | \b(?:there\sis|there's|there\swas|there\sare|contains?|provides?|includes?|gives?|offers?)\s
        (?:no|not\s(?:any|enough|sufficient)|insufficient)\s
        (?:\w+\s){{0,3}}(?:information|mention|details?|data|answer|context|evidence|records?)\b
  | \bunable\sto\s(?:answer|determine|provide|find|help|locate|assist)\b
  | \b(?:cannot|can\snot|can't|could\snot|couldn't)\sbe\s(?:determined|answered|found|verified|confirmed|inferred
        |established|derived)\b
  | \bno\s(?:\w+\s){{0,2}}information\s(?:(?:is|was|has\sbeen)\s)?
        (?:available|provided|given|found|about|on|regarding|could|can)\b
  | \b(?:no|not)\s(?:\w+\s)?(?:answer|results?|match(?:es)?|records?|information)\s(?:(?:is|was|were)\s)?found\b
  | \b(?:not\senough|insufficient)\s(?:information|context|data|evidence|details?)\b
  | \b(?:outside|beyond)\s(?:of\s)?(?:my|the|our)\s(?:scope|knowledge|expertise|abilit(?:y|ies)|training)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A clause that declines. One example for each line of the pattern:

`I am very sorry but unable to`, `We do not have it`, `I cannot create it`, `I have no idea`,
`The passages do not mention it`, `The text lacks it`, `none of the texts`,
`It is not mentioned in the text`, `There is no information`,
`unable to determine`, `cannot be determined`, `no information is available`, `No answer was found`,
`not enough information`, `beyond my knowledge`.
"""

APOLOGY = re.compile(
    r"\b(?:(?:i|we)(?:\s(?:am|are)|'m|'re)\s)?(?:(?:very|so|really|truly|deeply)\s){0,2}(?:sorry|afraid)\b"
    r"|\b(?:my\s|our\s)?(?:sincere\s)?apologies\b|\b(?:i|we)\s(?:\w+\s)?apologi[sz]e\b|\bunfortunately\b|\bregrettably\b",
    re.IGNORECASE,
)
"""Words of regret, as in `I'm sorry for the confusion`: what follows them counts by itself."""

TELLS = re.compile(
    rf"\b{SOURCES}\s(?:also\s|only\s|merely\s|rather\s|instead\s)?(?:do(?:es)?\s)?(?:mention|state|say|describe|suggest"
    r"|indicate|explain|discuss|provide|include|list|show|report|note|emphasi[sz]e|focus(?:es)?\son|cover)s?\b",
    re.IGNORECASE,
)
"""A clause that tells what the sources say: `The passages also mention snowfall`."""

WHOLE = re.compile(
    rf"""\W{{0,5}}(?:
        i\.?d\.?k\.? | i?\s?dunno | n/?a | n\.a\. | (?:i\shave\s)?no\s(?:idea|clue|comment|answer) | unanswerable
      | (?:information\s|answer\s)?(?:is\s)?not\s{_TOLD}(?:\s(?:in|by|from)\s(?:the\s)?(?:\w+\s){{0,2}}{SOURCES})?
      | not\sapplicable | cannot\s(?:answer|say|tell) | (?:the\s)?answer\s(?:is\s)?(?:unknown|not\s\w+)
      | (?:your\s)?guess\sis\sas\sgood\sas\smine | pass
    )\W{{0,5}}""",
    re.VERBOSE | re.IGNORECASE,
)
"""A whole answer that declines: `IDK`, `N/A`, `no idea`, `unanswerable`, `not mentioned in the text`."""

WORDS = word_set(
    "no not none neither cannot sorry afraid unable insufficient apologies apology apologize apologise lack lacks "
    "silent outside beyond dunno idk unanswerable unfortunately regrettably pass guess n na"
)
"""Words of which every declining sentence in English has one, or one that ends in `n't`: they spare work."""
