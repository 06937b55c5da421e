"""Questions that only ask. Many sentences with a question mark tell: `Refunds are paid in cash, right?`.

Whoever writes a response could choose not to be judged if each of them were left out. So a question is left out only
where it begins as one and no part of it is a statement. In doubt it is asked about: that costs a call, and an honest
question seldom holds what the evidence denies.
"""

from __future__ import annotations

import re

from assay.judges.lexical_overlap import content_terms
from assay.judges.llm.statements.question_words import BEGINS, TAGS, UNSPACED_KNOWS
from assay.judges.text.assertions import asks
from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.form.courtesy_words import COURTESY_WORDS
from assay.judges.text.form.predicates import states
from assay.judges.text.words import surface_words

LEAST_TOLD = 2
"""Words of content that can say something false: `refunds ... cash`."""

_BREAK = re.compile(r"[,;:()\[\]，；：（）、…—–]+|\s-+\s")
"""What parts a sentence, e.g. ` - `."""

_NUMBERED = re.compile(r"^\W*\d{1,3}[.)]\s+")
"""The number of a question in a list, e.g. `2. `."""

_PURPOSE = re.compile(r"to(?:\s[^\W\d_]{1,15}){1,3}\Z", re.IGNORECASE)
"""What a question is for, e.g. `To help you better`."""

_ASIDE = re.compile(
    r"\W*(?:which|who|whose|where|that|because|since|as|being|dass|daß|que|che|dat|att|at"
    r"|paid|made|built|sold|held|kept|sent|given|taken|done|found|lost|won|told|written|free|\w{2,20}(?:ed|en))\s",
    re.IGNORECASE,
)
"""How an aside begins, e.g. `which is paid`."""

_THAT = re.compile(
    r"(?<!\bis)(?<!\bwas)(?<!\bare)(?<!\bdoes)(?<!\bdid)(?<!\bdo)(?<!\bcan)(?<!\bwill)(?<!\bcould)(?<!\bwould)"
    r"(?<!\bof)(?<!\bin)(?<!\bon)(?<!\bat)(?<!\bto)(?<!\bfor)(?<!\babout)(?<!\bwith)(?<!\bfrom)(?<!\bby)(?<!\blike)"
    r"(?<!\bmean)\s(?:that|because|although|though|whereas)\s(?P<told>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A clause in a question, e.g. ` that refunds are paid`. After `is` or `of` the word only points: `Is that bridge`."""

_RELATIVE = re.compile(
    r"(?<!\bknow)(?<!\btell)(?<!\bsay)(?<!\bme)(?<!\bus)(?<!\byou)(?<!\bsure)(?<!\bsee)(?<!\bwonder)(?<!\bask)"
    r"(?<!\bspecify)(?<!\bclarify)(?<!\bexplain)(?<!\bconfirm)(?<!\bin)(?<!\bto)(?<!\babout)(?<!\bor)(?<!\band)"
    r"(?<!\bof)(?<!\bon)\s(?:which|who|whose|where|since)\s(?P<told>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A clause about a thing that is named, e.g. ` which was sold`; not one that is asked for, as in `know which`."""

_TELLS = re.compile(
    r"\W*(?:(?:\w{1,5}\s){0,1}(?:did|didn't|have|haven't|had|can|can't|could|would|wouldn't|are|aren't|were)\s(?:you|we|they|anyone|not)"
    r"\s(?:\w{1,9}\s)?(?:know|knew|realize|realise|heard|noticed|notice|believe|aware|imagine|see|agree)"
    r"|(?:may|can|could|should|shall|must|might|did|have|haven't|didn't)\s(?:i|we)\s(?:\w{1,9}\s)?"
    r"(?:tell|told|remind|say|said|mention|mentioned|add|note|inform|point\sout)(?:\syou)?"
    r"|who\s(?:knew|says|said|would\shave\sthought|thought|doubts)"
    r"|(?:is|isn't|was|wasn't)\s(?:it|that)\s(?:not\s)?(?:so|true|right|correct|clear|obvious|known|a\sfact|the\scase))"
    r"\s(?!(?:what|which|who|whom|whose|when|where|why|how|whether|if|about|of|for|from|more|any|your|you|me|us)\b)(?P<told>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""How a question begins that tells something new, e.g. `Did you know refunds`."""

_KNOWS = re.compile(
    r"\W*(?:[^\W\d_]{1,12}[\s-]){0,3}(?:sab|sav|sai|cre|cro[iy]|sapev|wuss|wiss|wist|weet|visst|vidst|знае)\w{0,8}"
    r"(?:[\s-](?:vous|tu|usted|ustedes|você|vocês|lei|sie|du|je|u|du|ni))?,?\s(?:que\s|qu['’]|che\s|dass\s|daß\s|dat\s|att\s|at\s|что\s)"
    r"(?P<told>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""The same in other languages, e.g. `¿Sabía que los reembolsos`."""

_DENIES = re.compile(
    r"\W*(?:\w{2,6}n['’]t\b|(?:is|are|was|were|do|does|did|can|could|will|would|has|have)\s(?:\w{1,20}\s){0,4}not\b)",
    re.IGNORECASE,
)
"""How a question begins that expects a yes, e.g. `Aren't`."""

_SECOND_VERB = re.compile(
    r"\W*(?P<first>\w+)\s(?P<before>.{2,200}?)(?<!\byou)(?<!\bthere)\s(?:is|are|was|were|has|had|will|must|costs?|takes?|lasts?|closes|opens)\s",
    re.IGNORECASE | re.DOTALL,
)
"""A verb after the one that asks, e.g. `Do you know refunds are `."""

_AUXILIARY = re.compile(r"(?:do|does|did|can|could|would|will|should|shall|may|might|is|are|was|were)\Z", re.IGNORECASE)
"""A word with which a question begins that wants a yes or no, e.g. `do`."""

_WANTS_YES = re.compile(
    r"[\W\d]*(?:do|does|did|can|could|would|will|should|shall|may|might|is|are|was|were|have|has)\b", re.IGNORECASE
)
"""The beginning of a question that wants a yes or no, e.g. `Would`."""

_OF_A_THING = re.compile(r"\W*(?:which|whose|as)\b", re.IGNORECASE)
"""A word that speaks of a thing that was named, e.g. `which`."""

_RELATES = re.compile(r"\W*(?:who|where|when|how)\b", re.IGNORECASE)
"""A word that does so or asks, e.g. `who`."""

_INDIRECT = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how|whether|if)\b", re.IGNORECASE)
"""What begins a question inside another, e.g. `whether`."""

_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""A character of a script without blanks, e.g. `退`."""


def only_asks(sentence: str) -> bool:
    """Whether the sentence is a question and tells nothing."""
    sentence = _NUMBERED.sub("", sentence)
    if not asks(sentence):
        return False
    if _UNSPACED.search(sentence):
        return not (TAGS.search(sentence) or UNSPACED_KNOWS.search(sentence))
    before: set[str] = set()
    begun = False
    for part in filter(None, map(_without_mark, _BREAK.split(sentence))):
        begins = BEGINS.match(part) is not None
        if begun and _is_aside(part, sentence if begins else ""):
            return False
        if begins and (len(before) >= LEAST_TOLD or _embeds(part)):
            return False
        begun = begun or begins
        if not begun and not _may_lead(part):
            before |= content_terms(part)
    return begun or len(before) < LEAST_TOLD


def _without_mark(part: str) -> str:
    """A part without the blanks, the mark or the number of a list before it."""
    return re.sub(r"^[\W\d_]+(?=[^\W\d_])", "", part).strip()


def _may_lead(part: str) -> bool:
    """Whether a part in front of a question tells nothing: `If you are not sure`, `To help you better`."""
    if part[:3].lower() == "if " or _PURPOSE.match(part):
        return True
    return COURTESY_WORDS.issuperset(surface_words(part.lower())) or is_courtesy(part)


def _is_aside(part: str, asked_with: str) -> bool:
    """Whether a part beside a question states something: `which is paid in cash`, `the shop is open`.

    One that begins as a question may be the next of several: `Who is it, where is it?`. It is none after `which`, nor
    with a word for a thing where the question wants a yes or no.

    Args:
        part: the part.
        asked_with: the sentence, where the part begins as a question.
    """
    if asked_with and not (_OF_A_THING.match(part) or (_RELATES.match(part) and _WANTS_YES.match(asked_with))):
        return False
    return _tells(part) and (_ASIDE.match(part) is not None or states(part))


def _embeds(part: str) -> bool:
    """Whether a part that begins as a question holds a statement."""
    if _DENIES.match(part) and len(content_terms(part)) > LEAST_TOLD:
        return True
    if any(told is not None and _tells(told[told.lastindex or 0]) for told in _clauses_in(part)):
        return True
    relative = _RELATIVE.search(part)
    if relative and _tells(relative["told"]) and states(relative["told"]):
        return True
    second = _SECOND_VERB.match(part)
    if second is None or _AUXILIARY.match(second["first"]) is None or _INDIRECT.search(second["before"]):
        return False
    return _tells(part)


def _clauses_in(part: str) -> tuple[re.Match[str] | None, ...]:
    return _TELLS.match(part), _THAT.search(part), _KNOWS.match(part)


def _tells(text: str) -> bool:
    return len(content_terms(text)) >= LEAST_TOLD
