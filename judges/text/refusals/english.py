"""How English declines: the words of a clause that says there is no answer, or nothing to answer from."""

from __future__ import annotations

import re

from assay.judges.text.refusals.sources import FACTS, HELD, HOLD, OF_FACTS, OWN_SOURCES, SAID, SAY, SOURCES
from assay.judges.text.words import word_set

_BETWEEN = r"(?:(?!\b(?:that|which|who)\b)[^.!?]){0,60}?"
"""What may stand between the sources and what they do: no clause of its own."""

_ADVERBS = r"(?:(?:currently|yet|even|also|at\spresent|just|quite|much|really|\w+ly)\s){0,3}"
"""What may stand between `I do not` and `know`: no other verb."""

_CANNOT = r"(?:could\snot|couldn't|can\s?not|can't|won't\sbe\sable\sto)"
_WILL_NOT = rf"(?:do\snot|don't|did\snot|didn't|{_CANNOT})"
_UNABLE = r"(?:\s(?:am|was|are|were)|'m|'re)\s(?:(?:very|so|really|afraid|sorry|but|,)\s?){0,4}(?:unable|not\sable)\sto"
_UNABLE_TOO = rf"(?:{_UNABLE}|\s(?:wasn't|weren't|aren't)\sable\sto)"
_KNOW = r"(?:know|answer|determine|say|comment|tell|respond|recall|guess|speculate|help|assist)"
_MAKE = (
    r"(?:confirm|verify|provide|share|give|offer|discuss|create|generate|write|complete|fulfil|fulfill|produce|process"
    r"|summari[sz]e|make|perform|identify|look|check|search|extract|infer|establish|find|locate|access|see|be\sof)"
)
_NO_FACT_AFTER = r"(?!\s(?:that\s\w|(?:they|he|she|we|you|it)\s\w|there\s(?:is|are)\b))"
"""Not `I didn't know they have a museum`: what is known after all."""

DECLINES = re.compile(
    rf"""
    \bi{_UNABLE_TOO}\s | \bwe{_UNABLE_TOO}\s{_ADVERBS}(?:{_KNOW}\b|{_MAKE}\s{FACTS})
  | \b(?:i|we)(?:\s(?:am|was|are|were)|'m|'re)\s(?:not|n't)\s(?:\w+\s)?(?:sure|certain|aware|familiar)\b
  | \b(?:i|we)\s{_WILL_NOT}\s{_ADVERBS}(?:know|recall)\b{_NO_FACT_AFTER}
        (?!(?<=did\snot\sknow)\sthat\b|(?<=didn't\sknow)\sthat\b)
  | \bi\s{_CANNOT}\s{_ADVERBS}(?:{_KNOW}|{_MAKE})\b{_NO_FACT_AFTER}
  | \bi\s(?:did\snot|didn't|do\snot|don't)\s{_ADVERBS}(?:find|locate)\b | \bwe\s{_CANNOT}\s{_ADVERBS}{_KNOW}\b
  | \b(?:i|we)\s{_WILL_NOT}\s{_ADVERBS}(?:have|possess|{_MAKE})\s{FACTS}
  | \b(?:i|we)\s(?:have|had|see|find|found|know\sof)\s(?:no|not\s(?:any|enough)|insufficient)\s{OF_FACTS}
  | \bi\s(?:(?:must|have\sto|need\sto|will|would|should)\s)?(?:\w+ly\s)?(?:decline|refuse)\s(?:to|that|this)\b
  | \bi(?:(?:'d|\swould)\s(?:rather|prefer)|\sprefer)\snot\s(?:to\s)?(?:{_KNOW}|discuss|share)\b
  | \b{SOURCES}\b{_BETWEEN}\b(?:do|does|did)(?:\snot|n't)\s(?:\w+\s){{0,2}}{SAY}\b
  | \b{SOURCES}\s(?:can\s?not|can't)\s(?:\w+ly\s)?(?:answer|tell|say|help)\b
  | {OWN_SOURCES}{_BETWEEN}\b(?:do|does|did)(?:\snot|n't)\s(?:\w+ly\s)?{HOLD}\b
  | \b{SOURCES}\b{_BETWEEN}\b(?:do|does|did)(?:\snot|n't)\s(?:\w+ly\s)?{HOLD}\s{OF_FACTS}
  | \b{SOURCES}\s(?:\w+\s)?(?:lacks?\s{FACTS}|(?:is|are|was|were)\s(?:silent|insufficient|not\s(?:sufficient|enough)))
  | \b(?:none\sof|neither\sof|no|neither|nothing\sin|nothing\sfrom)\s(?:\w+\s){{0,3}}{SOURCES}\b{_BETWEEN}
        \b(?:{SAY}|{HOLD}|says|covers|addresses|discusses|has)s?\b
  | \bthere(?:\sis|'s|\swas)\snothing\s(?:\w+\s){{0,2}}(?:in|from|within)\s(?:the|these|this|any|your|my)\s
        (?:\w+\s){{0,2}}{SOURCES}\b
  | \b{SOURCES}\s(?:also\s)?(?:says?|mentions?|states?|contains?|provides?)\snothing\b
  | \b{SOURCES}\s(?:\w+\s)?(?:makes?|made|contains?|has|have)\sno\s(?:\w+\s)?(?:mention|reference)\b
  | \b(?:is|are|was|were)(?:\snot|n't)\s(?:\w+\s){{0,2}}{SAID}\s(?:\w+\s){{0,2}}(?:in|by|from|within)\s(?:any\sof\s)?
        (?:the|this|these|my|any|your)\s(?:\w+\s){{0,3}}{SOURCES}\b
  | \b(?:is|are|was|were)(?:\snot|n't)\s(?:\w+ly\s)?(?:{HELD}\s)?(?:\w+ly\s)?(?:in|by|from|within)\s(?:any\sof\s)?
        {OWN_SOURCES}
  | \b(?:is|are|was|were)(?:\snot|n't)\s(?:\w+ly\s)?(?:specified|mentioned|stated|indicated)\W*$
  | \b(?:there\sis|there's|there\swas|there\sare|(?:{SOURCES}|it|this|they)\s(?:also\s)?(?:contains?|provides?|includes?
        |gives?|offers?|has|have))\s(?:no|not\s(?:any|enough|sufficient)|insufficient)\s{OF_FACTS}
  | \bthere\s(?:isn't|aren't|wasn't|weren't|is\snot|are\snot)\s(?:any\s|(?=enough|sufficient)){OF_FACTS}
  | \bno\s(?:mention|reference)\b[^.!?]{{0,60}}\b(?:made|given|found|present)\s(?:\w+\s)?(?:in|within)\s
        (?:the|these|this)\s(?:\w+\s){{0,2}}{SOURCES}\b
  | \b(?:is|are|was|were|it's)(?:\snot|n't)\s(?:possible|clear)\s(?:to\s{_KNOW}|from\s{OWN_SOURCES}|to\sme)\b
  | \bi\s(?:do\snot|don't)\shave\s(?:any\s)?(?:personal|real|human)\s(?:opinions?|feelings?|experiences?|beliefs?
        |emotions?|preferences?)\b
  | \bi\s(?:have|had)\sno\s(?:way|means)\s(?:of|to)\b
  | (?:^\W{{0,9}}|[,;]\s)no\s{OF_FACTS}[^.!?]{{0,80}}\b(?:is|are|was|were)\s(?:\w+ly\s)?
        (?:provided|given|available|mentioned)\b
  | \bunable\sto\s(?:answer|determine)\b
  | (?:^\W{{0,9}}|\bit\sis\s)unable\sto\s(?:provide|find|help|locate|assist)\b
  | \b(?:cannot|can\snot|can't|could\snot|couldn't)\sbe\s(?:determined|answered|inferred|established|derived)\b
  | \b(?:answer|information|it|this|that|question|claim|mention)\s(?:cannot|can\snot|can't|could\snot|couldn't)\sbe\s
        (?:found|verified|confirmed|provided)\b
  | \b(?:cannot|can\snot|can't|could\snot|couldn't)\sbe\s(?:found|verified|confirmed)\s(?:in|from|by|with|within|using
        |based\son)\s{OWN_SOURCES}
  | (?<!s\s)\bno\s(?:\w+\s){{0,2}}information\s(?:(?:is|was|has\sbeen)\s)?
        (?:available|provided|given|found|about|on|regarding|could|can)\b
  | \b(?:no|not)\s(?:\w+\s){{0,2}}(?:answers?|match(?:es)?|{SOURCES})\s(?:(?:is|was|were|could\sbe)\s)?found\b
        (?=\W*$|\s(?:about|for|on|regarding|matching|that|to|related|in\s(?:{OWN_SOURCES}|{SOURCES})))
  | \b(?:not\senough|insufficient)\s(?:information|context|data|evidence|details?)\b
  | \b(?:outside|beyond)\s(?:of\s)?(?:my|our)\s(?:scope|knowledge|expertise|abilit(?:y|ies)|training)\b
  | \b(?:outside|beyond)\s(?:of\s)?the\s(?:scope|knowledge)(?:\W*$|\sof\s(?:(?:my|our|what)\b
        |(?:this|these|the)\s(?:\w+\s){{0,2}}(?:{SOURCES}|question|conversation|discussion)\b))
  | \b(?:answer|it|this|that)\s(?:is|remains)\s(?:unknown|unclear|uncertain)\W*$
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A clause that declines. One example for each of the larger parts of the pattern:

`I am very sorry but unable to do so`, `I am not sure`, `I do not know`, `I cannot create it`, `We do not have it`,
`I have no idea`, `I must decline to answer`, `I'd rather not say`, `The passages do not mention it`,
`The documents do not cover it`, `The text lacks details`, `none of the texts say so`, `There is nothing in the text`,
`The text says nothing`, `It is not mentioned in the text`, `It is not specified`, `There is no information`,
`unable to determine`, `cannot be determined`, `no information is available`, `No answer was found`,
`not enough information`, `beyond my knowledge`.
"""

WORDS = word_set(
    "no not none neither nothing cannot sorry afraid unable insufficient apologies apology apologize apologise lack "
    "lacks silent outside beyond dunno idk unanswerable unfortunately regrettably pass guess n na decline refuse "
    "unknown unclear uncertain rather"
)
"""Words of which every declining sentence in English has one, or one that ends in `n't`: they spare work."""
