"""What a title names: nothing new, a document, or more than that."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from assay.judges.text.words import STOP_WORDS, word_set

_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]*")
"""A word of a title, e.g. `Opening`."""

_NO_SPACES = re.compile(r"[\u3040-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
"""A letter of a script that writes sentences in few words, e.g. `語`."""

_CAPITAL = re.compile(r"[^\W\d_a-zß-ÿ]")
"""A capital letter, e.g. `N`."""

_TITLE_WORDS = word_set("""
overview introduction background summary conclusion conclusions abstract details detail answer answers response
explanation example examples notes note information info analysis context results result findings finding discussion
features feature benefits benefit advantages disadvantages pros cons steps step instructions requirements process
procedure method methods guide tips tip options option types type key main points point facts fact important quick
general additional further other more common frequently asked questions question definition description purpose scope
history timeline events early late life career education work legacy biography family personal person awards works
location price prices pricing cost fees fee opening hours contact support policy policies terms conditions eligibility
application documents sources references links resources materials ingredients directions preparation equipment usage
use uses installation setup configuration troubleshooting maintenance safety warnings warning side effects dosage
treatment symptoms causes cause effects effect impact role structure components parts size length dates date time
duration schedule deadline payment shipping delivery returns refund refunds warranty exceptions limitations next
final thoughts takeaways takeaway highlights recommendations recommendation advice best practices practice
considerations submission review approval planning design construction development production
""")
"""Words of titles that name a part of a text, e.g. `overview`."""

_NOUN_ENDING = re.compile(
    r"[^\W\d_]{3,}(?:tions?|sions?|ments?|ness|ities|ity|ings?|ances?|ences?|ships?|ages?|isms?|ies|ics|hood)"
)
"""A noun by its ending, which no name has often, e.g. `Submission`."""

_MOST_NEW_WORDS = 2
"""Words of a title that its section does not repeat. With more it is read as a sentence: `Paris beats London`."""


_BLOCK = 1500
"""Characters of the stretches whose words are counted once for all titles in them."""


def section(text: str, position: int) -> str:
    """What stands around a title and below it. Titles near each other share it, so that it is read once."""
    first = position // _BLOCK * _BLOCK
    return text[first : first + 3 * _BLOCK]


@lru_cache(maxsize=64)
def _beginnings(stretch: str) -> tuple[Counter[str], frozenset[str]]:
    """How often each beginning of a word stands in a stretch, and the beginnings of words in small letters."""
    words = _WORD.findall(stretch)
    return Counter(word[:4].lower() for word in words), frozenset(word[:4] for word in words if word.islower())


def new_words(title: str, around: str) -> int:
    """How many words of a title neither name a part of a text nor stand elsewhere around it."""
    words = [word for word in map(str.lower, _WORD.findall(title)) if word not in STOP_WORDS]
    unusual = [word for word in words if word not in _TITLE_WORDS]
    if not unusual or not around:
        return len(unusual)
    counted, _ = _beginnings(around)
    own = Counter(word[:4] for word in map(str.lower, _WORD.findall(title)))
    return sum(_weight(word, title, around) for word in unusual if counted[word[:4]] <= own[word[:4]])


def says_much(title: str, around: str) -> bool:
    """Whether a title has more words of its own than a noun with its adjective has."""
    return new_words(title, around) > _MOST_NEW_WORDS


def may_be_name(title: str, around: str) -> bool:
    """Whether a title may be a name, which what is below it needs: one the text has in small letters is none."""
    words = [word for word in _WORD.findall(title) if word.lower() not in STOP_WORDS]
    others = [word for word in words if word.lower() not in _TITLE_WORDS and not _NOUN_ENDING.fullmatch(word.lower())]
    if not others or not all(map(_CAPITAL.match, words)):
        return False
    _, small = _beginnings(around)
    return not any(word[:4].lower() in small for word in others)


def _weight(word: str, title: str, around: str) -> int:
    """How many words a word counts for: a script without spaces has several in one."""
    if not _NO_SPACES.search(word):
        return 1
    pairs = [word[place : place + 2] for place in range(len(word) - 1)]
    return sum(around.count(pair) <= title.count(pair) for pair in pairs) // 2


_DOCUMENT = re.compile(
    r"\b(?:hand ?books?|manuals?|polic(?:y|ies)|guides?|guidelines?|reports?|faqs?|regulations?|statutes?"
    r"|whitepapers?|brochures?"
    r"|leaflets?|articles?|journals?|proceedings|encyclop\w{2,12}|wikipedia|wiki|britannica|website|web ?page"
    r"|blog|newspaper"
    r"|magazine|press|university|database|dataset|catalogu?e|factsheets?|datasheets?|docs|documentation|knowledge ?base"
    r"|terms|glossary|appendix|chapter|edition|vol|times|post|news|reuters|bbc|handbuch|richtlinien?|leitfaden|bericht"
    r"|anleitung|manual\w{0,2}|manuel|rapport|règlement|guía|informe|reglamento|relazione|manuale|relatório|handleiding"
    r"|håndbog|příručka|prirucka|справочник|руководство|отч[её]т)\b"
    r"|手册|手冊|指南|報告|报告|政策|文档|文件|資料|资料|ハンドブック|マニュアル|ガイド|핸드북|가이드|매뉴얼|문서|دليل|تقرير",
    re.IGNORECASE,
)
"""A word for a document, e.g. `Handbook`."""


def names_document(title: str) -> bool:
    """Whether a title has a word for a document, a year as titles have, or authors."""
    return _DOCUMENT.search(title) is not None or _DATED.search(title) is not None


_DATED = re.compile(r"\((?:1[89]|20)\d\d[a-z]?\)|[^\W\d_]\s(?:1[89]|20)\d\d\W*$")
"""The year of a title, e.g. `(2019)`."""
