"""Numbering and labels: what orders a text and states nothing.

A number or a letter is one of a list only where its neighbour stands in the text too: `42. That is the answer.` and
`A. Einstein was born in Ulm.` are no lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.text.form.line_starts import at_line_starts

_START = r"(?:^|(?<=[\n\r\x0b\x0c\x85\u2028\u2029]))"
_LEAD = rf"{_START}[ \t>]{{0,12}}(?:[-*+•‣◦▪–—·]\s{{1,3}})?(?:\#{{1,6}}\s{{1,3}})?[*_]{{0,3}}"
_STEP = r"(?:step|schritt|étape|etape|paso|passo|stap|krok|adım|steg|trin|vaihe|шаг|part|option)"
_COUNTED = (
    r"(?:question|answer|(?:key\s)?point|tip|fact|reason|item|rule|claim|example|finding|phase|stage|theme"
    r"|takeaway|insight"
    r"|statement|argument|beispiel|regel|punkt|punto|ponto|пункт|no\.|nr\.|n[°º]|q\.?|a)"
)
_ADVERB = (
    r"(?:erstens|zweitens|drittens|viertens|fünftens|sechstens|premièrement|deuxièmement|troisièmement|quatrièmement"
    r"|cinquièmement|enfin|во-первых|во-вторых|в-третьих|أولاً|ثانياً|ثالثاً|رابعاً|خامساً)"
)
_SPELT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)"

_LABEL = re.compile(
    rf"""
    {_LEAD}
    (?P<number>
        {_STEP}\s{{0,2}}(?:\#?\d{{1,2}}(?:\s?(?:of|/|von|sur|de|di|van)\s?\d{{1,2}})?|{_SPELT})
            (?:[*_]{{0,3}}\s{{0,2}}[:.)–—-]|[*_]{{0,3}}(?=\s+[*_"“]{{0,3}}(?-i:[A-ZÀ-ÞА-Я])))   # Step 3 of 5 -
      | [\[(]{_STEP}\s{{0,2}}\d{{1,2}}[\])](?=\s+\S)                                      # [Step 1]
      | \d{{1,2}}(?:er|re|ère|e|ème)\s(?:point|étape)\s?: | {_ADVERB}\s?[:,](?=\s)          # 2e point :
      | {_COUNTED}\s{{0,2}}\#?\d{{1,2}}[*_]{{0,3}}\s{{0,2}}[:.)](?=[\s*_])                # Question 2.
      | (?:(?:final|short|direct|quick)\s)?(?:answer|response|reply|summary|tl;?dr|conclusion|assistant|antwort
          |réponse
            |respuesta|risposta|resposta|svar|q|a)[*_]{{0,3}}\s?:[*_]{{0,3}}(?=\s+\S)            # Answer:
      | (?:回答|答案|答え)[:：]
      | \d\ufe0f?\u20e3                                                                # 1️⃣
      | 第[0-9一二三四五六七八九十]{{1,3}}[步章节條条項项]?[:：、]?
      | (?:步骤|步驟|ステップ|手順|단계)\s?\d{{1,2}}\s?[:：.、] | \d{{1,2}}단계\s?[:：.]
      | [①-⒛⓪➀-➓❶-❿㈠-㈩㊀-㊉]
      | \[[ xX✓✔]\](?=\s+\S)                                                         # [x]
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A label that says by itself that it orders, at the start of a line, e.g. `Step 3: `, `Answer: yes`."""

_NUMBERED = re.compile(
    rf"""
    {_LEAD}
    (?:
        (?P<plain>\(?\d{{1,3}}\.?\)(?=[\s*_]) | \d{{1,3}}\\?\.(?=[\s*_])      # 2.  (3)  1.)
        | （\d{{1,2}}）(?=\S) | \d{{1,2}}[、．](?=\S))                       # （1）  1、
      | (?P<square>[\[<{{]\d{{1,2}}[\]>}}](?=\s+\S))                        # [2]  <2>
      | (?P<share>\(\d{{1,2}}/\d{{1,2}}\):?|\d{{1,2}}/\d{{1,2}}:)(?=\s)  # (1/4)  1/4:
      | (?P<section>\(?\d{{1,3}}(?:\.\d{{1,2}}){{1,3}}(?:[.)](?=[\s*_])|(?=\s+[A-ZÀ-ÞА-Я][a-zß-ÿа-я])))   # 1.2. Title
      | (?P<letter>\(?(?:[a-zA-Z]|[ivx]{{1,5}}|[IVX]{{1,5}})[.)](?=[\s*_]))    # a)  iv.
      | (?P<loose>[\#№§]?\d{{1,2}}(?:\s?[-–—:/>]|\.?[º°])?(?=\s))             # 1 -  2:  #3
    )
    """,
    re.VERBOSE,
)
"""A number or a letter at the start of a line, which may be one of a list, e.g. `2. `, `(3) `, `b) `."""

_INLINE_STEP = re.compile(rf"(?<!\w){_STEP}\s\d{{1,2}}\s{{0,2}}[-–—:.)]\s", re.IGNORECASE)
"""A numbered step inside a paragraph, e.g. `Step 2 - `."""

_STEP_NUMBER = re.compile(r"\s\d{1,2}\s{0,2}[-–—:.)]\s")
"""What a numbered step inside a paragraph has, e.g. ` 2 - `: nearly no text does, and looking for it costs little."""

_INLINE = re.compile(
    r"(?:(?<=[\s:;,.])|^)(?:\((?P<round>\d{1,2})\)|(?P<half>\d{1,2})\)|(?P<keycap>\d)\ufe0f?\u20e3|(?P<ring>[①-⑳]))"
    r"(?=\s{0,2}[^\s.,;:!?)\]])"
    r"|(?<![^\s])(?P<stop>\d{1,2})\.(?=\s{1,3}[^\W\d_a-z]|\s{1,3}[\"“*'])"
)
"""Numbering inside a paragraph, e.g. `(1) open … (2) choose`, `Here is how: 1. Open it. 2. Choose.`"""

_INLINE_FIRST = re.compile(r"[(\d①-⑳]")
"""What numbering inside a paragraph begins with, e.g. `(`, `2`."""


class _Candidate(NamedTuple):
    """What may number an item: where it and its line start, and the places it may have in a list of some style."""

    start: int
    end: int
    line: int
    places: tuple[tuple[str, int], ...]


def list_numbers(text: str) -> Iterator[tuple[int, int, bool]]:
    """Numbers of list items, as (start, end, whether a dash is to stand there to keep the line an item)."""
    for start, end, line in (*_labels(text), *_listed(text)):
        yield start, end, not text[line:start].strip(" \t>*_")
    for start, end in _inline(text):
        yield start, end, False


def _labels(text: str) -> Iterator[tuple[int, int, int]]:
    for match in at_line_starts(_LABEL, text):
        yield *match.span("number"), match.start()


def _listed(text: str) -> Iterator[tuple[int, int, int]]:
    """The candidates whose neighbour in the same style is there, as (start, end, start of the line)."""
    candidates = [_candidate(match, order) for order, match in enumerate(at_line_starts(_NUMBERED, text))]
    there = {place for candidate in candidates for place in candidate.places}
    for start, end, line, places in candidates:
        first = any(style == "plain" and number <= 1 for style, number in places)
        if first or any({(style, number - 1), (style, number + 1)} & there for style, number in places):
            yield start, end, line


def _candidate(match: re.Match[str], order: int) -> _Candidate:
    style = next(style for style in _STYLES if match.group(style))
    written = match.group(style).strip("()[]{}<>（）#№§、．º°\\. \t-–—:/")
    # Sections run on in many ways (1.1, 1.2, 2.1): two of them in order make a list.
    if style == "letter":
        places = _letter_places(written)
    elif style == "share":
        place, _, total = written.partition("/")
        places = ((f"of {total}", int(place)),)
    else:
        places = ((style, order if style == "section" else int(written)),)
    return _Candidate(*match.span(style), match.start(), places)


_STYLES = ("plain", "square", "share", "section", "letter", "loose")
_ROMAN_LETTERS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi")
_ROMAN = {letters: place for place, letters in enumerate(_ROMAN_LETTERS, 1)}


def _letter_places(letters: str) -> tuple[tuple[str, int], ...]:
    """The places of a letter: `i` is the first of roman numbers or the ninth letter."""
    case, low = ("upper" if letters.isupper() else "lower"), letters.lower()
    letter = [(f"{case} letter", ord(low))] if len(low) == 1 else []
    roman = [(f"{case} roman", _ROMAN[low])] if low in _ROMAN else []
    return (*letter, *roman)


def _inline(text: str) -> Iterator[tuple[int, int]]:
    """Numbers inside a paragraph that run 1, 2, …: two in order at the least."""
    for match in _INLINE_STEP.finditer(text) if _STEP_NUMBER.search(text) else ():
        yield match.span()
    runs: dict[str | None, list[re.Match[str]]] = {}  # one for each style: `(Step 1)` does not begin a list of `(3)`
    for match in _inline_matches(text):
        if match.group("stop") and not _begins_sentence(text, match.start()):
            continue
        number, run = _number(match), runs.get(match.lastgroup, [])
        if number == 1:
            runs[match.lastgroup] = [match]
        elif run and number == len(run) + 1:
            run.append(match)
            yield from (item.span() for item in (run if len(run) == 2 else run[-1:]) if not _begins_line(text, item))


def _inline_matches(text: str) -> Iterator[re.Match[str]]:
    """Matches of `_INLINE`, tried only where a number may begin."""
    done = 0
    for first in _INLINE_FIRST.finditer(text):
        match = _INLINE.match(text, first.start()) if first.start() >= done else None
        if match is not None:
            done = match.end()
            yield match


def _begins_sentence(text: str, position: int) -> bool:
    """Whether what stands before ends a sentence or a line: `See section 1. The next` has no number of a list."""
    before = text[max(0, position - 40) : position].rstrip(" \t\u00a0")
    return not before or before[-1] in "\n.:;!?)"


def _begins_line(text: str, match: re.Match[str]) -> bool:
    """Whether a number with a stop begins its line: then it is one of a list, which keeps its mark."""
    return bool(match.group("stop")) and text[match.start() - 1 : match.start()] in ("", "\n")


def _number(match: re.Match[str]) -> int:
    if match.group("ring"):
        return ord(match.group("ring")) - ord("①") + 1
    return int(match.group("round") or match.group("half") or match.group("keycap") or match.group("stop"))
