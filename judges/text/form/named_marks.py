"""Marks that name their source instead of numbering it, e.g. `[handbook.pdf, p. 3]`, `(Source: Travel Policy)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.marks import PLACE, SOURCE_WORD, CitationMark
from assay.judges.text.form.predicates import tells
from assay.judges.text.form.topics import names_document

FILE = r"\.(?:pdf|md|html?|docx?|txt|csv|json|xlsx?|pptx?|ya?ml|xml|rst|eml)\b"
"""What the name of a file ends with, e.g. `.pdf`."""

ADDRESS = r"(?:https?://|www\.)[^\s<>()\[\]]{1,500}|\b(?:[a-z0-9-]{1,40}\.){1,4}(?:com|org|net|edu|gov|io|dev|info|eu|uk|de|fr|es|it|nl|ch)\b(?:/[^\s<>()\[\]]{0,300})?"
"""An address, e.g. `https://example.org/a`, `example.org`."""

_SQUARE = r"[^\[\]［］\n]{1,160}"
_ROUND = r"[^()（）\n]{1,160}"

_BRACKETED = re.compile(
    rf"[\[［]{{1,2}}(?P<square>{_SQUARE})[\]］]{{1,2}}(?!\()|[(（](?P<round>{_ROUND})[)）]|【(?P<lens>[^【】\n]{{1,160}})】"
)
"""What stands in brackets, e.g. `[handbook.pdf]`, `(Source: faq)`."""

_OPENING = re.compile(r"[\[［(（【]")
"""What such a stretch begins with, e.g. `[`. Looking for it first keeps texts without brackets cheap."""

_LABELLED = re.compile(rf"\W{{0,3}}(?P<label>{SOURCE_WORD})\s{{0,2}}[:：=]\s{{0,2}}(?P<named>\S[\s\S]*)", re.IGNORECASE)
"""A name after a word for a source, e.g. `Source: Travel Policy`."""

_ABOUT_A_RESULT = re.compile(r"results?|notes?|evidence|articles?|pages?|contexts?|footnotes?", re.IGNORECASE)
"""A label that may begin a remark instead, e.g. `note` in `(note: children banned)`."""

_NUMBERED = re.compile(rf"{SOURCE_WORD}[\s#_:.-]{{0,3}}\d{{1,4}}(?:,?\s{PLACE})?", re.IGNORECASE)
"""A document with its number, e.g. `doc_17, p. 4`."""

_TITLE_CASE = re.compile(
    r"\W*(?:(?:[^\W\d_a-zß-ÿ][\w.'’&/-]*+|\d[\w.-]*+|of|the|and|for|in|on|to|a|an|de|der|die|des|für|du|la|le|von"
    r"|&|[-–—])[,;]?\s{0,2}){1,12}\W*"
)
"""A title with its words in capitals, e.g. `Terms of Use`. Scripts without capitals have them all."""

FILE_OR_ADDRESS = re.compile(
    rf"\W{{0,3}}(?:\d{{1,3}}:\s)?(?:(?:see|via|from|cf\.?)\s)?(?:[\w .&'’/+-]{{0,100}}{FILE}|{ADDRESS})"
    rf"(?:[,;:#]?\s{{0,2}}(?:{PLACE}|L?\d{{1,5}}(?:-L?\d{{1,5}})?))?\W{{0,3}}",
    re.IGNORECASE,
)
"""A file or an address and perhaps a place in it, e.g. `handbook.pdf, p. 3`."""

_TITLE_AND_PLACE = re.compile(
    rf"(?:(?:see|cf\.?|siehe|vgl\.?|voir|ver)\s(?:the\s)?[^\d,;:]{{0,60}},?\s?|(?-i:[A-ZÀ-Þ])[^\d,;:]{{2,60}},\s?"
    rf"|[^\d,;:]{{2,60}}\s(?=§))?{PLACE}",
    re.IGNORECASE,
)
"""A title with a place in it, or the place alone, e.g. `Travel Policy, section 4.2`, `see § 4`."""

_SECTION_ALONE = re.compile(r"\s*(?:sec|ch|para|art|abschnitt)", re.IGNORECASE)
"""A place that may be what a sentence is about, e.g. `Article 5`: it is a mark in square brackets only."""

_ET_AL = re.compile(
    r"[^\W\d_][\w'’-]{1,30}\set\sal\.?,?\s\(?\d{4}[a-z]?\)?(?:[;,]\s?[^;\d]{2,60}\d{4}[a-z]?"
    r"|,?\s{0,2}p{1,2}\.\s?\d{1,4}){0,6}"
)
"""Authors and a year, where they can be nothing else, e.g. `Smith et al., 2020`."""

_IDENTIFIER = re.compile(
    r"(?:[SPDCRE]\d{1,3}|(?:KB|DOC|REF|SRC|FAQ|SOP|INC)[-_ ]?\d{1,8}|[A-Z]{2,8}-\d{1,6}(?:-\d{1,4})?"
    r"|L\d{1,5}(?:-L?\d{1,5})?"
    r"|(?:id|file|chunk|node|doc|web|cite|search)(?:_id)?\s?[:=_#]\s?[\w-]{1,40}|ctx[-_ ]?\d{1,3}"
    r"|fn?\.?\s?\d{1,3}|n\.?\d{1,3}"
    r"|cite_start|citation\sneeded|sic|emphasis\sadded|\d{1,2}[a-z]|[†‡*]{1,3}|note\s\w{1,2}|\d{1,2}[:#]\d{1,2}"
    r"|\d{1,2}(?::[0-5]\d){1,2}"
    r"|-?@[\w:-]{1,40}(?:,\s?p{1,2}\.\s?\d{1,4})?(?:;\s?@[\w:-]{1,40}){0,6}"
    r"|[A-Za-z]{1,20}\d{0,3}!\$?[A-Z]{1,2}\$?\d{1,5}"
    r"|end(?:\sof\s(?:answer|response|text|output))?)",
    re.IGNORECASE,
)
"""The identifier of a passage in square brackets, e.g. `S1`, `KB-1234`, `id: 3`, `@smith2020`."""

_PART = re.compile(
    r"(?:(?:see|cf\.?|siehe|vgl\.?|voir|ver|zie|см\.)\s(?:the\s)?)?(?:"
    r"(?:figures?|fig\.|tables?|tab\.|slides?|rows?|steps?|chapters?|ch\.|kapitel|appendix|exhibit"
    r"|annex)\s{0,2}(?:\d{1,3}(?:\.\d{1,2})?|[A-Z])"
    r"|(?:excerpt|document|source|passage|doc)\s[A-Z]|ibid\.?(?:,\s?p{1,2}\.\s?\d{1,4})?|(?:op|loc)\.\scit\."
    r"|fn\.?\s?\d{1,3}|n\.\s?\d{1,3}"
    r"|(?:confidence|conf|certainty|score|similarity|relevance)\s?[:=]\s?(?:[01]?\.\d{1,4}|\d{1,3}\s?%"
    r"|(?:very\s)?(?:high|medium|low))"
    r"|(?:§{1,2}|art\.|articles?)\s?\d{1,4}[a-z]?(?:\s(?:abs\.|absatz|satz|para\.|nr\."
    r"|lit\.)\s?[\da-z]{1,3}){1,3}(?:\s(?-i:[A-ZÄÖÜ]{2,6}\w{0,2}))?"
    r"|(?:§{1,2}|art\.)\s?\d{1,4}[a-z]?\s(?-i:[A-ZÄÖÜ]{2,6}\w{0,2}))",
    re.IGNORECASE,
)
"""A part of a source, or how sure its finder was, e.g. `see Figure 3`, `§ 3 Abs. 2 BGB`, `score: 0.82`."""

_AUTHORS = re.compile(
    r"[^\W\d_a-z][\w'’-]{1,30}\s(?:and|&|und|et|y)\s[^\W\d_a-z][\w'’-]{1,30},?\s(?:1[89]"
    r"|20)\d\d[a-z]?(?:,\s?p{1,2}\.\s?\d{1,4})?"
    r"|[^\W\d_a-z][\w'’-]{1,30},?\s(?:1[89]|20)\d\d[a-z]?,\s?p{1,2}\.\s?\d{1,4}"
)
"""Authors and a year, e.g. `Smith & Jones, 2020`. One name may be a town: `London, 1987` stays."""

_TOKENS = re.compile(
    r"[\ue200\[【]?(?:file)?cite[\ue202]?(?:\ue202?turn\d{1,3}[a-z]{3,10}\d{1,3}){1,12}[\ue201\]】]?"
    r"|[\[【]turn\d{1,3}[a-z]{3,10}\d{1,3}[\]】]"
    r"|\\(?:cite[pt]?|citep|autocite|parencite|footnotemark)\*?(?:\[[^\[\]\n]{0,40}\])?\{[^{}\n]{0,80}\}"
    r"|<https?://[^<>\s]{1,500}>|(?<=[\w.!?])[†‡]{1,3}(?!\w)"
    r"|\\(?:ref|footnote|textsuperscript)\{\d{1,2}\}"
    r"|(?:(?<=[^\W\d_]{2})|(?<=[.!?\s])|(?<=\b1[5-9]\d\d)|(?<=\b20\d\d))\$\^\{?\[?\d{1,2}\]?\}?\$"
)
"""Marks of a product's own, e.g. `\\cite{smith2020}`, `[turn0search1]`, `<https://example.org>`."""

_TOKEN_SIGNS = ("turn", "\\", "<http", "†", "‡", "$^")
"""What each of these has: no other text need be searched for them."""


def named_marks(text: str) -> Iterator[CitationMark]:
    """The marks that name their source. They point to no number."""
    read = 0
    for opening in _OPENING.finditer(text):
        match = _BRACKETED.match(text, opening.start()) if opening.start() >= read else None
        if match is not None:
            read = match.end()
            if _is_mark(match):
                yield CitationMark(*match.span(), ())
    for match in _TOKENS.finditer(text) if any(map(text.__contains__, _TOKEN_SIGNS)) else ():
        yield CitationMark(*match.span(), ())


def _is_mark(match: re.Match[str]) -> bool:
    """Whether what stands in the brackets names a source and states nothing."""
    square = match.group("square") or match.group("lens")
    inside = (square or match.group("round")).strip(" `*_~📄🔗")
    if square and _IDENTIFIER.fullmatch(inside):
        return True
    if any(shape.fullmatch(inside) for shape in (FILE_OR_ADDRESS, _ET_AL, _PART, _AUTHORS)):
        return True
    labelled = _LABELLED.match(inside)
    if labelled:
        return _labels_source(labelled) and not tells(inside)
    if _TITLE_AND_PLACE.fullmatch(inside):
        return not tells(inside) and not (not square and _SECTION_ALONE.match(inside))
    return False


def _labels_source(labelled: re.Match[str]) -> bool:
    """Whether a document stands after the label: `(source: mafia money)` and `(note: children banned)` say more."""
    named = labelled.group("named")
    shapes = (FILE_OR_ADDRESS, _NUMBERED, _TITLE_AND_PLACE)
    if names_document(named) or any(shape.fullmatch(named) for shape in shapes):
        return True
    return _TITLE_CASE.fullmatch(named) is not None and not _ABOUT_A_RESULT.fullmatch(labelled.group("label"))
