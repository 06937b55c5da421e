"""Marks that name their source instead of numbering it, e.g. `[handbook.pdf, p. 3]`, `(Source: Travel Policy)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.headings import FINITE_VERB
from assay.judges.text.form.marks import PLACE, SOURCE_WORD, CitationMark

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

_LABELLED = re.compile(rf"\W{{0,3}}{SOURCE_WORD}\s{{0,2}}[:：=]\s{{0,2}}\S", re.IGNORECASE)
"""A name after a word for a source, e.g. `Source: Travel Policy`."""

FILE_OR_ADDRESS = re.compile(
    rf"\W{{0,3}}(?:\d{{1,3}}:\s)?(?:(?:see|via|from|cf\.?)\s)?(?:[\w .&'’/+-]{{0,100}}{FILE}|{ADDRESS})"
    rf"(?:[,;:#]?\s{{0,2}}(?:{PLACE}|L?\d{{1,5}}(?:-L?\d{{1,5}})?))?\W{{0,3}}",
    re.IGNORECASE,
)
"""A file or an address and perhaps a place in it, e.g. `handbook.pdf, p. 3`."""

_TITLE_AND_PLACE = re.compile(
    rf"(?:(?:see|cf\.?|siehe|vgl\.?|voir|ver)\s(?:the\s)?[^\d,;:]{{0,60}},?\s?|(?-i:[A-ZÀ-Þ])[^\d,;:]{{2,60}},\s?|[^\d,;:]{{2,60}}\s(?=§))?{PLACE}",
    re.IGNORECASE,
)
"""A title with a place in it, or the place alone, e.g. `Travel Policy, section 4.2`, `see § 4`."""

_SECTION_ALONE = re.compile(r"\s*(?:sec|ch|para|art|abschnitt)", re.IGNORECASE)
"""A place that may be what a sentence is about, e.g. `Article 5`: it is a mark in square brackets only."""

_ET_AL = re.compile(
    r"[^\W\d_][\w'’-]{1,30}\set\sal\.?,?\s\(?\d{4}[a-z]?\)?(?:[;,]\s?[^;\d]{2,60}\d{4}[a-z]?|,?\s{0,2}p{1,2}\.\s?\d{1,4}){0,6}"
)
"""Authors and a year, where they can be nothing else, e.g. `Smith et al., 2020`."""

_IDENTIFIER = re.compile(
    r"(?:[SPDCRE]\d{1,3}|(?:KB|DOC|REF|SRC|FAQ|SOP)[-_ ]?\d{1,6}"
    r"|(?:id|file|chunk|node|doc|web|cite|search)(?:_id)?\s?[:=_#]\s?[\w-]{1,40}"
    r"|cite_start|citation\sneeded|\d{1,2}[a-z]|[†‡*]{1,3}|note\s\w{1,2})",
    re.IGNORECASE,
)
"""The identifier of a passage in square brackets, e.g. `S1`, `KB-1234`, `id: 3`."""

_TOKENS = re.compile(
    r"[\ue200\[【]?(?:file)?cite[\ue202]?(?:\ue202?turn\d{1,3}[a-z]{3,10}\d{1,3}){1,12}[\ue201\]】]?|[\[【]turn\d{1,3}[a-z]{3,10}\d{1,3}[\]】]"
    r"|\\(?:cite[pt]?|citep|autocite|parencite|footnotemark)\*?(?:\[[^\[\]\n]{0,40}\])?\{[^{}\n]{0,80}\}"
    r"|<https?://[^<>\s]{1,500}>|(?<=[\w.!?])[†‡]{1,3}(?!\w)"
)
"""Marks of a product's own, e.g. `\\cite{smith2020}`, `[turn0search1]`, `<https://example.org>`."""


def named_marks(text: str) -> Iterator[CitationMark]:
    """The marks that name their source. They point to no number."""
    for match in _BRACKETED.finditer(text):
        if _is_mark(match):
            yield CitationMark(*match.span(), ())
    for match in _TOKENS.finditer(text):
        yield CitationMark(*match.span(), ())


def _is_mark(match: re.Match[str]) -> bool:
    """Whether what stands in the brackets names a source and states nothing."""
    square = match.group("square") or match.group("lens")
    inside = (square or match.group("round")).strip(" `*_")
    if square and _IDENTIFIER.fullmatch(inside):
        return True
    if FILE_OR_ADDRESS.fullmatch(inside) or _ET_AL.fullmatch(inside):
        return True
    if _LABELLED.match(inside):
        return FINITE_VERB.search(inside) is None
    if _TITLE_AND_PLACE.fullmatch(inside):
        return FINITE_VERB.search(inside) is None and not (not square and _SECTION_ALONE.match(inside))
    return False
