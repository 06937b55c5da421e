"""Lines that lead to what follows them: titles of a list's parts, `Key features include:`, `Website:`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.line_starts import at_line_starts
from assay.judges.text.form.predicates import states
from assay.judges.text.form.topics import may_be_name, says_much, section
from assay.judges.text.words import word_set

_ITEM_TITLE = re.compile(
    r"(?:^|(?<=\n))(?P<indent>[ \t>]{0,8})"
    r"(?P<title>[-*•+][ \t]{1,4}(?:(?:\*\*|__)[^\n*_.!?]{1,80}(?:\*\*|__):?|[^\n*.!?]{1,60}:))[ \t*]{0,4}"
    r"\n{1,2}(?=(?P=indent)[ \t]{1,8}[-*•+\d])"
)
"""An item that is the title of the list below it, e.g. `- **Submission**:\n   - Present the forms.`"""

_LEAD_IN = re.compile(
    r"(?:^|(?<=[\n.!?:|]))[ \t]{0,8}"
    r"(?P<lead>(?:[-*•+][ \t]{1,4})?[^\W\d_][^\n.!?:|]{1,80}[:：])[ \t*]{0,200}(?=[\n|]|$)"
)
"""A line, or the end of one, that leads to what follows, e.g. `Key features include:`."""

_LEADING_WORDS = word_set("""
a an the here below these this those following follow follows steps step ways way options option features feature key
main benefits benefit reasons reason points point examples example details include includes including included are is be
can could would to use using you your for of in as by with and or some several there however also approach method
methods highlighted mentioned described listed shown stated noted documents document passages passage context text
article information answer summary list items item topics topic things tips tip website web site phone telephone email
e-mail mail address fax link url source sources note notes additional more other important consider such do did it that
one best practices practice based on provided given according first second then next finally additionally furthermore
moreover i we they so therefore overview facts fact known
""")
"""Words of a line that only leads on, e.g. `features`, `website`. With any other word the line states something."""

_VERBS = word_set("is are be can could would do did use")
"""Verbs of a line that leads on; last, as in `The steps are:`, or beside a word that points below."""

_LINKS = word_set("to as by for of in with on include")
"""Words that lead on after a verb, e.g. `to` in `An approach could be to:`."""

_POINTING = word_set("here below these this those following follow follows there include includes including")
"""Words that point to what is below, e.g. `following`. Without one a line with a verb states something."""

_PREDICATES = word_set("important best one more additional simple")
"""Words that say something of a subject after `is`, e.g. `best`."""

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)?")
"""A word of a line, e.g. `e-mail`."""


def lead_ins(text: str) -> Iterator[tuple[int, int]]:
    """Titles of a list's parts, and lines that only lead to the lines below."""
    for match in at_line_starts(_ITEM_TITLE, text):
        title, around = match.group("title"), section(text, match.start())
        if not states(title) and not says_much(title, around) and not may_be_name(title, around):
            yield match.span("title")
    for match in _LEAD_IN.finditer(text) if ":" in text or "：" in text else ():
        below = text[match.end() : match.end() + 400].strip()
        if below and _only_leads(_WORD.findall(match.group("lead").lower())):
            yield match.span("lead")


def _only_leads(words: list[str]) -> bool:
    """Whether a line has leading words only and no predicate: `It is the best:` states something."""
    if not _LEADING_WORDS.issuperset(words):
        return False
    verbs = [place for place, word in enumerate(words) if word in _VERBS]
    if not verbs or _VERBS.union(_LINKS).issuperset(words[verbs[0] :]):
        return True
    return not _POINTING.isdisjoint(words) and _PREDICATES.isdisjoint(words[verbs[-1] + 1 :][-1:])
