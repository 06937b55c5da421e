"""The citation marks of an answer that point to a source by its number, with the numbers of sources alone.

`[1, section 33]` has one number of a source and one of a place in it. A source may also be named within the sentence:
`According to passage 9, …`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form import CitationMark, citation_marks

_NUMBER = re.compile(r"(?P<word>[^\W\d_]{1,30}|§{1,2})?[\s.#_:/-]{0,3}(?P<number>\d{1,4})")
"""A number in a mark with the word it belongs to, e.g. `section 4`."""

_AND = frozenset({"and", "und", "et", "y", "e", "en", "och", "og", "to", "or", "bis", "à", "a", "и", "i"})

_RAISED_BRACKETS = re.compile(r"\^\\?\[(?P<numbers>\s?\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,9})\s?\\?\]\^")
"""A raised number in brackets, e.g. `^[9]^`."""

_LABELLED = re.compile(
    r"[(（\[【]\s?(?:来源|來源|出典|資料|资料|sources?|quellen?|fuentes?|fonti?|fontes?|bron|źródło|источник)\s?[：:]\s?"
    r"(?:文档|文檔|文書|文献|资料|資料|documents?|docs?|dokumente?|documentos?|documenti?|passages?|документ)\s?#?"
    r"(?P<number>\d{1,3})\s?[)）\]】]",
    re.IGNORECASE,
)
"""A mark that labels its source, e.g. `（来源：文档7）`."""

_IN_SENTENCE = re.compile(
    r"(?:\b(?:according\s{1,3}to|based\s{1,3}on|as\s{1,3}per|as\s{1,3}(?:stated|described|mentioned|noted|shown|explained"
    r"|reported)\s{1,3}(?:in|by)|laut|gemäß|selon|d['’]après|según|secondo|segundo|volgens|enligt|według|согласно)"
    r"\s{1,3}(?:(?:the|le|el|il|o|dem|der)\s{1,3})?"
    r"(?:passage|document|doc|source|context|chunk|excerpt|snippet|dokument|quelle|documento|fuente|fonte|bron"
    r"|dokumentu|документу|источнику)\s{0,2}#?|(?:根据|根據|按照)\s?(?:文档|文檔|资料|資料)\s?)"
    r"(?P<number>\d{1,3})(?![\w%]|[.:]\d|\s{1,2}of\b)",
    re.IGNORECASE,
)
"""A source named in the sentence, e.g. `According to passage 9`."""

_SOURCE_WORDS = (
    *(
        "passage",
        "passages",
        "document",
        "documents",
        "doc",
        "docs",
        "source",
        "context",
        "chunk",
        "excerpt",
        "snippet",
    ),
    *(
        "dokument",
        "dokumente",
        "dokumentu",
        "quelle",
        "documento",
        "documentos",
        "documenti",
        "fuente",
        "fonte",
        "bron",
    ),
)
"""The words in ASCII that both patterns have before a number, e.g. `passage`."""

_NUMBER_START = re.compile(r"(?<!\d)\d")
"""Where a number begins, e.g. the 9 of `passage 9`."""

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_AFTER_WORD = re.compile(r"[^\W\d_]{3}[.,;:!?)\"”’]{0,2}\Z")
"""A word before a raised number, e.g. `allowed`. After a number it may be a power."""


def numbered_marks(text: str) -> list[CitationMark]:
    """The marks that point to sources by number, in order, each with the numbers of the sources alone."""
    marks = [_with_sources(text, mark) for mark in citation_marks(text)]
    kept = [mark for mark in marks if mark.sources and not _is_bare(text, mark)]
    taken = {mark.range for mark in kept}
    return sorted([*kept, *(mark for mark in _named(text) if mark.range not in taken), *_raised(text, marks)])


def _named(text: str) -> Iterator[CitationMark]:
    """The sources that a label or the sentence names."""
    if text.isascii() and not any(_ends_in_source_word(text, digit.start()) for digit in _NUMBER_START.finditer(text)):
        return
    for pattern in (_LABELLED, _IN_SENTENCE):
        for match in pattern.finditer(text):
            yield CitationMark(*match.span(), (int(match.group("number")),))


def _ends_in_source_word(text: str, end: int) -> bool:
    """Whether what stands before a number is a word for a source, as both patterns want it. It costs little to ask."""
    return text[max(0, end - 15) : end].rstrip("# \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f").lower().endswith(_SOURCE_WORDS)


def _with_sources(text: str, mark: CitationMark) -> CitationMark:
    """The mark without the numbers of places: `[doc 1, chunk 33]` points to source 1."""
    written = text[mark.start : mark.end]
    raised = _RAISED_BRACKETS.fullmatch(written)
    if raised:
        return mark._replace(sources=tuple(map(int, re.findall(r"\d+", raised.group("numbers")))))
    if len(mark.sources) < 2 or written[0] not in "[(（［〔{":
        return mark
    return mark._replace(sources=tuple(number for number in _of_sources(written) if number in mark.sources))


def _of_sources(written: str) -> Iterator[int]:
    """The numbers of a mark up to the first that a word other than that of its sources stands before."""
    kind = None
    for number, match in enumerate(_NUMBER.finditer(written)):
        word = (match.group("word") or "").lower()
        word = word.removesuffix("s") or word
        if number == 0:
            kind = word
        elif word and word not in _AND and word != kind:
            return
        yield int(match.group("number"))


def _is_bare(text: str, mark: CitationMark) -> bool:
    """Whether the mark is a number in round brackets, or raised: it may be something else than a mark."""
    written = text[mark.start : mark.end]
    return written[0] not in "[【［〔\\^" and not written.startswith("{{") and not any(map(str.isalpha, written))


def _raised(text: str, marks: list[CitationMark]) -> Iterator[CitationMark]:
    """Raised numbers where one of them stands after a word, as no power does."""
    raised = [mark for mark in marks if mark.sources and text[mark.start] in _RAISED]
    if any(_AFTER_WORD.search(text[max(0, mark.start - 6) : mark.start]) for mark in raised):
        yield from raised
