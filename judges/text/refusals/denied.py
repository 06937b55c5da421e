"""What a sentence says that the evidence does not tell, so that it can be looked up there."""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.text.refusals.sources import HELD, HOLD, SAID, SAY, SOURCES

_NOT = r"(?:do|does|did)(?:\snot|n't)\s(?:\w+ly\s)?"
_IN_SOURCES = (
    r"\s(?:anywhere\s)?(?:in|by|within|from)\s(?:any\sof\s)?(?:the|this|these|my|any|your)\s"
    rf"(?:\w+\s){{0,3}}{SOURCES}\b"
)
_ON = r"(?:about|on|of|regarding|concerning|to|for|as\sto)"

_DENIED = (
    re.compile(rf"\b{SOURCES}\b[^.!?]{{0,40}}?\b{_NOT}(?P<verb>{SAY}|{HOLD})\b\s?(?P<matter>[^!?;]{{3,200}})", re.I),
    re.compile(
        rf"\b(?:none\sof|neither\sof|no|neither|nothing\sin)\s(?:\w+\s){{0,3}}{SOURCES}\s(?P<verb>{SAY}|{HOLD})s?\s"
        r"(?P<matter>[^!?;]{3,200})",
        re.I,
    ),
    re.compile(
        rf"\b{SOURCES}\s(?:make|makes|made)\sno\s(?P<verb>mention|reference)\s(?:of|to)\s(?P<matter>[^!?;]{{3,200}})",
        re.I,
    ),
    re.compile(
        rf"\b(?:no|not\s(?:find|see|have|contain|provide|include)|couldn't\sfind|don't\s(?:find|see|have))\s(?:\w+\s){{0,3}}?"
        rf"(?P<verb>mention|information|details?|data)\s(?:(?:is|was)\s\w+\s)?{_ON}\s(?P<matter>[^!?;]{{3,200}})",
        re.I,
    ),
    re.compile(
        rf"^\W{{0,9}}(?P<matter>[^.!?;]{{3,200}}?)\s(?:is|are|was|were)(?:\snot|n't)\s(?:\w+ly\s)?(?P<verb>{SAID}|{HELD})"
        rf"(?:{_IN_SOURCES}|\W{{0,3}}$)",
        re.I,
    ),
)
"""Sentences about what sources leave out: `The document does not state when Acme was founded.`"""

_LEADS = re.compile(
    r"(?:(?:based|according|given|however|therefore|additionally|note|unfortunately|i'm\ssorry|sorry)\b[^,:]{0,80}[,:]\s*)+"
    r"(?:but\s)?",
    re.I,
)
"""What leads in a sentence, e.g. `Based on the passages, `."""

_TAIL = re.compile(rf"(?:{_IN_SOURCES}.{{0,200}}|[,;:]\sso\s.{{0,200}})$", re.I)
"""Where nothing was found, e.g. ` in the provided documents`, with what follows it."""

_THAT = re.compile(r"\W*(?:the\sfact\s)?that\s(?=\w+\s\w)", re.I)
"""What begins a statement that is said not to be told, e.g. `that Acme has 450 employees`."""

_ASKS_FOR = (
    (
        re.compile(
            r"\b(?:when|(?:what|which)\s(?:year|date|day)|the\s(?:exact\s|specific\s|\w+\s)?(?:date|year))\b", re.I
        ),
        "date",
    ),
    (re.compile(r"\b(?:the\s(?:\w+\s)?(?:price|cost|fee)s?|how\smuch\s(?:\w+\s){1,4}costs?)\b", re.I), "money"),
    (
        re.compile(
            r"\b(?:how\s(?:many|much|long|old|tall|far|big)|the\s(?:\w+\s)?(?:number|amount|dose|age|rate))\b", re.I
        ),
        "number",
    ),
    (re.compile(r"\b(?:who|the\s(?:name|founder|author|owner))\b", re.I), "name"),
    (re.compile(r"\b(?:wann|quand|cuándo|wanneer|когда|in\swelchem\sjahr)\b", re.I), "date"),
    (re.compile(r"\b(?:wie\sviele?|combien|cuánt[oa]s?|quant[ei]|quant[oa]s|hoeveel|сколько)\b", re.I), "number"),
    (re.compile(r"^\W*(?:wer|qui|quién|chi|quem|wie|кто)\b", re.I), "name"),
)
"""Words that say what kind of value is missing: `when`."""

_MENTION = re.compile(r"mention", re.I)
"""The verb with which the bare words are denied, not what is told with them: `mention`."""

_BARE = re.compile(
    r"\W*(?!(?:any|other|specific|the|an?|its?|his|her|their|this|these|that|those|our|your|my|how|who|what|when|where|why"
    r"|whether|which|if|anything|such|much|all|some|them|him|of|about|in|more|further|additional)\b)"
    r"(?P<words>[\w'-]+(?:\s[\w'-]+){0,3})\W*$",
    re.I,
)
"""Words without an article, of which nothing is asked, e.g. `Maria Lopez`, `industrial pumps`."""

_DEFINITE = re.compile(r"\W*(?:the|its|their|his|her|this)\s(?P<words>[\w'-]+(?:\s[\w'-]+){0,2})\W*$", re.I)
"""A thing of which something may be told, e.g. `the monthly fee`."""

_JOINS = re.compile(r"\b(?:of|in|for|with|from|at|by|on|as|or|and|to|about|being|was|is|has|had)\b", re.I)
"""A word that says more of the matter, e.g. `of`."""

_ELSEWHERE = (
    re.compile(
        r"\b(?:erwähn(?:t|en)|nenn(?:t|en)|vermeld(?:t|en)|noem(?:t|en))\s(?P<verb>)(?P<matter>[^,.!?;]{3,100}?)\s(?:nicht|niet)\b",
        re.I,
    ),
    re.compile(
        r"\b(?P<verb>mentionn\w{1,4}\spas|no\smenciona[n]?|non\smenziona(?:no)?|não\smenciona[m]?)\s(?:a\s)?(?P<matter>[^,.!?;]{3,100})",
        re.I,
    ),
    re.compile(
        r"\b(?:nicht|niet|pas|no|non|não|не)\s(?P<verb>\w{2,20}),?\s(?P<matter>(?:wann|wie|wer|quand|combien|qui|cuándo|cuánt[oa]s"
        r"|quién|quando|quant[ieoa]s?|chi|quem|wanneer|hoeveel|когда|сколько|кто)\s[^,.!?;]{3,160})",
        re.I,
    ),
    re.compile(
        r"\b(?:nicht|niet|pas|no|non|não|не)(?P<verb>),\s(?P<matter>(?:wann|wie|wer|wanneer|hoeveel|когда|сколько|кто)\s[^,.!?;]{3,160})",
        re.I,
    ),
    re.compile(
        r"^\W{0,9}(?P<matter>[^,.!?;]{3,100}?)\s(?:wird|werden|n'est|ne\ssont|no\sse|no\ses|non\sè|não\sé|wordt|worden)\s"
        r"(?P<verb>(?:\w+\s){0,5}(?:erwähnt|mentionn\w{1,4}|menciona\w{0,4}|menzionat\w|genoemd|vermeld))\b",
        re.I,
    ),
    re.compile(r"(?P<verb>没有提到|没有提及|未提到|未提及|並未提到|沒有提到)(?P<matter>[^，。！？、；]{2,40})"),
)
"""The same in other languages: `Die Dokumente erwähnen nicht, wann Acme gegründet wurde`."""


class Denied(NamedTuple):
    """What the sources are said not to tell.

    `asked` is the kind of value that is asked for (`date`, `number`, `money`, `name`), `mention` where the words
    themselves are said not to occur, `thing` where nothing is said to be told of a thing, `statement` where a whole
    statement is said not to be told, or empty.
    """

    matter: str
    asked: str


def denied_matter(sentence: str) -> Denied | None:
    """What the sources are said not to tell. None where the sentence says no such thing."""
    text = _LEADS.sub("", " ".join(sentence[:600].replace("’", "'").split()), count=1)
    for patterns in (_DENIED, _ELSEWHERE):
        for pattern in patterns:
            match = pattern.search(text)
            if match is not None:
                return _named(match)
    return None


def _named(match: re.Match[str]) -> Denied:
    matter = _TAIL.sub("", re.split(r"\.(?=\s|$)", match.group("matter"), maxsplit=1)[0]).strip()
    if _THAT.match(matter):
        return Denied(_THAT.sub("", matter, count=1), "statement")
    asked = next((kind for pattern, kind in _ASKS_FOR if pattern.search(matter)), "")
    bare = _BARE.match(matter)
    mentioned = _MENTION.search(match.group("verb")) or match.re in _ELSEWHERE
    if not asked and mentioned and bare is not None and not _JOINS.search(matter):
        return Denied(bare.group("words"), "mention")
    definite = _DEFINITE.match(matter)
    if not asked and definite is not None and not _JOINS.search(matter):
        return Denied(definite.group("words"), "thing")
    return Denied(matter, asked)
