"""Which sentences state something that could be wrong, and which responses decline to answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.judges.local.features import SentenceView

_REFUSAL = re.compile(
    r"""
    \b(?:i|we)(?:\s(?:am|was|are)|'m|’m)\s(?:(?:very|so|really|afraid|sorry|but|,)\s?){0,4}
        (?:sorry|afraid|unable\sto|not\sable\sto|not\ssure|not\scertain|not\saware)
  | \b(?:i|we)\s(?:do\snot|don['’]t|did\snot|didn['’]t|could\snot|couldn['’]t|can\s?not|can['’]t)\s
        (?:\w+\s){0,2}(?:have|know|find|answer|help|provide|assist|determine|access|see|locate|comment|say|confirm)\b
        (?!\sthat)
  | \b(?:passages?|contexts?|documents?|sources?|information|texts?|articles?|materials?|excerpts?)\b
        [^.!?]{0,60}\b(?:do|does|did)(?:\snot|n['’]t)\s(?:\w+\s){0,2}
        (?:contain|mention|provide|include|specify|state|say|address|discuss|answer|cover|offer|give|indicate)
  | \b(?:there\sis|there['’]s|contains?|provides?)\s(?:no|not\s(?:any|enough|sufficient)|insufficient)\s
        (?:\w+\s){0,2}(?:information|mention|details?|data|answer|context)\b
  | \bunable\sto\s(?:answer|determine|provide|find|help)\b
  | \b(?:cannot|can\snot|can['’]t)\sbe\s(?:determined|answered|found)\b
  | \bno\s(?:relevant\s|specific\s)?information\s(?:is\s|was\s)?(?:available|provided|given|found|about|on|regarding)\b
  | ^\W*(?:i['’]m\s)?sorry\b[^.!?]{0,40}$
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A sentence that declines, or finds no information to answer from. One example for each line of the pattern:

`I am very sorry`, `We do not have it`, `The passages do not mention it`, `There is no information`,
`unable to determine`, `cannot be determined`, `no information is available`, `Sorry about that`.
"""

# In any case but for i and s, which have more than two forms that the pattern takes for the same letter.
_REFUSING = ("no ", "not ", "'t ", "’t ", "orry", "afra", "unable ", "uff")
"""Parts of which every refusal has one. After `no` and `not` there is always another word."""

_PLEASANTRY = re.compile(
    r"""^\W*(?:
        (?:hi|hello|hey|greetings|welcome|good\s(?:morning|afternoon|evening|day))\b(?:[\s,]+\w+){0,3}
      | (?:sure|certainly|of\scourse|absolutely|definitely|okay|ok|yes|no|right|great|thanks?|thank\syou)
            (?:[\s,]+(?:thing|so\smuch|very\smuch|for\s(?:asking|your\squestion|reaching\sout)|question|i\scan\shelp|there))?
      | (?:that['’]s|that\sis|what)\s(?:a|an)\s(?:great|good|excellent|interesting)\squestion
      | (?:you['’]re|you\sare)\s(?:very\s|most\s)?welcome | no\sproblem | my\spleasure | happy\sto\shelp
      | i\shope\s(?:this|that|it)\s(?:helps|answers|clarifies|was\shelpful|is\shelpful)\b.{0,60}
      | (?:please\s)?(?:let\sme\sknow|feel\sfree)\b.{0,160}
      | if\syou\s(?:have|need|want|['’]d\slike|would\slike)\b.{0,120}
            \b(?:let\sme\sknow|feel\sfree|ask|contact|reach\sout)\b.{0,80}
      | (?:is|was)\sthere\sanything\selse\b.{0,60}
      | have\sa\s(?:great|good|nice|wonderful)\s\w+
      | (?:here|below|these|the\sfollowing)\s(?:is|are)\b[^.]{0,120}:
    )\W*$""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""A courtesy that states nothing. One example for each form:

`Hello there`, `Of course!`, `That's a great question!`, `You're welcome.`, `I hope this helps!`, `Please let me know.`,
`If you have questions, feel free to ask.`, `Is there anything else?`, `Have a nice day`, `Here are the steps:`.
"""

_HEADING = re.compile(r"^\s*(?:\#{1,6}\s[^\n.]{1,120}|\*\*[^\n*.]{1,80}\*\*:?|[^\n.:]{1,60}:)\s*$")
"""A heading or a label on a line of its own: `**Opening hours**`, `## Prices`, `Ingredients:`."""

_LONGEST = 400
"""Longer sentences say something. It also bounds what the patterns have to read."""


def checkworthy(sentences: Iterable[SentenceView]) -> list[SentenceView]:
    """The sentences that state something the evidence could carry or not."""
    return [
        sentence
        for sentence in sentences
        if not is_refusal(sentence.text) and not states_nothing(sentence.text, sentence.content)
    ]


def is_refusal(sentence: str) -> bool:
    """Whether the sentence says that there is no answer to give, or no information to give it from."""
    if len(sentence) > _LONGEST:
        return False
    low = " ".join(sentence.lower().split())
    return any(map(low.__contains__, _REFUSING)) and _REFUSAL.search(sentence) is not None


def states_nothing(sentence: str, content_words: int) -> bool:
    """Whether there is nothing in the sentence to check: a question, a courtesy, a heading, no word of content."""
    if not content_words:
        return True
    if len(sentence) > _LONGEST:
        return False
    asks = sentence.rstrip(" \"'”’)*_").endswith(("?", "？"))
    return asks or bool(_PLEASANTRY.match(sentence)) or bool(_HEADING.match(sentence))
