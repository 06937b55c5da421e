"""Citation marks: what points to a source and states nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.text.form.round_numbers import round_marks

SOURCE_WORD = (
    r"(?:docs?|documents?|dokumente?|documentos?|sources?|src|refs?\.?|references?|passages?|contexts?|chunks?"
    r"|citations?"
    r"|cited?|cit\.?|snippets?|results?|articles?|excerpts?|pages?|pp?\.|footnotes?|notes?|evidence|web|quellen?"
    r"|fuentes?"
    r"|fonti|fontes?|bron|bronnen|kilder?|källa|källor|lähde|źródł[oa]|zdroje?|kaynak|nguồn|sumber|источник|출처|자료"
    r"|مصدر|المصدر"
    r"|πηγή|מקור|स्रोत|出典|来源|來源|資料|资料|文档|文献|文書|документ\w{0,2}|док\.)"
)
"""A word for what a mark points to, e.g. `doc`, `Source`."""

_NUMBER = r"\d{1,3}"
_AND = r"\s{0,2}(?:,|;|&|and|und|et|y|e|[-–—])\s{0,2}"
SOURCE_NUMBERS = rf"{_NUMBER}(?:{_AND}(?:{SOURCE_WORD}[\s#_:-]{{0,2}})?{_NUMBER}){{0,12}}"
"""The numbers of sources, e.g. `1`, `2 and 3`, `1, 2–4`."""

_NAMED = rf"{SOURCE_WORD}[\s#_:.-]{{0,3}}{SOURCE_NUMBERS}"
_SEE = (
    r"(?:(?:see|cf\.?|cfr\.?|siehe|zie|voir|ver|vgl\.?|см\.?|from|as\s(?:in|per)|per|based\son|according\sto|via)\s"
    r"|(?:参见|參見|参照|参考|见|見)[：:\s]{0,2})?"
)
PLACE = (
    r"(?:p{1,2}\b|pages?|S\b|Seiten?|sec(?:tions?)?|abschnitt|ch(?:apters?)?|para(?:graphs?)?|lines?|§{1,2}"
    r"|article|art)\.?"
    r"\s{0,2}\d{1,4}(?:\.\d{1,3}){0,3}(?:\s?[-–]\s?\d{1,4})?"
)
"""A place in a source, e.g. `p. 12`, `section 4.2`."""

_PLACED = rf"(?:,?\s{{0,2}}{PLACE})?"

_MARK = re.compile(
    rf"""
    \[\^[\w-]{{1,12}}\^?\](?!:)                                           # [^1]
  | \^?\\?[\[［〔]{{1,2}}\s{{0,2}}{_SEE}[↑\#]?(?:{_NAMED}|{SOURCE_NUMBERS}){_PLACED}(?:†[^\]\n]{{0,60}})?\s{{0,2}}
        \\?[\]］〕]{{1,2}}\^?                                             # [1], [1, 2–4], [doc1, p. 3], [[2]], ^[1]^
  | 【\s{{0,2}}(?:{_NAMED}|{SOURCE_NUMBERS})(?::\d{{1,3}})?(?:†[^】\n]{{0,60}})?】   # 【4:0†source】
  | [(（]\s{{0,2}}(?!(?:articles|pages|results|notes)\s?:){_SEE}{_NAMED}{_PLACED}\s{{0,2}}[)）]   # (see Source 2)
  | \{{{{1,2}}\s?{_NAMED}\s?\}}{{1,2}} | \{{\{{\s?{SOURCE_NUMBERS}\s?\}}\}}       # {{doc1}}
  | (?:(?<=[^\W\d_]{{2}})|(?<=[.!?”"’)\s]))\^{SOURCE_NUMBERS}\^
  | (?:(?<=\b1[5-9]\d\d)|(?<=\b20\d\d))\^{SOURCE_NUMBERS}\^   # ^1^
  | (?:(?<=[^\W\d_]{{3}})|(?<=[.!?”"’)\s])|(?<=\b1[5-9]\d\d)|(?<=\b20\d\d))
        <sup\b[^<>\n]{{0,120}}>\s{{0,2}}(?:<a\b[^<>]{{0,200}}>)?
        \[?{SOURCE_NUMBERS}\]?(?:</a>)?\s{{0,2}}</sup>                     # <sup>1</sup>
  | <a\b[^<>\n]{{0,300}}>
        \s{{0,2}}\[?{SOURCE_NUMBERS}\]?\s{{0,2}}</a>           # <a href="#n1">1</a>
  | <(?:cite|ref|source|citation|doc)\b[^<>\n]{{0,120}}/>
  | (?<=[.!?\w]\s)<\d{{1,2}}>(?=[.!?,]) | (?<=[.!?])<\d{{1,2}}>(?=\s) | (?<=[.!?])\{{\d{{1,2}}\}}(?=\s)
      | (?<=\w\s)\{{\d{{1,2}}\}}(?=[.!?])
  | </?co:?\s?\d{{0,3}}(?:,\d{{1,3}}){{0,9}}>      # <cite id="2"/>
  | <(?P<tag>cite|ref|citation|source|doc)\b[^<>\n]{{0,120}}>
        \s{{0,2}}(?:\[?(?:{_NAMED}|{SOURCE_NUMBERS})\]?)?\s{{0,2}}</(?P=tag)>
  | <(?:doc|source|ref|cite)\s[^<>\n]{{0,40}}=[^<>\n]{{1,60}}>(?!\s?(?:\w|</))
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A mark that gives the number of what it points to, e.g. `[1]`, `【4:0†source】`, `(see Source 2)`."""

_SUPERSCRIPT = re.compile(
    r"(?:(?<=[^\W\d_]{3})|(?<=\b[A-Z]{2})|(?<=[.!?”\"’)\s])|(?<=\b1[5-9]\d\d)|(?<=\b20\d\d))"
    r"[¹²³⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹]?(?:[,·]\s?[¹²³⁴⁵⁶⁷⁸⁹]){0,5}(?![\w⁰¹²³⁴⁵⁶⁷⁸⁹])"
)
"""Superscript digits after a word, a year or a sentence, e.g. `October 2023¹`; not after a unit, as in `km²`."""

_SUPERSCRIPT_AFTER_NUMBER = re.compile(
    r"(?:(?<=\d{3})|(?<=\.\d)|(?<=\.\d\d)|(?<=%))[¹²³⁴⁵⁶⁷⁸⁹](?=[.!?,;:)]{0,2}(?:\s|$))"
)
"""A superscript digit after a long number, e.g. `version 6.14.0¹`: a mark where the text has others, else a power."""

_UNIT = re.compile(r"(?<![^\W\d_])(?:[kcdm]?m|ft|in|yd|mi|sq|ha|cm)\s?$", re.IGNORECASE)
"""A unit that may be squared, e.g. `km`."""

_LEAD = re.compile(
    rf"""
    (?:(?<=[.!?:;]\s)|(?<=\n)|^)[ \t>*_-]{{0,8}}
    (?:according\sto|based\son|as\s(?:stated|described|mentioned|noted|shown)\s(?:in|by)|as\sper|per|in|from
        |laut|gemäß|selon|d['’]après|según|secondo|volgens)\s(?:the\s)?
    (?:\[{{1,2}}(?:{_NAMED}|{SOURCE_NUMBERS})\]{{1,2}}|【[^】\n]{{1,40}}】|\(?{_NAMED}\)?)\s{{0,2}},
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A source named before the statement, e.g. `According to passage 2,`."""

_BEFORE_LEAD = re.compile(r"[.!?:;]\s|\n")
"""What stands before one, e.g. `. `, unless it begins the text. Looking for it first keeps long sentences cheap."""

_DIGITS = re.compile(r"\d{1,3}")
"""The number of a source, e.g. `12`."""

_OPENING = re.compile(r"[\[(【<{^\\［〔（]")
"""What a mark begins with, e.g. `[`. Looking for it first keeps texts without marks cheap."""

_RAISED = "¹²³⁴⁵⁶⁷⁸⁹"


class CitationMark(NamedTuple):
    """One mark: where it stands, and the numbers of the sources it points to; none where it names them otherwise."""

    start: int
    end: int
    sources: tuple[int, ...]

    @property
    def range(self) -> tuple[int, int]:
        """Where it stands."""
        return self.start, self.end


def citation_marks(text: str) -> list[CitationMark]:
    """The citation marks of a text, in order."""
    marks = []
    read = 0
    for opening in _OPENING.finditer(text):
        match = _MARK.match(text, opening.start()) if opening.start() >= read else None
        if match:
            marks.append(_mark(match))
            read = match.end()
    if "(" in text:
        marks += [CitationMark(*mark) for mark in round_marks(text)]
    if any(map(text.__contains__, _RAISED)):
        marks += _superscripts(text)
    return sorted(marks)


def _superscripts(text: str) -> list[CitationMark]:
    raised = [
        match
        for match in _SUPERSCRIPT.finditer(text)
        if not _UNIT.search(text, max(0, match.start() - 4), match.start())
    ]
    if raised:
        places = {match.start() for match in raised}
        raised += [match for match in _SUPERSCRIPT_AFTER_NUMBER.finditer(text) if match.start() not in places]
    return list(_in_order(sorted(raised, key=re.Match.start)))


def _in_order(raised: list[re.Match[str]]) -> Iterator[CitationMark]:
    """The marks without powers: after a number, a mark is the next one or one of before: `123² exactly. See note.¹`."""
    most = 0
    for match in raised:
        numbers = _superscript_numbers(match.group())
        if match.re is _SUPERSCRIPT_AFTER_NUMBER and max(numbers, default=0) > most + 1:
            continue
        most = max(most, *numbers, 0)
        yield CitationMark(*match.span(), numbers)


def _mark(match: re.Match[str]) -> CitationMark:
    written = match.group()
    body = written.partition("†")[0].partition(":")[0] if written.startswith("【") else written
    body = re.sub(r"<[^<>]*>", "", body) if written.startswith("<") else body
    sources = () if "^" in written else tuple(_numbers(body))
    return CitationMark(*match.span(), sources)


def _numbers(body: str) -> Iterator[int]:
    """The numbers of a mark's sources; of `2–4` only the ends, as no other must exist for it to be right."""
    # What follows a page sign is no source: `[doc 2, p. 14]`.
    for match in _DIGITS.finditer(
        re.split(r"(?:\bp{1,2}|pages?|§|sec|lines?)\.?\s{0,2}\d", body, flags=re.IGNORECASE)[0]
    ):
        yield int(match.group())


def _superscript_numbers(written: str) -> tuple[int, ...]:
    plain = written.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    return tuple(int(number) for number in _DIGITS.findall(plain))


def leads(text: str) -> Iterator[tuple[int, int]]:
    """Sources named before a statement, with their comma."""
    if not any(map(text.__contains__, "0123456789")):
        return
    done = 0
    for start in (0, *(before.end() for before in _BEFORE_LEAD.finditer(text))):
        match = _LEAD.match(text, start) if start >= done else None
        if match is not None:
            done = match.end()
            yield match.span()
