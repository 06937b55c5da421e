"""The list of sources at the end of an answer, and the definitions of footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.form.named_marks import ADDRESS, FILE
from assay.judges.text.form.predicates import FINITE_VERB, has_predicate
from assay.judges.text.form.topics import names_document

_HEAD = re.compile(
    r"(?:<[a-z][^<>\n]{0,60}>|[^\w\n<]){0,12}(?:(?:list\sof|relevant|source|cited|supporting"
    r"|used)\s)?(?P<head>sources?|references?|citations?|footnotes?|endnotes?"
    r"|further\sreading|bibliography|works\scited|documents?|passages?|links|notes"
    r"|quellen?|quellenangaben|literatur|einzelnachweise|fuentes?|referencias|références|réferences|bibliographie"
    r"|fonti|fonte|fontes"
    r"|referências|riferimenti|bronn?en|bron|referenties|källor|referenser|kilder|kilde|referanser|lähteet"
    r"|źródł[ao]|zdroje?"
    r"|források|kaynaklar|kaynakça|kaynak|источники?|литература|джерела|πηγές|nguồn|sumber|المصادر|المراجع|מקורות"
    r"|स्रोत|출처|참고\s?문헌|참고\s?자료"
    r"|参考文献|参考资料|參考資料|出典|引用元|来源|來源|資料来源|资料来源)"
    r"(?:\s(?:used|cited|consulted))?[ \t*_)\]]{0,4}(?:(?P<colon>[:：]|\s[–—-]{1,2}(?=\s))(?P<rest>[^\n]*)"
    r"|</summary>|[ \t#*_-]*)",
    re.IGNORECASE,
)
"""The line a list of sources begins with, e.g. `**Sources:**`, `## References`, `Source: handbook.pdf, p. 12`."""

_POINTER = re.compile(
    r"[^\w\n]{0,12}(?:(?:retrieved|taken|adapted|accessed|cited)\sfrom|read\smore|learn\smore"
    r"|more\sinfo(?:rmation)?|based\son|see\salso"
    r"|for\smore(?:\s\w+){0,2},?\s(?:please\s)?(?:see|visit|read|go\sto)|mehr\sdazu|weitere\sinformationen"
    r"|en\ssavoir\splus|más\sinformación)"
    r"(?P<colon>[:：]?)(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
"""A last line that only points on, e.g. `Retrieved from https://example.org`, `Learn more: faq.md`."""

_ENTRY = re.compile(
    r"[ \t>]{0,8}(?:[-*+•–—|]\s?|\(?\d{1,3}[.)]\s?|\[\^?[\w-]{1,12}\]:?\s?|【[^】\n]{1,40}】\s?|<?https?://|www\."
    r"|[¹²³⁴⁵⁶⁷⁸⁹]\s?)"
)
"""The start of an entry, e.g. `- `, `2. `, `[1] `, `https://`."""

_DEFINITION = re.compile(
    r"[ \t>]{0,8}(?:[-*+]\s)?(?:\[\^?[\w-]{1,12}\](?!\()|\^\d{1,3}|[¹²³⁴⁵⁶⁷⁸⁹]|【\d{1,3}】):?\s{0,4}\S"
)
"""An entry that defines a mark, e.g. `[1]: https://example.org`, `¹ handbook.pdf`."""

_TITLE = re.compile(
    r"\W*(?:\d{1,3}[.)\]:]\W*)?(?:[^\W\d_a-z]|[\"“«‘])[^\n]*[^\W_]\s+[\w\W]*"
    r"|\W*\d{1,3}\W+[\u3040-\u9fff\uac00-\ud7af][^\n。]*"
)
"""An entry that reads as the title of a document: a capital first, and two words, e.g. `1. Travel Policy`."""

_LOOKS_LIKE_SOURCE = re.compile(
    rf"{ADDRESS}|{FILE}|\b(?:pp?|págs?|стр)\.\s?\d|\bpages?\s\d|\b[SsСс]\.\s?\d|§|\b(?:section|abschnitt"
    rf"|chapter)\s\d|\bdoi\b|\bisbn\b"
    r"|第?\d{1,4}(?:页|頁|ページ|쪽)|\b(?-i:[A-Z]{2,10})-\d{1,8}\b"
    r"|^\W*(?:docs?|documents?|sources?|passages?|chunks?|contexts?|excerpts?|articles?)[\s#_:-]{0,3}\d|\]\("
    r"|^\W*(?:\d{1,3}\W+)?[^\W\d_][\w'’-]{1,30},?\s(?:[^\W\d_]\.\s?){1,3}|^\W*[\d\s,;.)(\[\]–-]{1,80}$",
    re.IGNORECASE,
)
"""What only the name of a source has, e.g. `.pdf`, `p. 12`, `https://`, `Document 3`, `Smith, J.`."""

_QUESTION = re.compile(r"\W*(?:\d{1,3}\W+)?(?:how|what|why|when|where|who|which)\b[^:.!]*$", re.IGNORECASE)
"""A title that asks, e.g. `1. How the bridge was built`."""

_FOOTNOTE = re.compile(r"(?:^|(?<=\n))[ \t]{0,4}\[\^[\w-]{1,12}\]:[^\n]{0,300}")
"""What a footnote's mark stands for, e.g. `[^1]: handbook.pdf`."""

MOST_ENTRIES = 20
LONGEST_ENTRY = 300
"""Characters of an entry; a longer line tells something."""


_WEAK_HEAD = re.compile(r"(?:documents?|passages?|links|notes|citations?|documenti|documentos)", re.IGNORECASE)
"""A head that may begin a list of its own, e.g. `Documents` of what to bring, `Notes`."""

_NUMBERED_ENTRY = re.compile(r"[ \t>]{0,8}(?:[-*+]\s)?(?:\[\^?|\(|【)?(?P<number>\d{1,3}|[¹²³⁴⁵⁶⁷⁸⁹])(?:[\].)】:]|\s)")
"""The number of an entry, e.g. `[1] `, `2. `."""


def source_lists(text: str) -> Iterator[tuple[int, int]]:
    """Ranges of lists of sources at the end of the text, and of footnotes, which may stand anywhere."""
    if "[^" in text:
        for match in _FOOTNOTE.finditer(text):
            if _names_source(match.group()) or (names_document(match.group()) and not _tells(match.group())):
                yield match.span()
    lines = _before_courtesies(text, _lines(text))
    if not lines:
        return
    last = lines[-1][1]
    for number in range(len(lines) - 1, max(-1, len(lines) - MOST_ENTRIES - 6), -1):
        start, end = lines[number]
        head = _HEAD.fullmatch(text, start, end) or _POINTER.fullmatch(text, start, end)
        if head and _is_list(text, head, lines[number + 1 :]):
            yield start, last
            return
    yield from _definitions(text, lines)


def _before_courtesies(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The lines up to the last one that is no courtesy: `Let me know if …` may follow a list."""
    kept = list(lines)
    for start, end in reversed(lines[-3:]):
        line = text[start:end]
        if any(map(str.isalnum, line)) and not is_courtesy(line):
            break
        kept.pop()
    return kept


def _definitions(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The last lines without a head of their own that say what marks stand for."""
    for start, end in reversed(lines[-MOST_ENTRIES:]):
        line = text[start:end]
        if not (_DEFINITION.match(line) and len(line) <= LONGEST_ENTRY and _names_source(line)):
            return
        yield start, end


def _is_list(text: str, head: re.Match[str], following: list[tuple[int, int]]) -> bool:
    """Whether the rest of the head's line and all lines after it only name sources."""
    rest = (head.group("rest") or "").strip(" *_)]")
    entries = [text[start:end] for start, end in following if any(map(str.isalnum, text[start:end]))]
    if rest and not _names_source(rest) and not (names_document(rest) and not _tells(rest)):
        return False
    if not rest and not entries:
        return False
    if len(entries) > MOST_ENTRIES or any(len(entry) > LONGEST_ENTRY for entry in entries):
        return False
    named = [_names_source(entry) for entry in entries]
    if head.re is _POINTER:
        return all(named)
    weak = _WEAK_HEAD.fullmatch(head.group("head")) is not None and any(not names for names in named)
    cited = not weak and _are_cited(text[: head.start()], entries)
    return all(
        names or _is_entry(entry, among_sources=any(named), cited=cited)
        for names, entry in zip(named, entries, strict=True)
    )


def _are_cited(before: str, entries: list[str]) -> bool:
    """Whether the entries have numbers, and the text before has a mark with one of them: then they are its sources."""
    numbers = {match.group("number") for entry in entries if (match := _NUMBERED_ENTRY.match(entry))}
    marks = re.findall(r"[\[【(]\^?(\d{1,3})(?=[\]】),:])|([¹²³⁴⁵⁶⁷⁸⁹])", before)
    return not numbers.isdisjoint(number for mark in marks for number in mark if number)


def _is_entry(line: str, *, among_sources: bool, cited: bool) -> bool:
    """Whether a line without the looks of a source is one by its place: a title, or the header of a table."""
    if _tells(line) or not _ENTRY.match(line):
        return "</" in line or (line.lstrip().startswith("<") and not _tells(line))
    if among_sources and line.lstrip().startswith("|"):
        return True
    # `Sources:` may be those of vitamins or of income: `- Citrus Fruits`.
    known = cited or among_sources or names_document(line) or _QUESTION.match(line) is not None
    return known and _TITLE.fullmatch(line) is not None


def _names_source(line: str) -> bool:
    return _LOOKS_LIKE_SOURCE.search(line) is not None and not _tells(line)


def _tells(line: str) -> bool:
    """Whether the line is a sentence: it has a verb outside of addresses and titles in quotation marks."""
    bare = re.sub(r"https?://\S+|[\"“«‘][^\"”»’]{0,200}[\"”»’]|\[[^\]]{0,200}\]\([^)]{0,500}\)", " ", line)
    if FINITE_VERB.search(bare) is None and not has_predicate(bare):
        return False
    return _QUESTION.match(bare) is None


def _lines(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"[^\n]+", text)]
